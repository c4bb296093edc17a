// A profile of --security-opt: read, judged, chosen from, and what was chosen written and read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "oci/seccomp_profile.h"
#include "oci/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::oci;
  const auto profile = parse_seccomp_profile({reinterpret_cast<const char*>(data), size});
  if (!profile) return 0;
  const Seccomp chosen = choose_rules(
      *profile, {"CAP_SYS_ADMIN", "CAP_CHOWN"},
      {.arch = "amd64", .seccomp_arch = "SCMP_ARCH_X86_64", .kernel = {.major = 6, .minor = 1}});
  if (!validate_seccomp(chosen)) std::abort();
  const auto again = parse_seccomp(write_seccomp(chosen));
  if (!again || *again != chosen) std::abort();
  return 0;
}
