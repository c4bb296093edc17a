#include "fs/disk_usage.h"

#include <algorithm>
#include <set>
#include <utility>

#include "fs/walk.h"

namespace planet::fs {

Result<std::uint64_t> disk_usage(UniqueFd top) {
  constexpr std::uint64_t kBlock = 512;  // whatever the file system's own are
  constexpr std::int64_t kMostDepth = 250;
  std::set<std::pair<dev_t, ino_t>> seen;  // files with several names
  std::uint64_t blocks = 0;
  TreeWalk walk(std::move(top));
  while (true) {
    TRY_SET(const std::optional<WalkEntry> entry, walk.next());
    if (!entry) return blocks * kBlock;
    if (std::ranges::count(entry->path, '/') >= kMostDepth) walk.skip_below();
    const struct stat& st = entry->st;
    const bool many = !S_ISDIR(st.st_mode) && st.st_nlink > 1;
    if (many && !seen.insert({st.st_dev, st.st_ino}).second) continue;
    blocks += static_cast<std::uint64_t>(st.st_blocks);
  }
}

}  // namespace planet::fs
