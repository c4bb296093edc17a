#include "sys/bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace planet::sys {
namespace {

long bpf(int command, bpf_attr& attr) {
  long result = -1;
  do result = ::syscall(SYS_bpf, command, &attr, sizeof attr);
  while (result < 0 && errno == EINTR);
  return result;
}

long load(std::span<const bpf_insn> code, std::span<char> log) {
  static constexpr char kLicense[] = "Apache-2.0";
  bpf_attr attr{};
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insns = reinterpret_cast<std::uintptr_t>(code.data());
  attr.insn_cnt = static_cast<__u32>(code.size());
  attr.license = reinterpret_cast<std::uintptr_t>(kLicense);
  if (!log.empty()) {
    attr.log_level = 1;
    attr.log_buf = reinterpret_cast<std::uintptr_t>(log.data());
    attr.log_size = static_cast<__u32>(log.size());
  }
  return bpf(BPF_PROG_LOAD, attr);
}

}  // namespace

Result<UniqueFd> load_device_program(std::span<const bpf_insn> code) {
  const long fd = load(code, {});
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  const int err = errno;
  std::string log(65536, '\0');
  (void)load(code, log);
  log.resize(std::strlen(log.c_str()));
  return std::unexpected(
      Error::from_errno(err, "bpf BPF_PROG_LOAD" + (log.empty() ? "" : " (" + log + ")")));
}

Result<> attach_to_cgroup(BorrowedFd program, BorrowedFd cgroup) {
  bpf_attr attr{};
  std::memset(&attr, 0, sizeof attr);
  attr.target_fd = static_cast<__u32>(cgroup.get());
  attr.attach_bpf_fd = static_cast<__u32>(program.get());
  attr.attach_type = BPF_CGROUP_DEVICE;
  attr.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attr) < 0)
    return std::unexpected(Error::from_errno(errno, "bpf BPF_PROG_ATTACH"));
  return {};
}

}  // namespace planet::sys
