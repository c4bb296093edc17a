#include "sys/capability.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace planet::sys {
namespace {

Result<> done(long result, const char* what) {
  if (result < 0) return std::unexpected(Error::from_errno(errno, what));
  return {};
}

__u32 low(CapabilitySet set) {
  return static_cast<__u32>(set);
}
__u32 high(CapabilitySet set) {
  return static_cast<__u32>(set >> 32);
}

}  // namespace

Result<> set_capabilities(CapabilitySet effective, CapabilitySet permitted,
                          CapabilitySet inheritable) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct data[2] = {
      {.effective = low(effective), .permitted = low(permitted), .inheritable = low(inheritable)},
      {.effective = high(effective),
       .permitted = high(permitted),
       .inheritable = high(inheritable)}};
  return done(::syscall(SYS_capset, &header, data), "capset");
}

Result<> drop_bounding_capability(int number) {
  return done(::prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "prctl PR_CAPBSET_DROP");
}

Result<> raise_ambient_capability(int number) {
  return done(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0),
              "prctl PR_CAP_AMBIENT_RAISE");
}

Result<> clear_ambient_capabilities() {
  return done(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
              "prctl PR_CAP_AMBIENT_CLEAR_ALL");
}

Result<CapabilitySet> permitted_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  TRY(done(::syscall(SYS_capget, &header, data), "capget"));
  return CapabilitySet{data[1].permitted} << 32 | data[0].permitted;
}

bool kernel_knows_capability(int number) {
  return ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0;
}

}  // namespace planet::sys
