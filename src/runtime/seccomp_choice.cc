#include "runtime/seccomp_choice.h"

namespace planet::runtime {

Result<SeccompChoice> choose_seccomp(const oci::Spec& spec, const oci::Process& process,
                                     DefaultSeccomp fallback) {
  (void)spec;
  (void)process;
  (void)fallback;
  return SeccompChoice{};
}

}  // namespace planet::runtime
