#include "security/seccomp_rules.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <set>

#include "base/strings.h"
#include "security/seccomp_table.h"
#include "security/seccomp_tree.h"
#include "sys/file.h"
#include "sys/memory_file.h"

namespace planet::security {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

std::unexpected<Error> failed(int result, std::string_view what) {
  return std::unexpected(Error::from_errno(-result, "libseccomp: " + std::string(what)));
}

bool has(const std::vector<std::string>& capabilities, std::string_view name) {
  return std::ranges::find(capabilities, name) != capabilities.end();
}

int number_of(std::string_view name) {
  const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
  if (number != __NR_SCMP_ERROR) return number;
  const auto newer = std::ranges::find(kNewer, name, &Numbered::name);
  return newer == std::end(kNewer) ? __NR_SCMP_ERROR : newer->number;
}

Result<> add_rule(const Context& context, std::uint32_t action, std::string_view name,
                  const std::vector<scmp_arg_cmp>& args = {}) {
  const int number = number_of(name);
  if (number == __NR_SCMP_ERROR) return {};  // of another processor
  const int result = seccomp_rule_add_array(context.get(), action, number,
                                            static_cast<unsigned>(args.size()), args.data());
  // EDOM: a newer call, on the second architecture, whose table the library lacks: it stays absent there.
  if (result < 0 && result != -EDOM && result != -EFAULT) return failed(result, name);
  return {};
}

scmp_arg_cmp equals(unsigned index, std::uint64_t value) {
  return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

Result<> add_sockets(const Context& context, const std::vector<std::string>& capabilities) {
  constexpr std::uint64_t kUnix = 1;
  constexpr std::uint64_t kInet = 2;
  constexpr std::uint64_t kInet6 = 10;
  constexpr std::uint64_t kNetlink = 16;
  constexpr std::uint64_t kPacket = 17;
  std::vector<std::uint64_t> families = {kUnix, kInet, kInet6};
  if (has(capabilities, "CAP_NET_RAW")) families.push_back(kPacket);
  for (const std::uint64_t family : families)
    TRY(add_rule(context, SCMP_ACT_ALLOW, "socket", {equals(0, family)}));
  // Routes, socket diagnosis, device events, generic; netfilter's for those who may configure a network. Never audit.
  std::vector<std::uint64_t> protocols = {0, 4, 15, 16};
  if (has(capabilities, "CAP_NET_ADMIN")) protocols.insert(protocols.end(), {6, 12});
  for (const std::uint64_t protocol : protocols)
    TRY(add_rule(context, SCMP_ACT_ALLOW, "socket", {equals(0, kNetlink), equals(2, protocol)}));
  // What a kernel without audit says: useradd, su and sshd go on then, and give up at anything else (audit_open(3)).
  constexpr std::uint64_t kAudit = 9;
  return add_rule(context, SCMP_ACT_ERRNO(EPROTONOSUPPORT), "socket",
                  {equals(0, kNetlink), equals(2, kAudit)});
}

Result<> add_conditional(const Context& context, const std::vector<std::string>& capabilities) {
  // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
  constexpr std::uint64_t kNamespaces = 0x7e020000;
  if (!has(capabilities, "CAP_SYS_ADMIN"))
    TRY(add_rule(context, SCMP_ACT_ALLOW, "clone",
                 {{.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = kNamespaces, .datum_b = 0}}));
  // Linux, with 32-bit words, with an old version's name, both, and the question which it is.
  for (const std::uint64_t persona : {0x0U, 0x8U, 0x20000U, 0x20008U, 0xffffffffU})
    TRY(add_rule(context, SCMP_ACT_ALLOW, "personality", {equals(0, persona)}));
  return add_sockets(context, capabilities);
}

// The rules of those calls alone whose answer depends on arguments, here or in own_prelude.
Result<> add_rules_by_argument(const Context& context,
                               const std::vector<std::string>& capabilities) {
  TRY(add_rule(context, SCMP_ACT_ALLOW, "ioctl"));
  return add_conditional(context, capabilities);
}

Result<> add_own_rules(const Context& context, const std::vector<std::string>& capabilities) {
  for (const std::string_view name : kAllowed) TRY(add_rule(context, SCMP_ACT_ALLOW, name));
  for (const std::string_view name : kRefused) TRY(add_rule(context, SCMP_ACT_ERRNO(EPERM), name));
  for (const Guarded& guarded : kGuarded) {
    const bool open = std::ranges::any_of(kGuarded, [&](const Guarded& other) {
      return other.name == guarded.name && has(capabilities, other.capability);
    });
    if (open) TRY(add_rule(context, SCMP_ACT_ALLOW, guarded.name));
    const bool conditional =
        std::ranges::find(kConditional, guarded.name) != std::end(kConditional);
    if (!open && !conditional) TRY(add_rule(context, SCMP_ACT_ERRNO(EPERM), guarded.name));
  }
  return add_conditional(context, capabilities);
}

Result<Context> make_context(std::uint32_t default_action) {
  Context context(seccomp_init(default_action));
  if (!context) return fail(Code::kSystem, "libseccomp: no memory");
  constexpr std::uint32_t kBinaryTree = 2;
  const int result = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree);
  if (result < 0) return failed(result, "optimize");
  return context;
}

// The program's bytes: libseccomp writes them to a descriptor.
Result<std::vector<sock_filter>> take_program(const Context& context) {
  TRY_SET(const UniqueFd file, sys::memory_file("seccomp"));
  if (const int result = seccomp_export_bpf(context.get(), file.borrow().get()); result < 0)
    return failed(result, "export");
  TRY(sys::seek_to(file.borrow(), 0));
  constexpr std::size_t kMostBytes = BPF_MAXINSNS * sizeof(sock_filter);
  TRY_SET(const std::string bytes, sys::read_all(file.borrow(), kMostBytes));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(program.data()));
  return program;
}

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<__u32>(offset));
}
sock_filter jump_if_equal(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}
sock_filter answer(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kNativeIoctl = 16;
constexpr std::uint32_t kCompat = AUDIT_ARCH_I386;
constexpr std::uint32_t kCompatIoctl = 54;
constexpr std::uint32_t kCompatSocketcall = 102;
constexpr std::uint32_t kCompatScmp = SCMP_ARCH_X86;
constexpr std::string_view kCompatName = "SCMP_ARCH_X86";
#elif defined(__aarch64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kNativeIoctl = 29;
constexpr std::uint32_t kCompat = AUDIT_ARCH_ARM;
constexpr std::uint32_t kCompatIoctl = 54;
constexpr std::uint32_t kCompatSocketcall = 102;
constexpr std::uint32_t kCompatScmp = SCMP_ARCH_ARM;
constexpr std::string_view kCompatName = "SCMP_ARCH_ARM";
#else
#error "add this processor's numbers"
#endif

constexpr std::uint32_t kX32Bit = 0x40000000;

// What stands before libseccomp's program, because a rule "everything but" on a part of an argument is none of its
// forms: no bytes are pushed into a terminal (TIOCSTI, TIOCLINUX: CVE-2017-5226; the kernel looks at the low 32 bits
// only, CVE-2019-10063); no socketcall; no x32 calls, whose numbers have bit 30 set.
std::vector<sock_filter> own_prelude() {
  constexpr std::size_t kArch = offsetof(seccomp_data, arch);
  constexpr std::size_t kNumber = offsetof(seccomp_data, nr);
  constexpr std::size_t kRequest = offsetof(seccomp_data, args) + sizeof(std::uint64_t);
  constexpr std::uint32_t kTiocLinux = 0x541c;  // TIOCLINUX of <asm/ioctls.h>
  return {
      /*  0 */ load(kArch),
      /*  1 */ jump_if_equal(kNative, 0, 3),
      /*  2 */ load(kNumber),
      /*  3 */ BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 9, 0),
      /*  4 */ jump_if_equal(kNativeIoctl, 4, 9),
      /*  5 */ jump_if_equal(kCompat, 0, 8),
      /*  6 */ load(kNumber),
      /*  7 */ jump_if_equal(kCompatSocketcall, 5, 0),
      /*  8 */ jump_if_equal(kCompatIoctl, 0, 5),
      /*  9 */ load(kRequest),
      /* 10 */ jump_if_equal(TIOCSTI, 1, 0),
      /* 11 */ jump_if_equal(kTiocLinux, 0, 2),
      /* 12 */ answer(SECCOMP_RET_ERRNO | EPERM),
      /* 13 */ answer(SECCOMP_RET_ERRNO | ENOSYS),
      /* 14: libseccomp's program */
  };
}

