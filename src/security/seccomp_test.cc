// The built-in filter: the table against the kernel's own list, and real calls under the loaded filter.
#include "security/seccomp.h"

#include <asm/unistd.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "security/capabilities.h"
#include "security/seccomp_rules.h"
#include "security/seccomp_table.h"
#include "sys/process.h"
#include "sys/seccomp.h"

namespace planet::security {
namespace {

std::set<std::string> table_names() {
  std::set<std::string> names;
  const auto add = [&](std::string_view name) { names.insert(std::string(name)); };
  std::ranges::for_each(kAllowed, add);
  std::ranges::for_each(kRefused, add);
  std::ranges::for_each(kConditional, add);
  std::ranges::for_each(kAbsent, add);
  for (const Guarded& guarded : kGuarded) add(guarded.name);
  return names;
}

TEST(SeccompTable, JudgesEveryCallOfTheKernelsHeaders) {
  const std::set<std::string> names = table_names();
  for (const char* header :
       {"/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
        "/usr/include/x86_64-linux-gnu/asm/unistd_32.h", "/usr/include/asm-generic/unistd.h"}) {
    std::ifstream file(header);
    std::string line;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string define, name, number;
      words >> define >> name >> number;
      if (define != "#define" || !name.starts_with("__NR_") || number.empty() ||
          std::isdigit(static_cast<unsigned char>(number[0])) == 0)
        continue;
      const std::string call = name.substr(5);
      if (call == "syscalls" || call == "arch_specific_syscall") continue;
      EXPECT_TRUE(names.contains(call)) << call << " of " << header << " stands in no list";
    }
  }
  for (const Numbered& newer : kNewer)
    EXPECT_TRUE(names.contains(std::string(newer.name))) << newer.name;
}

TEST(SeccompTable, NamesNoCallTwice) {
  std::multiset<std::string> names;
  for (const std::string_view name : kAllowed) names.insert(std::string(name));
  for (const std::string_view name : kRefused) names.insert(std::string(name));
  for (const std::string_view name : kAbsent) names.insert(std::string(name));
  for (const std::string& name : names) EXPECT_EQ(names.count(name), 1U) << name;
}

// errno of `call` in a child under the filter, 0 if it succeeds.
int under_filter(std::span<const sock_filter> filter, const std::function<long()>& call) {
  auto child = sys::clone_process({});
  if (!child->valid()) {
    (void)sys::set_no_new_privs();
    if (!sys::load_seccomp_filter(filter, 0)) sys::exit_now(200);
    errno = 0;
    const long result = call();
    // Not _exit: a sanitizer's looks for leaks first, by calls that the filter may forbid.
    ::syscall(SYS_exit_group, result < 0 ? errno : 0);
  }
  const auto status = child->wait();
  return status->signalled ? 1000 + status->value : status->value;
}

int under_default(const std::function<long()>& call) {
  return under_filter(built_in_filter(default_capabilities()), call);
}

TEST(BuiltInFilter, IsThereForTheDefaultSetInAnyOrder) {
  std::vector<std::string> set = default_capabilities();
  std::ranges::reverse(set);
  EXPECT_FALSE(built_in_filter(set).empty());
  set.push_back("CAP_SYS_ADMIN");
  EXPECT_TRUE(built_in_filter(set).empty());
}

TEST(BuiltInFilter, AllowsWhatProgramsNeed) {
  EXPECT_EQ(under_default([] { return ::syscall(SYS_getpid); }), 0);
  EXPECT_EQ(under_default([] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }), 0);
  EXPECT_EQ(under_default([] { return long{::socket(AF_UNIX, SOCK_STREAM, 0)}; }), 0);
  EXPECT_EQ(under_default([] { return long{::socket(AF_NETLINK, SOCK_RAW, 0)}; }), 0);
  EXPECT_EQ(under_default([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), 0);
  EXPECT_EQ(under_default([] { return long{::personality(0xffffffff)}; }), 0);
}

TEST(BuiltInFilter, KnowsCallsThatAreNewerThanItsCompiler) {
  EXPECT_NE(under_default([] { return ::syscall(452, -1, "x", 0, 0); }), ENOSYS) << "fchmodat2";
}

TEST(BuiltInFilter, RefusesKnownDangers) {
  const long refused[] = {SYS_keyctl,
                          SYS_add_key,
                          SYS_bpf,
                          SYS_perf_event_open,
                          SYS_userfaultfd,
                          SYS_io_uring_setup,
                          SYS_mount,
                          SYS_umount2,
                          SYS_fsopen,
                          SYS_open_tree,
                          SYS_move_mount,
                          SYS_setns,
                          SYS_unshare,
                          SYS_kexec_load,
                          SYS_open_by_handle_at,
                          SYS_init_module,
                          SYS_reboot,
                          SYS_pivot_root,
                          SYS_process_vm_writev,
                          SYS_move_pages,
                          SYS_clock_settime,
                          SYS_swapon,
                          467};
  for (const long number : refused)
    EXPECT_EQ(under_default([&] { return ::syscall(number, 0, 0, 0, 0, 0, 0); }), EPERM) << number;
}

TEST(BuiltInFilter, WhatIsNewerOrHiddenIsAbsent) {
  EXPECT_EQ(under_default([] { return ::syscall(SYS_clone3, 0, 0); }), ENOSYS);
  for (const long number : {470L, 471L, 500L, 1000L})
    EXPECT_EQ(under_default([&] { return ::syscall(number, 0, 0); }), ENOSYS) << number;
  EXPECT_EQ(under_default([] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }),
            ENOSYS);
  EXPECT_EQ(under_default([] { return long{::personality(0x40000)}; }), ENOSYS);
}

