#include "engine/places.h"

#include <sys/stat.h>

#include "base/strings.h"
#include "engine/host_files.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

constexpr mode_t kPrivate = 0700;

Result<UniqueFd> open_private(const std::string& path) {
  auto dir = sys::open_at(sys::kCwd, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!dir) dir = sys::make_directories(sys::kCwd, path, kPrivate);
  if (!dir) return dir;
  TRY_SET(const struct stat st, sys::stat_fd(dir->borrow()));
  if ((st.st_mode & 0077U) != 0) TRY(sys::change_mode(dir->borrow(), kPrivate));
  return dir;
}

Result<> make_missing(BorrowedFd dir, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (sys::exists_at(dir, name)) continue;
    Result<> made = sys::make_dir_at(dir, name, kPrivate);
    if (!made && made.error().code() != Code::kAlreadyExists) return made;
  }
  return {};
}

}  // namespace

Result<Places> Places::open(const std::string& root, const std::string& runroot) {
  for (const std::string& path : {root, runroot})
    if (!path.starts_with('/'))
      return fail(Code::kInvalidArgument, "directory " + quote(path) + " is not an absolute path");
  Places places{.root = root, .run_root = runroot, .root_dir = {}, .run_dir = {}};
  TRY_SET(places.root_dir, open_private(root), "open " + root);
  TRY_SET(places.run_dir, open_private(runroot), "open " + runroot);
  TRY(make_missing(places.root_dir.borrow(), {"containers", "names", "ranges"}));
  TRY(make_mount_places(places.root_dir.borrow()), "make the places to mount on");
  TRY(make_missing(places.run_dir.borrow(), {"connections", "containers", "keepers"}));
  return places;
}

}  // namespace planet::engine
