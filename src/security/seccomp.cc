#include "security/seccomp.h"

#include <algorithm>

#include "security/capabilities.h"

namespace planet::security {
namespace {

constexpr sock_filter kBuiltIn[] = {
#include "seccomp_built_in.inc"  // made by seccomp_compile when Planet is built
};

}  // namespace

std::span<const sock_filter> built_in_filter(const std::vector<std::string>& capabilities) {
  if (!std::ranges::is_permutation(capabilities, default_capabilities())) return {};
  return kBuiltIn;
}

}  // namespace planet::security
