// The Spec of a container as users of docker expect it: what the request says over what the image says, over the
// defaults. Pure.
//
// Source: docker-run(1); OCI image-spec conversion.md.
#pragma once

#include "base/error.h"
#include "engine/request.h"
#include "oci/image.h"
#include "oci/spec.h"
#include "security/capabilities.h"

namespace planet::engine {

// What is decided outside: who the container is, and which ids it gets.
struct Identity {
  std::string id;
  std::optional<std::uint32_t>
      id_base;  // first host id of its private range; none: the host's users
  // What it can be given: all, in a private range; with the host's users what Planet has itself.
  std::vector<std::string> capabilities = security::all_capabilities();
};

inline constexpr std::uint32_t kIdsPerContainer = 65536;
inline constexpr std::int64_t kDefaultPidsLimit = 4096;

// Errors: kInvalidArgument - no command; an image or request value that cannot be, naming it.
Result<oci::Spec> plan_spec(const RunRequest& request, const oci::ImageConfig& image,
                            const Identity& identity);

// `parent` as --cgroup-parent has it: empty for Planet's own.
std::string cgroup_path(const std::string& parent, const std::string& id);

}  // namespace planet::engine
