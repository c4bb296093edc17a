// Our own profile as it was compiled when Planet was built.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

namespace planet::security {

// The filter for the default capabilities, in any order: nothing is compiled at a start. Empty for other sets, for which
// compile_own_profile (seccomp_rules.h) makes one.
std::span<const sock_filter> built_in_filter(const std::vector<std::string>& capabilities);

}  // namespace planet::security