TEST(BuiltInFilter, SocketFamiliesAreAList) {
  for (const int family : {AF_ALG, AF_VSOCK, AF_PACKET, AF_BLUETOOTH, AF_TIPC, AF_KEY, AF_XDP, 44})
    EXPECT_EQ(under_default([&] { return long{::socket(family, SOCK_RAW, 0)}; }), ENOSYS) << family;
  EXPECT_EQ(under_default([] { return long{::socket(AF_NETLINK, SOCK_RAW, 9)}; }), EPROTONOSUPPORT)
      << "audit: as a kernel without it, where useradd and its like go on";
  EXPECT_EQ(
      under_default([] { return ::syscall(SYS_socket, (1L << 32) | AF_ALG, SOCK_SEQPACKET, 0); }),
      ENOSYS);
  const auto raw = compile_own_profile({"CAP_NET_RAW"});
  ASSERT_TRUE(raw);
  EXPECT_NE(under_filter(*raw, [] { return long{::socket(AF_PACKET, SOCK_RAW, 0)}; }), ENOSYS);
}

TEST(BuiltInFilter, NoBytesArePushedIntoATerminal) {
  constexpr unsigned long kTiocLinux = 0x541c;
  for (const unsigned long request : {static_cast<unsigned long>(TIOCSTI), TIOCSTI | (1UL << 32),
                                      kTiocLinux, kTiocLinux | (1UL << 40)})
    EXPECT_EQ(under_default([&] { return ::syscall(SYS_ioctl, 0, request, "x"); }), EPERM)
        << request;
  EXPECT_NE(under_default([] { return ::syscall(SYS_ioctl, 0, TCGETS, 0); }), EPERM);
}

#if defined(__x86_64__)
// A call through the 32-bit gate, as a hostile 64-bit program may make it.
long compat_call(long number, long a, long b = 0, long c = 0) {
  long result = 0;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(number), "b"(a), "c"(b), "d"(c)
               : "memory", "r8", "r9", "r10", "r11");
  if (result < 0 && result > -4096) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}

