#include "sys/landlock.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace planet::sys {
namespace {

// Debian 12's headers know the first two versions of the interface.
struct Attributes {
  std::uint64_t files = 0, net = 0;
};
struct PortRule {
  std::uint64_t allowed = 0, port = 0;
};
constexpr int kPortRule = 2;
constexpr std::uint64_t kBindTcp = 1, kConnectTcp = 2;

// Of the interface's versions: the first that knows it.
constexpr int kRefer = 2, kTruncate = 3, kNet = 4, kDeviceIoctl = 5;
constexpr std::uint64_t kTruncateBit = 1U << 14U, kDeviceIoctlBit = 1U << 15U;

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

Attributes all_known(int version) {
  // Every bit of the first version, up to this one.
  Attributes all{.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1};
  if (version >= kRefer) all.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= kTruncate) all.files |= kTruncateBit;
  if (version >= kNet) all.net = kBindTcp | kConnectTcp;
  if (version >= kDeviceIoctl) all.files |= kDeviceIoctlBit;
  return all;
}

std::unexpected<Error> failed(const char* call) {
  return std::unexpected(Error::from_errno(errno, call));
}

Result<> add_rule(BorrowedFd rules, int type, const void* rule) {
  if (::syscall(SYS_landlock_add_rule, rules.get(), type, rule, 0) < 0)
    return failed("landlock_add_rule");
  return {};
}

Result<> add_exceptions(BorrowedFd rules, const LandlockExceptions& exceptions, bool has_net) {
  for (const BorrowedFd dir : exceptions.readable_dirs) {
    const landlock_path_beneath_attr rule{.allowed_access = kRead, .parent_fd = dir.get()};
    TRY(add_rule(rules, LANDLOCK_RULE_PATH_BENEATH, &rule));
  }
  if (!has_net) return {};
  for (const std::uint16_t port : exceptions.tcp_ports) {
    const PortRule rule{.allowed = kConnectTcp, .port = port};
    TRY(add_rule(rules, kPortRule, &rule));
  }
  return {};
}

}  // namespace

Result<> restrict_self(const LandlockExceptions& exceptions) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return fail(Code::kUnsupported, "this kernel has no Landlock");
  const Attributes all = all_known(static_cast<int>(version));
  // An older kernel takes the longer structure, as long as what it does not know is zero.
  const UniqueFd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
  if (!rules.valid()) return failed("landlock_create_ruleset");
  TRY(add_exceptions(rules.borrow(), exceptions, all.net != 0));
  if (::syscall(SYS_landlock_restrict_self, rules.borrow().get(), 0) < 0)
    return failed("landlock_restrict_self");
  return {};
}

}  // namespace planet::sys
