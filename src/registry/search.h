// What a registry has under a word: the search of Docker Hub and of registries that speak its old interface, and the list of
// repositories where there is no search.
//
// Source: Docker Registry API v1, "GET /v1/search"; OCI distribution-spec 1.1, appendix ("_catalog").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/settings.h"

namespace planet::registry {

struct FoundRepository {
  std::string name;  // with the registry's host, but for Docker Hub's
  std::string description;
  std::uint64_t stars = 0;
  bool official = false;
};

// `term` may begin with a registry's host ("registry.lan:5000/web"); Docker Hub's without one. At most `limit`, 1 to 100, the best
// first as the registry has it; by name where only the list of repositories is offered.
// Errors: kInvalidArgument - an empty term, or no limit; kUnsupported - the registry offers neither; those of Session::send.
Result<std::vector<FoundRepository>> search(const Settings& settings, std::string_view term,
                                            unsigned limit);

// An answer to /v1/search. Errors: kInvalidArgument - it is none.
Result<std::vector<FoundRepository>> parse_found(std::string_view text);

}  // namespace planet::registry