TEST(BuiltInFilter, TheOtherGatesAreFiltered) {
  EXPECT_EQ(under_default([] { return compat_call(20, 0); }), 0) << "getpid";
  EXPECT_EQ(under_default([] { return compat_call(359, AF_INET, SOCK_STREAM); }), 0) << "socket";
  EXPECT_EQ(under_default([] { return compat_call(359, AF_ALG, SOCK_SEQPACKET); }), ENOSYS)
      << "socket";
  EXPECT_EQ(under_default([] { return compat_call(102, 1); }), ENOSYS) << "socketcall";
  EXPECT_EQ(under_default([] { return compat_call(54, 0, TIOCSTI); }), EPERM) << "ioctl";
  EXPECT_EQ(under_default([] { return compat_call(21, 0); }), EPERM) << "mount";
  EXPECT_EQ(under_default([] { return ::syscall(0x40000000L + SYS_getpid); }), ENOSYS) << "x32";
}
#endif

TEST(CompileOwnProfile, ACapabilityOpensWhatItGuards) {
  const auto admin = compile_own_profile({"CAP_SYS_ADMIN"});
  ASSERT_TRUE(admin);
  EXPECT_NE(under_filter(*admin, [] { return ::syscall(SYS_mount, 0, 0, 0, 0, 0); }), EPERM + 2000);
  EXPECT_EQ(under_filter(*admin, [] { return ::syscall(SYS_clone3, 0, 0); }), EINVAL)
      << "the kernel answers";
}

TEST(CompileProfile, FollowsTheSpec) {
  oci::Seccomp profile{.default_action = "SCMP_ACT_ALLOW"};
  profile.syscalls = {
      {.names = {"getppid", "no_such_call"}, .action = "SCMP_ACT_ERRNO", .errno_ret = 77},
      {.names = {"personality"},
       .action = "SCMP_ACT_ERRNO",
       .args = {{.index = 0, .value = 8, .op = "SCMP_CMP_EQ"}}}};
  const auto compiled = compile_profile(profile);
  ASSERT_TRUE(compiled) << compiled.error().to_string();
  EXPECT_EQ(under_filter(compiled->filter, [] { return ::syscall(SYS_getppid); }), 77);
  EXPECT_EQ(under_filter(compiled->filter, [] { return long{::personality(8)}; }), EPERM);
  EXPECT_EQ(under_filter(compiled->filter, [] { return long{::personality(0)}; }), 0);
  profile.syscalls = {{.names = {"personality"},
                       .action = "SCMP_ACT_ERRNO",
                       .args = {{.index = 0, .value = 8, .op = "SCMP_CMP_EQ"},
                                {.index = 0, .value = 9, .op = "SCMP_CMP_EQ"}}}};
  const auto either = compile_profile(profile);
  ASSERT_TRUE(either) << either.error().to_string();
  EXPECT_EQ(under_filter(either->filter, [] { return long{::personality(8)}; }), EPERM);
  EXPECT_EQ(under_filter(either->filter, [] { return long{::personality(9)}; }), EPERM);
  EXPECT_EQ(under_filter(either->filter, [] { return long{::personality(0)}; }), 0);
  profile.syscalls = {{.names = {"exit_group", "getppid", "seccomp"}, .action = "SCMP_ACT_ALLOW"}};
  profile.default_action = "SCMP_ACT_ERRNO";
  const auto newer = compile_profile(profile);
  ASSERT_TRUE(newer) << newer.error().to_string();
  EXPECT_EQ(under_filter(newer->filter, [] { return ::syscall(SYS_getuid); }), EPERM);
  EXPECT_EQ(under_filter(newer->filter, [] { return ::syscall(SYS_seccomp + 1); }), ENOSYS);
  profile.default_action = "SCMP_ACT_WHAT";
  EXPECT_FALSE(compile_profile(profile));
  profile = {.default_action = "SCMP_ACT_ALLOW", .architectures = {"SCMP_ARCH_PDP11"}};
  EXPECT_FALSE(compile_profile(profile));
  profile = {.default_action = "SCMP_ACT_ALLOW", .flags = {"WHAT"}};
  EXPECT_FALSE(compile_profile(profile));
}

}  // namespace
}  // namespace planet::security
