#include "sys/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "sys/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U  // Linux 6.3
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace planet::sys {
namespace {

Result<UniqueFd> make_memory_file(const char* name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create(name, kFlags | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, kFlags);  // before Linux 6.3
  if (fd < 0 && errno == EACCES)
    return fail(Code::kPermission,
                "memfd_create: the host's sysctl vm.memfd_noexec is 2, which forbids executable "
                "memory files; set it to 1 or 0");
  if (fd < 0) return std::unexpected(Error::from_errno(errno, "memfd_create"));
  return UniqueFd(fd);
}

Result<UniqueFd> fill_and_seal(UniqueFd file, std::string_view content) {
  TRY(write_all(file.borrow(), content));
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(file.borrow().get(), F_ADD_SEALS, kSeals) < 0)
    return std::unexpected(Error::from_errno(errno, "fcntl F_ADD_SEALS"));
  return file;
}

}  // namespace

Result<UniqueFd> memory_file(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return std::unexpected(Error::from_errno(errno, "memfd_create"));
  return UniqueFd(fd);
}

Result<UniqueFd> sealed_memory_file(const char* name, std::string_view content) {
  TRY_SET(UniqueFd file, make_memory_file(name));
  return fill_and_seal(std::move(file), content);
}

Result<UniqueFd> sealed_data_file(const char* name, std::string_view content) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create(name, kFlags | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, kFlags);  // before Linux 6.3
  if (fd < 0) return std::unexpected(Error::from_errno(errno, "memfd_create"));
  return fill_and_seal(UniqueFd(fd), content);
}

Result<std::string> memory_file_text(BorrowedFd file) {
  constexpr std::size_t kMostText = 1U << 20;
  TRY(seek_to(file, 0));
  return read_all(file, kMostText);
}

}  // namespace planet::sys
