#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "network/resolver.h"
#include "sys/capability.h"
#include "sys/landlock.h"
#include "sys/process.h"
#include "sys/seccomp.h"

namespace planet::network {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "The architecture's number is not known: see linux/audit.h."
#endif

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
// What a newer libc tries besides fails there, as on an older kernel, and harms nobody.
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter answer(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}
// Passes over so many instructions.
sock_filter skip_unless_equal(std::uint32_t value, std::size_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(count));
}
sock_filter skip_if_any_bit(std::uint32_t bits) {
  return BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
}

// The list of what is allowed. Before each of its entries the number of the call is what was loaded last.
class AllowList {
 public:
  AllowList() {
    program_ = {load(offsetof(seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
                answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
  }

  void allow(std::initializer_list<long> calls) {
    for (const long call : calls) append(call, {answer(kAllow)});
  }

  // If the argument is one of the values. Arguments are ints: their upper halves mean nothing.
  void allow(long call, std::size_t argument, std::initializer_list<int> values) {
    std::vector<sock_filter> body{load(offset_of(argument))};
    for (const int value : values) {
      body.push_back(skip_unless_equal(static_cast<std::uint32_t>(value), 1));
      body.push_back(answer(kAllow));
    }
    body.push_back(answer(kDeny));
    append(call, body);
  }

  // If the argument has none of the bits.
  void allow_without(long call, std::size_t argument, int bits) {
    append(call, {load(offset_of(argument)), skip_if_any_bit(static_cast<std::uint32_t>(bits)),
                  answer(kAllow), answer(kDeny)});
  }

  std::vector<sock_filter> finish() && {
    program_.push_back(answer(kDeny));
    return std::move(program_);
  }

 private:
  static std::size_t offset_of(std::size_t argument) {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t);
  }

  void append(long call, const std::vector<sock_filter>& body) {
    program_.push_back(skip_unless_equal(static_cast<std::uint32_t>(call), body.size()));
    program_.insert(program_.end(), body.begin(), body.end());
  }

  std::vector<sock_filter> program_;
};

std::vector<sock_filter> resolver_filter() {
  AllowList list;
  list.allow({SYS_recvmmsg, SYS_sendmmsg, SYS_recvfrom, SYS_sendto, SYS_readlinkat, SYS_close,
              SYS_getdents64, SYS_connect, SYS_accept4, SYS_ppoll});
#ifdef SYS_poll
  list.allow({SYS_poll});
#endif
  list.allow({SYS_read, SYS_write, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_clock_gettime,
              SYS_getrandom, SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex,
              SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit, SYS_exit_group});
  // Files are read, never written or made.
  list.allow_without(SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
  list.allow(SYS_fcntl, 1, {F_GETFL, F_SETFL, F_GETFD, F_SETFD});
  list.allow(SYS_socket, 0, {AF_INET, AF_INET6});
  list.allow_without(SYS_mmap, 2, PROT_EXEC);
  list.allow_without(SYS_mprotect, 2, PROT_EXEC);
  return std::move(list).finish();
}

Result<> keep_to_names(const ResolverPlan& plan) {
  sys::LandlockExceptions exceptions;
  for (const NamedNetwork& network : plan.networks) {
    exceptions.readable_dirs.push_back(network.names.names_dir());
    exceptions.readable_dirs.push_back(network.names.addresses_dir());
  }
  for (const Upstream& upstream : plan.upstreams) exceptions.tcp_ports.push_back(upstream.port);
  auto restricted = sys::restrict_self(exceptions);
  // It is one wall of several: a kernel without it is no reason to leave a container without names.
  if (!restricted && restricted.error().code() == Code::kUnsupported) return {};
  return restricted;
}

Result<> limit_resources() {
  constexpr pid_t kSelf = 0;
  // The queries on their way, the clients, three directories for each of many networks.
  constexpr rlim_t kMostFiles = 512;
  TRY(sys::set_rlimit(kSelf, RLIMIT_NOFILE, kMostFiles, kMostFiles));
  TRY(sys::set_rlimit(kSelf, RLIMIT_CORE, 0, 0));
  TRY(sys::set_rlimit(kSelf, RLIMIT_FSIZE, 0, 0));
  return {};
}

Result<> drop_rights() {
  constexpr uid_t kNobody = 65534;
  if (sys::own_user() == 0) {
    TRY(sys::set_groups({}));
    TRY(sys::set_ids(kNobody, kNobody));
  }
  TRY(sys::clear_ambient_capabilities());
  TRY(sys::set_capabilities(0, 0, 0));
  // Behind the change of the user, which the kernel answers by its own rule for what may be dumped.
  return sys::set_dumpable(false);
}

}  // namespace

Result<> confine_resolver(const ResolverPlan& plan) {
  TRY(sys::set_no_new_privs(), "confine the resolver");
  TRY(keep_to_names(plan), "confine the resolver");
  TRY(limit_resources(), "confine the resolver");
  TRY(drop_rights(), "confine the resolver");
  TRY(sys::load_seccomp_filter(resolver_filter(), 0), "confine the resolver");
  return {};
}

}  // namespace planet::network
