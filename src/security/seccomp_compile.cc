// seccomp_compile: prints our own profile for the default capabilities as the initialisers of sock_filter. Runs when
// Planet is built.
#include <cstdio>

#include "security/capabilities.h"
#include "security/seccomp_rules.h"

int main() {
  const auto filter =
      planet::security::compile_own_profile(planet::security::default_capabilities());
  if (!filter) {
    std::fprintf(stderr, "seccomp_compile: %s\n", filter.error().to_string().c_str());
    return 1;
  }
  for (const sock_filter& line : *filter)
    std::printf("{%u, %u, %u, %uU},\n", line.code, line.jt, line.jf, line.k);
  return 0;
}
