// Files and directories relative to a directory descriptor. One function per system call: EINTR is retried,
// O_CLOEXEC is always set, the error names the call and its main argument. A plain `path` is taken as the
// kernel takes it; whatever an image, an archive or a container may influence goes through fs::Root.
//
// Source: the man page of each call, section 2.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

inline constexpr BorrowedFd kCwd{AT_FDCWD};

Result<UniqueFd> open_at(BorrowedFd dir, const char* path, int flags, mode_t mode = 0);

// openat2(2) with `resolve` (RESOLVE_*). EAGAIN, which the kernel answers when a rename races with "..", is
// retried a bounded number of times.
// Errors: kUnsupported - the kernel or a seccomp filter lacks the call.
Result<UniqueFd> open_at2(BorrowedFd dir, const char* path, int flags, mode_t mode,
                          std::uint64_t resolve);

// A second descriptor (close-on-exec) for the same open file.
Result<UniqueFd> duplicate(BorrowedFd fd);

// Opens the file behind an O_PATH descriptor anew, through /proc/self/fd.
Result<UniqueFd> reopen(BorrowedFd fd, int flags);

// Reads to the end.
// Errors: kInvalidArgument - more than `limit` bytes (nothing is returned).
Result<std::string> read_all(BorrowedFd fd, std::size_t limit);
Result<std::string> read_file_at(BorrowedFd dir, const char* path, std::size_t limit = 1U << 20);

// Up to buffer.size() bytes; 0 at the end of the file.
Result<std::size_t> read_some(BorrowedFd fd, std::span<char> buffer);

Result<> write_all(BorrowedFd fd, std::string_view data);

// One write(2), which may be short.
Result<std::size_t> write_some(BorrowedFd fd, std::string_view data);

// Writes `data` to the existing file `path` with one write(2), as kernel pseudo-files want it.
// Errors: kCorrupt - a short write.
Result<> write_at(BorrowedFd dir, const char* path, std::string_view data);

// Sets the file's position; what is skipped before the next write is a hole.
Result<> seek_to(BorrowedFd fd, std::uint64_t offset);

// The next stretch of data from `offset` on; none if a hole goes on to the end. The file's position is moved.
struct Stretch {
  std::uint64_t begin = 0, end = 0;
};
Result<std::optional<Stretch>> next_stretch(BorrowedFd fd, std::uint64_t offset);

// Sets the file's length; what is beyond its data is a hole.
Result<> set_length(BorrowedFd fd, std::uint64_t length);

// Copies the whole file into the empty file `to`, in the kernel. Holes stay holes: a file may be far longer than any
// disk.
Result<> copy_file(BorrowedFd from, BorrowedFd to);

// Replaces `path` whole: a temporary file beside it, then rename(2), so that a reader sees the old content or
// the new. Not durable over power loss unless `durable`, which syncs the file before the rename.
enum class Durable : std::uint8_t { kNo, kYes };
Result<> replace_file_at(BorrowedFd dir, const char* path, std::string_view data, mode_t mode,
                         Durable durable = Durable::kNo);

Result<struct stat> stat_fd(BorrowedFd fd);
Result<std::int64_t> file_system_type(BorrowedFd fd);  // statfs(2), f_type: *_SUPER_MAGIC
Result<bool> is_on_read_only_mount(BorrowedFd fd);     // statfs(2), f_flags: ST_RDONLY

// statfs(2): what is left for everybody, root's reserve not counted. A file system without a count of inodes says kNoLimit.
struct FreeSpace {
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  std::uint64_t bytes = 0, all_bytes = 0;
  std::uint64_t inodes = kNoLimit, all_inodes = kNoLimit;
};
Result<FreeSpace> free_space(BorrowedFd fd);

Result<struct stat> stat_at(BorrowedFd dir, const char* path);  // follows links
Result<struct stat> lstat_at(BorrowedFd dir, const char* path);
bool is_writable_at(BorrowedFd dir,
                    const char* path);  // faccessat2(2): by the caller, with its effective ids
bool exists_at(BorrowedFd dir, const char* path);  // lstat: a dangling link exists

Result<> make_dir_at(BorrowedFd dir, const char* path, mode_t mode);
Result<> make_node_at(BorrowedFd dir, const char* path, mode_t mode, dev_t device);
Result<> symlink_at(const char* target, BorrowedFd dir, const char* path);
Result<std::string> read_link_at(BorrowedFd dir, const char* path);
Result<> link_at(BorrowedFd old_dir, const char* old_path, BorrowedFd new_dir, const char* new_path,
                 int flags = 0);
Result<> rename_at(BorrowedFd old_dir, const char* old_path, BorrowedFd new_dir,
                   const char* new_path, unsigned flags = 0);         // flags: RENAME_*
Result<> unlink_at(BorrowedFd dir, const char* path, int flags = 0);  // AT_REMOVEDIR: rmdir

// Ownership, mode and times of the file behind `fd`, which may be O_PATH.
Result<> change_owner(BorrowedFd fd, uid_t uid, gid_t gid);
Result<> change_mode(BorrowedFd fd, mode_t mode);
Result<> change_times(BorrowedFd fd, const struct timespec (&times)[2]);

// Creates the directory `path` and its missing parents with `mode`, follows links: for our own places only.
Result<UniqueFd> make_directories(BorrowedFd dir, std::string_view path, mode_t mode);

// Names in the directory, without "." and "..", in no order.
Result<std::vector<std::string>> list_dir(BorrowedFd dir);

// Removes `name` and, if it is a directory, all below it, without following links, without recursion on the
// stack and without path length limits. What does not exist is no error.
Result<> remove_tree_at(BorrowedFd dir, const char* name);

// flock(2), exclusive. The lock lives as long as the open file does.
Result<> lock_exclusive(BorrowedFd fd);
bool try_lock_exclusive(BorrowedFd fd);

// One byte of a file, exclusive (fcntl(2), F_OFD_SETLK). The byte need not exist; the lock lives as long as the open file does.
Result<> lock_byte(BorrowedFd file, std::uint64_t at);
bool try_lock_byte(BorrowedFd file, std::uint64_t at);

}  // namespace planet::sys
