// The tree answers as the program that it is made of: compared call by call, with a machine of the test's own.
#include "security/seccomp_tree.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "security/capabilities.h"
#include "security/seccomp.h"
#include "security/seccomp_rules.h"
#include "security/seccomp_table.h"

namespace planet::security {
namespace {

// Not i386, where libseccomp makes a socketcall of each call on sockets, which depends on arguments too.
constexpr std::uint32_t kArches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64};
constexpr std::uint32_t kForeign = AUDIT_ARCH_S390X;

bool holds(const sock_filter& line, std::uint32_t word) {
  switch (BPF_OP(line.code)) {
    case BPF_JEQ:
      return word == line.k;
    case BPF_JGE:
      return word >= line.k;
    case BPF_JGT:
      return word > line.k;
    default:
      return (word & line.k) != 0;
  }
}

// What the kernel's machine would return; 1 for a program that it would not take.
std::uint32_t run(std::span<const sock_filter> program, const seccomp_data& data) {
  std::uint32_t word = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& line = program[at];
    switch (BPF_CLASS(line.code)) {
      case BPF_LD:
        std::memcpy(&word, reinterpret_cast<const char*>(&data) + line.k, sizeof word);
        break;
      case BPF_ALU:
        word &= line.k;
        break;
      case BPF_JMP:
        if (BPF_OP(line.code) == BPF_JA)
          at += line.k;
        else
          at += holds(line, word) ? line.jt : line.jf;
        break;
      case BPF_RET:
        return line.k;
      default:
        return 1;
    }
  }
  return 1;
}

oci::Seccomp with_arguments() {
  oci::Seccomp profile{.default_action = "SCMP_ACT_ERRNO", .default_errno_ret = ENOSYS};
  profile.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"};
  profile.syscalls = {{.names = {"personality", "clone"},
                       .action = "SCMP_ACT_ALLOW",
                       .args = {{.index = 0, .value = 8, .op = "SCMP_CMP_EQ"}}},
                      {.names = {"socket"},
                       .action = "SCMP_ACT_KILL_PROCESS",
                       .args = {{.index = 1, .value = 1ULL << 33, .op = "SCMP_CMP_GE"}}}};
  return profile;
}

oci::Seccomp with_all() {
  oci::Seccomp profile = with_arguments();
  profile.syscalls.push_back({.names = {}, .action = "SCMP_ACT_ALLOW"});
  for (const std::string_view name : kAllowed)
    if (name != "clone" && name != "socket") profile.syscalls.back().names.emplace_back(name);
  profile.syscalls.push_back(
      {.names = {"mount", "reboot"}, .action = "SCMP_ACT_ERRNO", .errno_ret = 77});
  return profile;
}

TEST(Tree, AnswersAsTheProgramItIsMadeOf) {
  const auto full = compile_profile(with_all());
  const auto rest = compile_profile(with_arguments());
  ASSERT_TRUE(full && rest);
  const auto tree = as_tree(full->filter, rest->filter, kArches);
  ASSERT_TRUE(tree) << tree.error().to_string();
  EXPECT_LT(tree->size(), full->filter.size() / 2);
  std::vector<int> numbers = {-1, INT32_MIN, INT32_MAX, 0x40000000, 0x40000000 + 39, 0xf0002};
  for (int number = 0; number < 1200; ++number) numbers.push_back(number);
  for (const std::uint32_t arch : {kArches[0], kArches[1], kForeign})
    for (const int number : numbers)
      for (const std::uint64_t arg : {0ULL, 8ULL, 8ULL | 1ULL << 33, ~0ULL}) {
        const seccomp_data data{.nr = number,
                                .arch = arch,
                                .instruction_pointer = 0,
                                .args = {arg, arg, arg, arg, arg, arg}};
        EXPECT_EQ(run(*tree, data), run(full->filter, data)) << number << " of " << arch;
      }
}

TEST(Tree, RefusesARestThatLacksWhatItNeeds) {
  const auto full = compile_profile(with_all());
  oci::Seccomp less = with_arguments();
  less.syscalls.pop_back();
  const auto rest = compile_profile(less);
  ASSERT_TRUE(full && rest);
  const auto tree = as_tree(full->filter, rest->filter, kArches);
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().to_string(), "the filter's rest lacks the rules of system call 41");
}

TEST(Tree, AProgramOfOtherFormsIsNotFollowed) {
  const sock_filter odd[] = {BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_STMT(BPF_RET | BPF_A, 0)};
  EXPECT_FALSE(answer_of(odd, kArches[0], 0));
  EXPECT_FALSE(answer_of({}, kArches[0], 0));
}

// The table's own words, found again in the program that every container gets.
TEST(Tree, TheBuiltInFilterSaysWhatTheTableSays) {
  const auto filter = built_in_filter(default_capabilities());
#if defined(__x86_64__)
  const std::pair<std::uint32_t, std::uint32_t> both[] = {{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
                                                          {SCMP_ARCH_X86, AUDIT_ARCH_I386}};
#else
  const std::pair<std::uint32_t, std::uint32_t> both[] = {{SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
                                                          {SCMP_ARCH_ARM, AUDIT_ARCH_ARM}};
#endif
  for (const auto& [token, arch] : both) {
    const auto expect = [&](std::string_view name, std::uint32_t answer) {
      const int number = seccomp_syscall_resolve_name_arch(token, std::string(name).c_str());
      if (number < 0) return;
      EXPECT_EQ(answer_of(filter, arch, static_cast<std::uint32_t>(number)), answer) << name;
    };
    for (const std::string_view name : kAllowed)
      if (name != "ioctl") expect(name, SECCOMP_RET_ALLOW);
    for (const std::string_view name : kRefused) expect(name, SECCOMP_RET_ERRNO | EPERM);
    for (const std::string_view name : {"clone", "ioctl", "socket", "personality"}) {
      const int number = seccomp_syscall_resolve_name_arch(token, std::string(name).c_str());
      if (number < 0) continue;
      EXPECT_FALSE(answer_of(filter, arch, static_cast<std::uint32_t>(number))) << name;
    }
  }
}

}  // namespace
}  // namespace planet::security
