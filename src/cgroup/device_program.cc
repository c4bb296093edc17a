#include "cgroup/device_program.h"

#include <cstddef>

#include "cgroup/resources.h"
#include "sys/bpf.h"
#include "sys/file.h"

namespace planet::cgroup {
namespace {

// Registers: 1 the context, then 2 the device's type, 3 the access, 4 and 5 its numbers.
enum Register : std::uint8_t { kR0, kR1, kR2, kR3, kR4, kR5, kR6 };

bpf_insn load_word(Register to, Register from, std::size_t offset) {
  return {.code = BPF_LDX | BPF_W | BPF_MEM,
          .dst_reg = static_cast<__u8>(to & 0xf),
          .src_reg = static_cast<__u8>(from & 0xf),
          .off = static_cast<__s16>(offset),
          .imm = 0};
}
bpf_insn alu(std::uint8_t operation, Register to, std::int32_t value) {
  return {.code = static_cast<__u8>(BPF_ALU | operation | BPF_K),
          .dst_reg = static_cast<__u8>(to & 0xf),
          .src_reg = 0,
          .off = 0,
          .imm = value};
}
bpf_insn copy(Register to, Register from) {
  return {.code = BPF_ALU | BPF_MOV | BPF_X,
          .dst_reg = static_cast<__u8>(to & 0xf),
          .src_reg = static_cast<__u8>(from & 0xf),
          .off = 0,
          .imm = 0};
}
// Skips `count` instructions if the comparison holds.
bpf_insn jump(std::uint8_t comparison, Register left, std::int32_t right, std::size_t count) {
  return {.code = static_cast<__u8>(BPF_JMP | comparison | BPF_K),
          .dst_reg = static_cast<__u8>(left & 0xf),
          .src_reg = 0,
          .off = static_cast<__s16>(count),
          .imm = right};
}
bpf_insn leave() {
  return {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};
}

void append(std::vector<bpf_insn>& to, std::initializer_list<bpf_insn> instructions) {
  to.insert(to.end(), instructions);
}

std::int32_t access_bits(const std::string& access) {
  std::int32_t bits = 0;
  for (const char c : access)
    bits |= c == 'm' ? BPF_DEVCG_ACC_MKNOD : c == 'r' ? BPF_DEVCG_ACC_READ : BPF_DEVCG_ACC_WRITE;
  return bits;
}

// Tests of one rule: each jumps past the rule's answer when it does not hold. The distances are set by the caller.
std::vector<bpf_insn> compile_tests(const oci::DeviceRule& rule) {
  std::vector<bpf_insn> tests;
  const auto test = [&](std::uint8_t comparison, Register left, std::int64_t right) {
    tests.push_back(jump(comparison, left, static_cast<std::int32_t>(right), 0));
  };
  if (rule.type != "a")
    test(BPF_JNE, kR2, rule.type == "b" ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  if (rule.major.value_or(-1) >= 0) test(BPF_JNE, kR4, *rule.major);
  if (rule.minor.value_or(-1) >= 0) test(BPF_JNE, kR5, *rule.minor);
  const std::int32_t bits = access_bits(rule.access);
  constexpr std::int32_t kEvery = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
  if (bits == kEvery) return tests;
  // An allowance must cover all that is asked; a denial is hit by any part of it.
  append(tests, {copy(kR6, kR3), alu(BPF_AND, kR6, rule.allow ? kEvery & ~bits : bits)});
  test(rule.allow ? BPF_JNE : BPF_JEQ, kR6, 0);
  return tests;
}

std::vector<bpf_insn> compile_rule(const oci::DeviceRule& rule) {
  constexpr unsigned kClass = 7;
  std::vector<bpf_insn> code = compile_tests(rule);
  const std::size_t tests = code.size();
  append(code, {alu(BPF_MOV, kR0, rule.allow ? 1 : 0), leave()});
  for (std::size_t i = 0; i < tests; ++i)
    if ((code[i].code & kClass) == BPF_JMP) code[i].off = static_cast<__s16>(code.size() - i - 1);
  return code;
}

}  // namespace

Result<std::vector<bpf_insn>> compile_device_rules(const std::vector<oci::DeviceRule>& rules) {
  std::vector<bpf_insn> code;
  constexpr std::int32_t kTypeMask = 0xffff;
  append(code, {load_word(kR2, kR1, offsetof(bpf_cgroup_dev_ctx, access_type)), copy(kR3, kR2),
                alu(BPF_AND, kR2, kTypeMask), alu(BPF_RSH, kR3, 16),
                load_word(kR4, kR1, offsetof(bpf_cgroup_dev_ctx, major)),
                load_word(kR5, kR1, offsetof(bpf_cgroup_dev_ctx, minor))});
  // Backwards: the first that matches is the last that was written. What follows a rule for all devices can never be
  // reached, and the kernel refuses such code.
  bool reachable = true;
  for (auto rule = rules.rbegin(); rule != rules.rend() && reachable; ++rule) {
    TRY(device_rule_text(*rule));
    const std::vector<bpf_insn> part = compile_rule(*rule);
    code.insert(code.end(), part.begin(), part.end());
    reachable = !compile_tests(*rule).empty();
  }
  if (reachable) append(code, {alu(BPF_MOV, kR0, 0), leave()});
  return code;
}

Result<> attach_device_program(BorrowedFd group, const std::vector<oci::DeviceRule>& rules) {
  TRY_SET(const std::vector<bpf_insn> code, compile_device_rules(rules));
  TRY_SET(const UniqueFd program, sys::load_device_program(code), "set the device rules");
  TRY_SET(const UniqueFd dir, sys::open_at(group, ".", O_RDONLY | O_DIRECTORY));
  TRY(sys::attach_to_cgroup(program.borrow(), dir.borrow()), "set the device rules");
  return {};
}

}  // namespace planet::cgroup
