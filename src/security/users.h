// Who "-u web:www" is: user strings looked up in a container's own passwd and group files, given as text.
//
// Source: passwd(5), group(5); OCI image-spec config.md, "User"; docker run --user.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet::security {

struct ResolvedUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t>
      additional_gids;  // of the groups that name the user; none if a group was given
  std::string home;     // "/" if passwd has no entry
};

// `user` is "", "name", "uid", each with an optional ":group" or ":gid"; "" is root. A part of digits only is an id
// and never a name, so no line of a hostile passwd can give it another meaning (CVE-2024-40635). Both texts are
// untrusted; a malformed line names nobody.
// Errors: kInvalidArgument - an empty part, an id above 4294967294, a sign or blank; kNotFound - no such name.
Result<ResolvedUser> resolve_user(std::string_view user, std::string_view passwd,
                                  std::string_view group);

// The ids of `names` (names or numbers), in their order.
// Errors: as of resolve_user; kInvalidArgument - more than 65536.
Result<std::vector<gid_t>> resolve_groups(const std::vector<std::string>& names,
                                          std::string_view group);

// The home directory of `uid`, "/" if passwd has no entry for it.
std::string home_of(uid_t uid, std::string_view passwd);

}  // namespace planet::security