struct NamedAction {
  std::string_view name;
  std::uint32_t action;
};
constexpr NamedAction kActions[] = {{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
                                    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
                                    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
                                    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
                                    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
                                    {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
                                    {"SCMP_ACT_LOG", SCMP_ACT_LOG}};

Result<std::uint32_t> action_of(const std::string& name, const std::optional<unsigned>& value) {
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(value.value_or(EPERM));
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(value.value_or(EPERM));
  const auto found = std::ranges::find(kActions, name, &NamedAction::name);
  if (found == std::end(kActions))
    return fail(Code::kInvalidArgument, "linux.seccomp: unknown action " + quote(name));
  return found->action;
}

struct NamedOperator {
  std::string_view name;
  scmp_compare value;
};
constexpr NamedOperator kOperators[] = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                                        {"SCMP_CMP_LT", SCMP_CMP_LT},
                                        {"SCMP_CMP_LE", SCMP_CMP_LE},
                                        {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                        {"SCMP_CMP_GE", SCMP_CMP_GE},
                                        {"SCMP_CMP_GT", SCMP_CMP_GT},
                                        {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};

Result<std::vector<scmp_arg_cmp>> args_of(const oci::SeccompRule& rule) {
  std::vector<scmp_arg_cmp> args;
  for (const oci::SeccompArg& arg : rule.args) {
    const auto found = std::ranges::find(kOperators, arg.op, &NamedOperator::name);
    if (found == std::end(kOperators) || arg.index > 5)
      return fail(Code::kInvalidArgument, "linux.seccomp: unknown operator " + quote(arg.op) +
                                              " or argument " + std::to_string(arg.index));
    args.push_back(
        {.arg = arg.index, .op = found->value, .datum_a = arg.value, .datum_b = arg.value_two});
  }
  return args;
}

// libseccomp's rules compare an argument once. One that is compared twice means "either", as other runtimes read it.
std::vector<std::vector<scmp_arg_cmp>> alternatives(const std::vector<scmp_arg_cmp>& args) {
  std::set<unsigned> indices;
  for (const scmp_arg_cmp& arg : args) indices.insert(arg.arg);
  if (indices.size() == args.size()) return {args};
  std::vector<std::vector<scmp_arg_cmp>> each;
  each.reserve(args.size());
  for (const scmp_arg_cmp& arg : args) each.push_back({arg});
  return each;
}

Result<> add_architectures(const Context& context, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::string word = name.starts_with("SCMP_ARCH_") ? name.substr(10) : name;
    std::ranges::transform(word, word.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    const std::uint32_t token = seccomp_arch_resolve_name(word.c_str());
    if (token == 0)
      return fail(Code::kInvalidArgument, "linux.seccomp: unknown architecture " + quote(name));
    const int result = seccomp_arch_add(context.get(), token);
    if (result < 0 && result != -EEXIST) return failed(result, name);
  }
  return {};
}

Result<unsigned> flags_of(const std::vector<std::string>& names, bool notifies) {
  unsigned flags = 0;
  for (const std::string& name : names) {
    if (name == "SECCOMP_FILTER_FLAG_LOG")
      flags |= SECCOMP_FILTER_FLAG_LOG;
    else if (name == "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
      flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    else if (name == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" && notifies)
      flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    else if (name != "SECCOMP_FILTER_FLAG_TSYNC")  // one thread: nothing to synchronise
      return fail(Code::kInvalidArgument, "linux.seccomp: unknown flag " + quote(name));
  }
  return flags;
}

// The largest number of a call that the profile names.
std::uint32_t last_call(const oci::Seccomp& profile, std::uint32_t arch) {
  int last = 0;
  for (const oci::SeccompRule& rule : profile.syscalls)
    for (const std::string& name : rule.names) {
      const int known = seccomp_syscall_resolve_name_arch(arch, name.c_str());
      last = std::max({last, known, known == __NR_SCMP_ERROR ? number_of(name) : 0});
    }
  return static_cast<std::uint32_t>(last);
}

bool has_architecture(const oci::Seccomp& profile, std::string_view name) {
  return std::ranges::find(profile.architectures, name) != profile.architectures.end();
}

// Stands before a user's program: what is newer than the profile is absent.
std::vector<sock_filter> newer_prelude(const oci::Seccomp& profile) {
  constexpr std::uint32_t kNever = 0xffffffff;
  constexpr std::uint8_t kEnd = 9;
  const std::uint32_t native = last_call(profile, SCMP_ARCH_NATIVE);
  if (native == 0) return {};  // it names none
  const std::uint32_t compat =
      has_architecture(profile, kCompatName) ? last_call(profile, kCompatScmp) : kNever;
  const auto newer = [](std::uint32_t last, std::uint8_t yes, std::uint8_t no) -> sock_filter {
    return BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, yes, no);
  };
  return {
      /* 0 */ load(offsetof(seccomp_data, arch)),
      /* 1 */ jump_if_equal(kNative, 0, 3),
      /* 2 */ load(offsetof(seccomp_data, nr)),
      /* 3 */ BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, kEnd - 4, 0),
      /* 4 */ newer(native, 3, kEnd - 5),
      /* 5 */ jump_if_equal(kCompat, 0, kEnd - 6),
      /* 6 */ load(offsetof(seccomp_data, nr)),
      /* 7 */ newer(compat, 0, kEnd - 8),
      /* 8 */ answer(SECCOMP_RET_ERRNO | ENOSYS),
      /* 9: libseccomp's program */
  };
}

bool has_notify(const oci::Seccomp& profile) {
  return std::ranges::any_of(profile.syscalls, [](const oci::SeccompRule& rule) {
    return rule.action == "SCMP_ACT_NOTIFY";
  });
}

using AddRules = Result<> (*)(const Context&, const std::vector<std::string>& capabilities);

// Both architectures' program for rules of ours; what is in none is absent.
Result<std::vector<sock_filter>> compile_rules(AddRules add_rules,
                                               const std::vector<std::string>& capabilities) {
  TRY_SET(const Context context, make_context(SCMP_ACT_ERRNO(ENOSYS)));
  TRY(add_rules(context, capabilities));
  // The 32-bit half is made apart: a call whose name the library does not know cannot be added for both at once.
  TRY_SET(Context compat, make_context(SCMP_ACT_ERRNO(ENOSYS)));
  if (const int result = seccomp_arch_add(compat.get(), kCompatScmp); result < 0)
    return failed(result, "add the 32-bit architecture");
  if (const int result = seccomp_arch_remove(compat.get(), SCMP_ARCH_NATIVE); result < 0)
    return failed(result, "leave the 64-bit architecture to the other half");
  TRY(add_rules(compat, capabilities));
  if (const int result = seccomp_merge(context.get(), compat.get()); result < 0)
    return failed(result, "merge the halves");
  static_cast<void>(
      compat.release());  // it is part of the other now; NOLINT(bugprone-unused-return-value)
  std::vector<sock_filter> program = own_prelude();
  TRY_SET(const std::vector<sock_filter> compiled, take_program(context));
  program.insert(program.end(), compiled.begin(), compiled.end());
  return program;
}

}  // namespace

Result<std::vector<sock_filter>> compile_own_profile(const std::vector<std::string>& capabilities) {
  TRY_SET(const std::vector<sock_filter> full, compile_rules(add_own_rules, capabilities));
  TRY_SET(const std::vector<sock_filter> rest, compile_rules(add_rules_by_argument, capabilities));
  return as_tree(full, rest, std::array{kNative, kCompat});
}

Result<CompiledProfile> compile_profile(const oci::Seccomp& profile) {
  TRY_SET(const std::uint32_t default_action,
          action_of(profile.default_action, profile.default_errno_ret));
  TRY_SET(const Context context, make_context(default_action));
  TRY(add_architectures(context, profile.architectures));
  for (const oci::SeccompRule& rule : profile.syscalls) {
    TRY_SET(const std::uint32_t action, action_of(rule.action, rule.errno_ret));
    TRY_SET(const std::vector<scmp_arg_cmp> args, args_of(rule));
    if (action == default_action) continue;
    for (const auto& either : alternatives(args))
      for (const std::string& name : rule.names) TRY(add_rule(context, action, name, either));
  }
  CompiledProfile out;
  out.notifies = has_notify(profile);
  TRY_SET(out.flags, flags_of(profile.flags, out.notifies));
  if (profile.default_action == "SCMP_ACT_ERRNO") out.filter = newer_prelude(profile);
  TRY_SET(const std::vector<sock_filter> compiled, take_program(context));
  out.filter.insert(out.filter.end(), compiled.begin(), compiled.end());
  return out;
}

}  // namespace planet::security
