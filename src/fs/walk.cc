#include "fs/walk.h"

#include <linux/magic.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::fs {
namespace {

// Each level costs a descriptor.
constexpr std::size_t kMostDepth = 256;

constexpr std::int64_t kMqueueMagic = 0x19800202;  // ipc/mqueue.c has it, no header

}  // namespace

Result<std::optional<WalkEntry>> TreeWalk::hand_out(std::string path) {
  TRY_SET(const struct stat st, sys::stat_fd(file_.borrow()));
  path_ = std::move(path);
  descend_ = S_ISDIR(st.st_mode);
  return WalkEntry{.path = path_, .file = file_.borrow(), .st = st};
}

Result<> TreeWalk::descend() {
  descend_ = false;
  if (levels_.size() == kMostDepth)
    return fail(Code::kInvalidArgument, printable(path_) + " is deeper than " +
                                            std::to_string(kMostDepth) + " directories");
  TRY_SET(UniqueFd dir, sys::open_at(file_.borrow(), ".", O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> names, sys::list_dir(dir.borrow()));
  std::ranges::sort(names, std::greater<>());
  levels_.push_back(
      {.dir = std::move(dir), .path = path_.empty() ? "" : path_ + "/", .left = std::move(names)});
  return {};
}

Result<std::optional<WalkEntry>> TreeWalk::next() {
  if (!started_) {
    started_ = true;
    return hand_out("");
  }
  if (descend_) TRY(descend());
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.left.empty()) {
      levels_.pop_back();
      continue;
    }
    const std::string name = std::move(level.left.back());
    level.left.pop_back();
    auto file = sys::open_at(level.dir.borrow(), name.c_str(), O_PATH | O_NOFOLLOW);
    if (!file && file.error().sys_errno() == ENOENT) continue;
    if (!file) return std::unexpected(std::move(file).error());
    file_ = *std::move(file);
    return hand_out(level.path + name);
  }
  return std::nullopt;
}

std::uint64_t bytes_of_files(UniqueFd top) {
  TreeWalk walk(std::move(top));
  std::uint64_t bytes = 0;
  while (true) {
    const auto entry = walk.next();
    if (!entry || !*entry) return bytes;
    if (S_ISREG((*entry)->st.st_mode)) bytes += static_cast<std::uint64_t>((*entry)->st.st_size);
  }
}

bool is_kernels_own(BorrowedFd file) {
  constexpr std::int64_t kTypes[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,        CGROUP_SUPER_MAGIC,
                                     CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, kMqueueMagic,
                                     SECURITYFS_MAGIC,    DEBUGFS_MAGIC,      TRACEFS_MAGIC,
                                     BPF_FS_MAGIC,        BINFMTFS_MAGIC,     NSFS_MAGIC};
  const auto type = sys::file_system_type(file);
  return type && std::ranges::find(kTypes, *type) != std::end(kTypes);
}

}  // namespace planet::fs
