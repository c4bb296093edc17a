#include "sys/program_image.h"

#include <elf.h>
#include <link.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>
#include <vector>

#include "base/strings.h"
#include "sys/file.h"

// Where the linker puts the program's first page.
extern "C" const ElfW(Ehdr) kImageHeader __asm__("__ehdr_start")
    __attribute__((visibility("hidden")));

namespace planet::sys {
namespace {

struct Pages {
  char* begin;
  std::size_t size;
};

std::size_t round_down(std::size_t number) {
  return number & ~(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) - 1);
}

std::size_t round_up(std::size_t number) {
  return round_down(number + static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) - 1);
}

std::span<const ElfW(Phdr)> segments() {
  const char* const table = reinterpret_cast<const char*>(&kImageHeader) + kImageHeader.e_phoff;
  return {reinterpret_cast<const ElfW(Phdr)*>(table), kImageHeader.e_phnum};
}

// From the page that `segment` begins in up to `end`. Addresses in the headers count from the first page: both programs are
// position-independent.
Pages pages_of(const ElfW(Phdr) & segment, std::size_t end) {
  const std::size_t begin = round_down(segment.p_vaddr);
  char* const image = reinterpret_cast<char*>(const_cast<ElfW(Ehdr)*>(&kImageHeader));
  return {.begin = image + begin, .size = end - begin};
}

// The pages that come from the file.
Pages file_pages(const ElfW(Phdr) & segment) {
  return pages_of(segment, round_up(segment.p_vaddr + segment.p_filesz));
}

int protection_of(const ElfW(Phdr) & segment) {
  return ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
         ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
         ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
}

std::unexpected<Error> failed(const char* call) {
  return std::unexpected(Error::from_errno(errno, call));
}

// Anything else in place of the code would be the end.
Result<> check_same_file(BorrowedFd file) {
  TRY_SET(const struct stat own, stat_at(kCwd, "/proc/self/exe"));
  TRY_SET(const struct stat other, stat_fd(file));
  if (own.st_dev == other.st_dev && own.st_ino == other.st_ino) return {};
  return fail(Code::kInvalidArgument, "not the file of this program");
}

// The same bytes at the same place: also what runs this very function never sees others.
Result<> map_from(BorrowedFd file, const ElfW(Phdr) & segment) {
  const Pages pages = file_pages(segment);
  if (::mmap(pages.begin, pages.size, protection_of(segment), MAP_PRIVATE | MAP_FIXED, file.get(),
             static_cast<off_t>(round_down(segment.p_offset))) == MAP_FAILED)
    return failed("mmap");
  return {};
}

// Variables become memory without a file. From the copy to its arrival no variable may change: mere system calls.
Result<> map_from_memory(const ElfW(Phdr) & segment) {
  const Pages pages = file_pages(segment);
  void* const copy =
      ::mmap(nullptr, pages.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return failed("mmap");
  const pid_t self = ::getpid();
  const iovec to{.iov_base = copy, .iov_len = pages.size};
  const iovec from{.iov_base = pages.begin, .iov_len = pages.size};
  if (::syscall(SYS_process_vm_readv, self, &to, 1UL, &from, 1UL, 0UL) !=
      static_cast<long>(pages.size)) {
    const auto error = failed("process_vm_readv");
    ::munmap(copy, pages.size);
    return error;
  }
  if (::syscall(SYS_mremap, copy, pages.size, pages.size, MREMAP_MAYMOVE | MREMAP_FIXED,
                pages.begin) < 0)
    return failed("mremap");
  return {};
}

// What the loader had made read-only when it was done with it.
Result<> protect_relocated(const ElfW(Phdr) & segment) {
  const Pages pages = pages_of(segment, round_down(segment.p_vaddr + segment.p_memsz));
  if (::mprotect(pages.begin, pages.size, PROT_READ) < 0) return failed("mprotect");
  return {};
}

Result<> leave_mapped_file(BorrowedFd file) {
  for (const ElfW(Phdr) & segment : segments()) {
    if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
    TRY((segment.p_flags & PF_W) != 0 ? map_from_memory(segment) : map_from(file, segment));
  }
  for (const ElfW(Phdr) & segment : segments())
    if (segment.p_type == PT_GNU_RELRO) TRY(protect_relocated(segment));
  return {};
}

// proc_pid_stat(5), from the fields after the name in parentheses, the first of which is number 3.
Result<prctl_mm_map> memory_map() {
  TRY_SET(const std::string stat, read_file_at(kCwd, "/proc/self/stat", 4096));
  const std::vector<std::string_view> fields =
      split(std::string_view(stat).substr(stat.rfind(')') + 2), ' ');
  constexpr std::size_t kFirst = 3, kEnvEnd = 51;
  if (fields.size() <= kEnvEnd - kFirst) return fail(Code::kCorrupt, "/proc/self/stat is short");
  Result<> wrong;
  const auto field = [&](std::size_t number) -> __u64 {
    const auto value = parse_number<__u64>(fields[number - kFirst], "/proc/self/stat");
    if (!value) wrong = std::unexpected(value.error());
    return value.value_or(0);
  };
  const prctl_mm_map map{.start_code = field(26),
                         .end_code = field(27),
                         .start_data = field(45),
                         .end_data = field(46),
                         .start_brk = field(47),
                         .brk = 0,
                         .start_stack = field(28),
                         .arg_start = field(48),
                         .arg_end = field(49),
                         .env_start = field(50),
                         .env_end = field(kEnvEnd),
                         .auxv = nullptr,
                         .auxv_size = 0,
                         .exe_fd = 0};
  TRY(wrong);
  return map;
}

}  // namespace

Result<> replace_program_file(BorrowedFd file) {
  TRY(check_same_file(file));
  TRY_SET(prctl_mm_map map, memory_map());
  map.exe_fd = static_cast<__u32>(file.get());
  TRY(leave_mapped_file(file));
  map.brk = static_cast<__u64>(::syscall(SYS_brk, 0UL));  // last: to allocate or free may move it
  if (::prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0) return failed("PR_SET_MM_MAP");
  return {};
}

}  // namespace planet::sys
