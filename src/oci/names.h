// The words that config.json may use where it chooses from a list: what validation accepts, and what the features
// document says is recognized.
//
// Source: OCI runtime-spec 1.3, config.md, config-linux.md; capabilities(7), getrlimit(2).
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <ranges>
#include <string>
#include <string_view>

namespace planet::oci {

// By number: <linux/capability.h>.
inline constexpr std::string_view kCapabilities[] = {"CAP_CHOWN",
                                                     "CAP_DAC_OVERRIDE",
                                                     "CAP_DAC_READ_SEARCH",
                                                     "CAP_FOWNER",
                                                     "CAP_FSETID",
                                                     "CAP_KILL",
                                                     "CAP_SETGID",
                                                     "CAP_SETUID",
                                                     "CAP_SETPCAP",
                                                     "CAP_LINUX_IMMUTABLE",
                                                     "CAP_NET_BIND_SERVICE",
                                                     "CAP_NET_BROADCAST",
                                                     "CAP_NET_ADMIN",
                                                     "CAP_NET_RAW",
                                                     "CAP_IPC_LOCK",
                                                     "CAP_IPC_OWNER",
                                                     "CAP_SYS_MODULE",
                                                     "CAP_SYS_RAWIO",
                                                     "CAP_SYS_CHROOT",
                                                     "CAP_SYS_PTRACE",
                                                     "CAP_SYS_PACCT",
                                                     "CAP_SYS_ADMIN",
                                                     "CAP_SYS_BOOT",
                                                     "CAP_SYS_NICE",
                                                     "CAP_SYS_RESOURCE",
                                                     "CAP_SYS_TIME",
                                                     "CAP_SYS_TTY_CONFIG",
                                                     "CAP_MKNOD",
                                                     "CAP_LEASE",
                                                     "CAP_AUDIT_WRITE",
                                                     "CAP_AUDIT_CONTROL",
                                                     "CAP_SETFCAP",
                                                     "CAP_MAC_OVERRIDE",
                                                     "CAP_MAC_ADMIN",
                                                     "CAP_SYSLOG",
                                                     "CAP_WAKE_ALARM",
                                                     "CAP_BLOCK_SUSPEND",
                                                     "CAP_AUDIT_READ",
                                                     "CAP_PERFMON",
                                                     "CAP_BPF",
                                                     "CAP_CHECKPOINT_RESTORE"};

struct RlimitName {
  std::string_view name;
  int number;  // for prlimit(2)
};
inline constexpr RlimitName kRlimits[] = {{"RLIMIT_AS", RLIMIT_AS},
                                          {"RLIMIT_CORE", RLIMIT_CORE},
                                          {"RLIMIT_CPU", RLIMIT_CPU},
                                          {"RLIMIT_DATA", RLIMIT_DATA},
                                          {"RLIMIT_FSIZE", RLIMIT_FSIZE},
                                          {"RLIMIT_LOCKS", RLIMIT_LOCKS},
                                          {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
                                          {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
                                          {"RLIMIT_NICE", RLIMIT_NICE},
                                          {"RLIMIT_NOFILE", RLIMIT_NOFILE},
                                          {"RLIMIT_NPROC", RLIMIT_NPROC},
                                          {"RLIMIT_RSS", RLIMIT_RSS},
                                          {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
                                          {"RLIMIT_RTTIME", RLIMIT_RTTIME},
                                          {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
                                          {"RLIMIT_STACK", RLIMIT_STACK}};

inline constexpr std::string_view kSchedulerPolicies[] = {
    "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",      "SCHED_BATCH",
    "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE"};
inline constexpr std::string_view kSchedulerFlags[] = {
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",     "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",   "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX"};

inline constexpr std::string_view kIoPriorityClasses[] = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                                          "IOPRIO_CLASS_IDLE"};

inline constexpr std::string_view kPersonalityDomains[] = {"LINUX", "LINUX32"};

inline constexpr std::string_view kMemoryPolicyModes[] = {
    "MPOL_DEFAULT",   "MPOL_BIND",           "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL"};
inline constexpr std::string_view kMemoryPolicyFlags[] = {
    "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"};

inline constexpr std::string_view kHooks[] = {"prestart",       "createRuntime", "createContainer",
                                              "startContainer", "poststart",     "poststop"};

// The recursive forms are not of the specification; other runtimes take and engines write them.
inline constexpr std::string_view kPropagations[] = {
    "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"};

inline constexpr std::string_view kSeccompActions[] = {
    "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW", "SCMP_ACT_LOG",          "SCMP_ACT_NOTIFY"};
inline constexpr std::string_view kSeccompOperators[] = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};
inline constexpr std::string_view kSeccompArchitectures[] = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB"};
inline constexpr std::string_view kSeccompFlags[] = {
    "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

template <std::ranges::range Names>
bool is_one_of(const Names& names, std::string_view word) {
  return std::ranges::find(names, word) != std::ranges::end(names);
}

// "one of a, b, c"
template <std::ranges::range Names>
std::string one_of(const Names& names) {
  std::string text = "one of ";
  for (const std::string_view name : names) {
    if (text.size() > 7) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace planet::oci
