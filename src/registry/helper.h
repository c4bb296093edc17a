// Credential helpers: programs of the user's that keep passwords ("docker-credential-pass"), asked over their standard streams.
//
// Source: the protocol of docker-credential-helpers (get, store, erase).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "registry/docker_config.h"

namespace planet::registry {

// A helper may ask a person for a passphrase.
inline constexpr std::chrono::seconds kHelperPatience{120};

// The program, found once: a helper is executed by the path that was judged.
struct Helper {
  std::string path;
};

// `name` ("docker-credential-pass") in `search_path` (PATH), of which only absolute directories count: a program in the directory
// that one happens to stand in is nobody's helper.
// Errors: kNotFound - it is nowhere; kInvalidArgument - `name` is more than a name.
Result<Helper> find_helper(const std::string& name, std::string_view search_path);

// What the helper knows of `server`; nothing if it says that it knows none.
// Errors: kSystem - it failed, did not end in time, or answers with something else. No message shows what it said on
// standard output. It is executed without a shell; its complaints go where ours go.
Result<std::optional<Credentials>> helper_get(const Helper& helper, const std::string& server,
                                              std::chrono::milliseconds limit = kHelperPatience);
Result<> helper_store(const Helper& helper, const std::string& server,
                      const Credentials& credentials,
                      std::chrono::milliseconds limit = kHelperPatience);
Result<> helper_erase(const Helper& helper, const std::string& server,
                      std::chrono::milliseconds limit = kHelperPatience);

// The answer to "get". Errors: kInvalidArgument - not such a document.
Result<Credentials> parse_helper_answer(std::string_view text);

}  // namespace planet::registry
