#include "sys/file.h"

#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "sys/entries.h"

namespace planet::sys {
namespace {

constexpr int kAgainAttempts = 128;

std::unexpected<Error> call_failed(const char* call, std::string_view argument) {
  return std::unexpected(Error::from_errno(errno, std::string(call) + " " + std::string(argument)));
}

template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Result<> done(long result, const char* call, std::string_view argument) {
  if (result < 0) return call_failed(call, argument);
  return {};
}

// /proc/self/fd/N of a descriptor, for calls that have no form for O_PATH descriptors.
std::array<char, 32> proc_path(BorrowedFd fd) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd.get());
  return path;
}

struct flock byte_lock(std::uint64_t at) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(at);
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<UniqueFd> open_at(BorrowedFd dir, const char* path, int flags, mode_t mode) {
  const int fd = retry([&] { return ::openat(dir.get(), path, flags | O_CLOEXEC, mode); });
  if (fd < 0) return call_failed("open", path);
  return UniqueFd(fd);
}

Result<UniqueFd> open_at2(BorrowedFd dir, const char* path, int flags, mode_t mode,
                          std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = resolve;
  long fd = -1;
  for (int attempt = 0; attempt < kAgainAttempts; ++attempt) {
    fd = retry([&] { return ::syscall(SYS_openat2, dir.get(), path, &how, sizeof how); });
    if (fd >= 0 || errno != EAGAIN) break;
  }
  if (fd < 0) return call_failed("openat2", path);
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> duplicate(BorrowedFd fd) {
  const int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return call_failed("fcntl", "F_DUPFD_CLOEXEC");
  return UniqueFd(copy);
}

Result<UniqueFd> reopen(BorrowedFd fd, int flags) {
  return open_at(kCwd, proc_path(fd).data(), flags);
}

Result<std::size_t> read_some(BorrowedFd fd, std::span<char> buffer) {
  const ssize_t n = retry([&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
  if (n < 0) return call_failed("read", "descriptor");
  return static_cast<std::size_t>(n);
}

Result<std::string> read_all(BorrowedFd fd, std::size_t limit) {
  constexpr std::size_t kChunk = 4096;
  std::string text;
  while (true) {
    const std::size_t had = text.size();
    text.resize(had + (had < kChunk ? kChunk : had));
    TRY_SET(const std::size_t n, read_some(fd, std::span(text).subspan(had)));
    text.resize(had + n);
    if (text.size() > limit)
      return fail(Code::kInvalidArgument, "more than " + std::to_string(limit) + " bytes");
    if (n == 0) return text;
  }
}

Result<std::string> read_file_at(BorrowedFd dir, const char* path, std::size_t limit) {
  TRY_SET(const UniqueFd file, open_at(dir, path, O_RDONLY));
  return [&]() -> Result<std::string> {
    TRY_SET(std::string text, read_all(file.borrow(), limit), std::string("read ") + path);
    return text;
  }();
}

Result<std::size_t> write_some(BorrowedFd fd, std::string_view data) {
  const ssize_t n = retry([&] { return ::write(fd.get(), data.data(), data.size()); });
  if (n < 0) return call_failed("write", "descriptor");
  return static_cast<std::size_t>(n);
}

Result<> write_all(BorrowedFd fd, std::string_view data) {
  while (!data.empty()) {
    TRY_SET(const std::size_t n, write_some(fd, data));
    data.remove_prefix(n);
  }
  return {};
}

Result<> write_at(BorrowedFd dir, const char* path, std::string_view data) {
  TRY_SET(const UniqueFd file, open_at(dir, path, O_WRONLY));
  const ssize_t n = retry([&] { return ::write(file.borrow().get(), data.data(), data.size()); });
  if (n < 0) return call_failed("write", path);
  if (static_cast<std::size_t>(n) != data.size())
    return fail(Code::kCorrupt, std::string("short write to ") + path);
  return {};
}

Result<> seek_to(BorrowedFd fd, std::uint64_t offset) {
  return done(::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET), "lseek",
              std::to_string(offset));
}

Result<> set_length(BorrowedFd fd, std::uint64_t length) {
  return done(::ftruncate(fd.get(), static_cast<off_t>(length)), "ftruncate",
              std::to_string(length));
}

namespace {

// Copies `from` from `begin` to `end` to the same place of `to`.
Result<> copy_stretch(BorrowedFd from, BorrowedFd to, off_t begin, off_t end) {
  constexpr off_t kMost = 1 << 30;
  TRY(seek_to(to, static_cast<std::uint64_t>(begin)));
  while (begin < end) {
    const auto count = static_cast<std::size_t>(std::min(end - begin, kMost));
    const ssize_t n = retry([&] { return ::sendfile(to.get(), from.get(), &begin, count); });
    if (n < 0) return call_failed("sendfile", "descriptor");
    if (n == 0) return {};  // it was cut off meanwhile
  }
  return {};
}

}  // namespace

Result<std::optional<Stretch>> next_stretch(BorrowedFd fd, std::uint64_t offset) {
  const off_t begin = ::lseek(fd.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (begin < 0 && errno == ENXIO) return std::nullopt;
  if (begin < 0) return call_failed("lseek", "SEEK_DATA");
  const off_t end = ::lseek(fd.get(), begin, SEEK_HOLE);
  if (end < 0) return call_failed("lseek", "SEEK_HOLE");
  return Stretch{.begin = static_cast<std::uint64_t>(begin),
                 .end = static_cast<std::uint64_t>(end)};
}

Result<> copy_file(BorrowedFd from, BorrowedFd to) {
  TRY_SET(const struct stat st, stat_fd(from));
  for (std::uint64_t end = 0;;) {
    TRY_SET(const std::optional<Stretch> data, next_stretch(from, end));
    if (!data) break;
    end = data->end;
    TRY(copy_stretch(from, to, static_cast<off_t>(data->begin), static_cast<off_t>(end)));
  }
  return set_length(to, static_cast<std::uint64_t>(st.st_size));
}

Result<> replace_file_at(BorrowedFd dir, const char* path, std::string_view data, mode_t mode,
                         Durable durable) {
  const std::string temporary = std::string(path) + ".new." + std::to_string(::getpid());
  TRY_SET(const UniqueFd file,
          open_at(dir, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  auto written = [&]() -> Result<> {
    TRY(write_all(file.borrow(), data));
    if (durable == Durable::kYes) TRY(done(::fdatasync(file.borrow().get()), "fdatasync", path));
    return rename_at(dir, temporary.c_str(), dir, path);
  }();
  if (!written) {
    ::unlinkat(dir.get(), temporary.c_str(), 0);
    return std::unexpected(std::move(written).error().while_doing(std::string("replace ") + path));
  }
  return {};
}

Result<struct stat> stat_fd(BorrowedFd fd) {
  struct stat st{};
  if (::fstat(fd.get(), &st) < 0) return call_failed("fstat", "descriptor");
  return st;
}

Result<std::int64_t> file_system_type(BorrowedFd fd) {
  struct statfs st{};
  if (::fstatfs(fd.get(), &st) < 0) return call_failed("fstatfs", "descriptor");
  return st.f_type;
}

Result<bool> is_on_read_only_mount(BorrowedFd fd) {
  struct statfs st{};
  if (::fstatfs(fd.get(), &st) < 0) return call_failed("fstatfs", "descriptor");
  return (st.f_flags & ST_RDONLY) != 0;
}

Result<FreeSpace> free_space(BorrowedFd fd) {
  struct statfs st{};
  if (::fstatfs(fd.get(), &st) < 0) return call_failed("fstatfs", "descriptor");
  const auto block = static_cast<std::uint64_t>(st.f_bsize);
  FreeSpace space{.bytes = st.f_bavail * block, .all_bytes = st.f_blocks * block};
  if (st.f_files != 0) {
    space.inodes = st.f_ffree;
    space.all_inodes = st.f_files;
  }
  return space;
}

Result<struct stat> stat_at(BorrowedFd dir, const char* path) {
  struct stat st{};
  if (::fstatat(dir.get(), path, &st, 0) < 0) return call_failed("stat", path);
  return st;
}

Result<struct stat> lstat_at(BorrowedFd dir, const char* path) {
  struct stat st{};
  if (::fstatat(dir.get(), path, &st, AT_SYMLINK_NOFOLLOW) < 0) return call_failed("stat", path);
  return st;
}

bool is_writable_at(BorrowedFd dir, const char* path) {
  return ::faccessat(dir.get(), path, W_OK, AT_EACCESS) == 0;
}

bool exists_at(BorrowedFd dir, const char* path) {
  struct stat st{};
  return ::fstatat(dir.get(), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<> make_dir_at(BorrowedFd dir, const char* path, mode_t mode) {
  return done(::mkdirat(dir.get(), path, mode), "mkdir", path);
}

Result<> make_node_at(BorrowedFd dir, const char* path, mode_t mode, dev_t device) {
  return done(::mknodat(dir.get(), path, mode, device), "mknod", path);
}

Result<> symlink_at(const char* target, BorrowedFd dir, const char* path) {
  return done(::symlinkat(target, dir.get(), path), "symlink", path);
}

Result<std::string> read_link_at(BorrowedFd dir, const char* path) {
  std::string target(256, '\0');
  while (true) {
    const ssize_t n = ::readlinkat(dir.get(), path, target.data(), target.size());
    if (n < 0) return call_failed("readlink", path);
    if (static_cast<std::size_t>(n) < target.size()) {
      target.resize(static_cast<std::size_t>(n));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

Result<> link_at(BorrowedFd old_dir, const char* old_path, BorrowedFd new_dir, const char* new_path,
                 int flags) {
  return done(::linkat(old_dir.get(), old_path, new_dir.get(), new_path, flags), "link", new_path);
}

Result<> rename_at(BorrowedFd old_dir, const char* old_path, BorrowedFd new_dir,
                   const char* new_path, unsigned flags) {
  return done(::renameat2(old_dir.get(), old_path, new_dir.get(), new_path, flags), "rename",
              new_path);
}

Result<> unlink_at(BorrowedFd dir, const char* path, int flags) {
  return done(::unlinkat(dir.get(), path, flags), (flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink",
              path);
}

Result<> change_owner(BorrowedFd fd, uid_t uid, gid_t gid) {
  return done(::fchownat(fd.get(), "", uid, gid, AT_EMPTY_PATH), "chown",
              std::to_string(uid) + ":" + std::to_string(gid));
}

Result<> change_mode(BorrowedFd fd, mode_t mode) {
  // fchmodat2(2) came with Linux 6.6; /proc/self/fd serves O_PATH descriptors before it.
  constexpr long kFchmodat2 = 452;  // of every architecture, and not in Debian 12's headers
  if (::syscall(kFchmodat2, fd.get(), "", mode, AT_EMPTY_PATH) == 0) return {};
  if (::fchmod(fd.get(), mode) == 0) return {};
  if (errno != EBADF) return call_failed("chmod", "descriptor");
  return done(::chmod(proc_path(fd).data(), mode), "chmod", "descriptor");
}

Result<> change_times(BorrowedFd fd, const struct timespec (&times)[2]) {
  // utimensat(2) with AT_EMPTY_PATH came with Linux 5.8.
  return done(::utimensat(fd.get(), "", times, AT_EMPTY_PATH), "utimensat", "descriptor");
}

Result<UniqueFd> make_directories(BorrowedFd dir, std::string_view path, mode_t mode) {
  std::string prefix(path);
  // The usual case first: it is there.
  if (auto there = open_at(dir, prefix.c_str(), O_RDONLY | O_DIRECTORY)) return there;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = path.find('/', end + 1);
    prefix = path.substr(0, end);
    if (::mkdirat(dir.get(), prefix.c_str(), mode) < 0 && errno != EEXIST && errno != EISDIR)
      return call_failed("mkdir", prefix);
  }
  return open_at(dir, prefix.c_str(), O_RDONLY | O_DIRECTORY);
}

Result<std::vector<std::string>> list_dir(BorrowedFd dir) {
  TRY_SET(const UniqueFd again, open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  return read_names(again.borrow());
}

namespace {

// One directory on the way down: where it hangs and what is still in it.
struct Level {
  UniqueFd dir;
  std::string name;  // its name in the level above
  std::vector<Entry> left;
};

Result<Level> enter(BorrowedFd parent, const std::string& name) {
  TRY_SET(UniqueFd dir, open_at(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY_SET(std::vector<Entry> entries, read_entries(dir.borrow()));
  return Level{.dir = std::move(dir), .name = name, .left = std::move(entries)};
}

// Removes an entry; true if it is a directory that must be entered first. What it is believed to be is tried first:
// unlink(2) says EISDIR to a directory, or EPERM, which it also says to a file that may not be removed.
Result<bool> remove_or_enter(BorrowedFd dir, const Entry& entry) {
  int why = EISDIR;
  for (const bool directory : {entry.directory, !entry.directory}) {
    const int flags = directory ? AT_REMOVEDIR : 0;
    if (::unlinkat(dir.get(), entry.name.c_str(), flags) == 0 || errno == ENOENT) return false;
    if (directory && (errno == ENOTEMPTY || errno == EEXIST)) return true;
    const bool other_kind = errno == EISDIR || errno == ENOTDIR;
    if (!other_kind) why = errno;
    if (!other_kind && errno != EPERM) break;
  }
  errno = why;
  return call_failed("remove", entry.name);
}

// A tree may be deeper than the descriptor limit: only the last levels keep theirs, the others are opened again
// through ".." on the way up. Nobody else moves directories in a tree that is being removed.
class TreeRemoval {
 public:
  explicit TreeRemoval(BorrowedFd top) : top_(top) {}

  Result<> run(const std::string& name) {
    TRY(remove(top_, {.name = name, .directory = true}));
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.left.empty()) {
        TRY(leave());
        continue;
      }
      const Entry next = std::move(level.left.back());
      level.left.pop_back();
      TRY(remove(level.dir.borrow(), next));
    }
    return {};
  }

 private:
  static constexpr std::size_t kOpenLevels = 64;

  // Removes one entry, or goes down into it.
  Result<> remove(BorrowedFd dir, const Entry& entry) {
    TRY_SET(const bool full, remove_or_enter(dir, entry));
    if (!full) return {};
    TRY_SET(Level below, enter(dir, entry.name));
    levels_.push_back(std::move(below));
    if (levels_.size() > kOpenLevels) levels_[levels_.size() - kOpenLevels - 1].dir.reset();
    return {};
  }

  // The last level is empty: removes it from the one above.
  Result<> leave() {
    const Level finished = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty() && !levels_.back().dir.valid()) {
      TRY_SET(levels_.back().dir, open_at(finished.dir.borrow(), "..", O_RDONLY | O_DIRECTORY));
    }
    const BorrowedFd above = levels_.empty() ? top_ : levels_.back().dir.borrow();
    if (::unlinkat(above.get(), finished.name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
      return call_failed("rmdir", finished.name);
    return {};
  }

  BorrowedFd top_;
  std::vector<Level> levels_;
};

}  // namespace

Result<> remove_tree_at(BorrowedFd dir, const char* name) {
  return TreeRemoval(dir).run(name);
}

Result<> lock_exclusive(BorrowedFd fd) {
  return done(retry([&] { return ::flock(fd.get(), LOCK_EX); }), "flock", "descriptor");
}

bool try_lock_exclusive(BorrowedFd fd) {
  return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

Result<> lock_byte(BorrowedFd file, std::uint64_t at) {
  struct flock lock = byte_lock(at);
  int result = 0;
  do result = ::fcntl(file.get(), F_OFD_SETLKW, &lock);
  while (result < 0 && errno == EINTR);
  if (result < 0) return std::unexpected(Error::from_errno(errno, "fcntl F_OFD_SETLKW"));
  return {};
}

bool try_lock_byte(BorrowedFd file, std::uint64_t at) {
  struct flock lock = byte_lock(at);
  return ::fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
}

}  // namespace planet::sys
