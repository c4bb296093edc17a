#include "sys/kernel.h"

#include <sys/utsname.h>

namespace planet::sys {

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

}  // namespace planet::sys
