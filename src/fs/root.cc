#include "fs/root.h"

#include <linux/openat2.h>

#include <cerrno>
#include <deque>

#include "base/strings.h"

namespace planet::fs {
namespace {

// As many links as the kernel follows in one path: path_resolution(7).
constexpr int kMostLinks = 40;

Result<> check_path(std::string_view path) {
  if (path.find('\0') != std::string_view::npos)
    return fail(Code::kInvalidArgument, "path " + quote(path) + " contains a NUL");
  return {};
}

// The kernel does not change: asked once.
bool has_openat2() {
  static const bool kHas =
      sys::open_at2(sys::kCwd, "/", O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT).has_value();
  return kHas;
}

std::unexpected<Error> path_error(int err, std::string_view path) {
  return std::unexpected(Error::from_errno(err, "open " + printable(path)));
}

// The walk: components still to resolve, and the open directories from the root to where we stand.
class Walk {
 public:
  Walk(BorrowedFd root, std::string_view path) : root_(root), path_(path) { push_front(path); }

  // Resolves all components but leaves the last, when it is not a directory change, to `open_last`.
  Result<UniqueFd> run(int flags, mode_t mode, bool follow_last) {
    while (!left_.empty()) {
      const std::string name = std::move(left_.front());
      left_.pop_front();
      if (name == "..") {
        if (!levels_.empty()) levels_.pop_back();
        continue;
      }
      const bool last = left_.empty();
      TRY_SET(const bool link, step_into_link(name, last && !follow_last));
      if (link) continue;
      if (last) return open_last(name, flags, mode);
      TRY_SET(UniqueFd next, sys::open_at(here(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
      levels_.push_back(std::move(next));
    }
    return sys::open_at(here(), ".", flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW));
  }

 private:
  BorrowedFd here() const { return levels_.empty() ? root_ : levels_.back().borrow(); }

  void push_front(std::string_view path) {
    const std::vector<std::string_view> parts = split(path, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      if (!part->empty() && *part != ".") left_.emplace_front(*part);
  }

  // True if `name` is a link, whose target now stands before what is left.
  Result<bool> step_into_link(const std::string& name, bool keep) {
    const auto st = sys::lstat_at(here(), name.c_str());
    if (!st || !S_ISLNK(st->st_mode) || keep) return false;
    if (++links_ > kMostLinks) return path_error(ELOOP, path_);
    TRY_SET(const std::string target, sys::read_link_at(here(), name.c_str()));
    if (target.starts_with('/')) levels_.clear();
    push_front(target);
    return true;
  }

  Result<UniqueFd> open_last(const std::string& name, int flags, mode_t mode) {
    // Never a link here unless the caller wants the link itself.
    return sys::open_at(here(), name.c_str(), flags | O_NOFOLLOW, mode);
  }

  BorrowedFd root_;
  std::string_view path_;
  std::deque<std::string> left_;
  std::vector<UniqueFd> levels_;
  int links_ = 0;
};

// A link in /proc like /proc/self/fd/3 is a door, not a path: the walk must not read it as one.
constexpr std::uint64_t kResolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

}  // namespace

std::pair<std::string_view, std::string_view> split_last(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Root::Root(UniqueFd dir, Resolver resolver) : dir_(std::move(dir)), resolver_(resolver) {
  if (resolver_ == Resolver::kProbe)
    resolver_ = has_openat2() ? Resolver::kOpenat2 : Resolver::kWalk;
}

Result<UniqueFd> Root::open(std::string_view path, int flags, mode_t mode) const {
  TRY(check_path(path));
  if (resolver_ == Resolver::kWalk) return Walk(dir_.borrow(), path).run(flags, mode, true);
  const std::string text = path.empty() ? "." : std::string(path);
  return sys::open_at2(dir_.borrow(), text.c_str(), flags, mode, kResolve);
}

Result<UniqueFd> Root::open_no_follow(std::string_view path, int flags, mode_t mode) const {
  TRY(check_path(path));
  // The kernel follows "link/": the slash goes first.
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (resolver_ == Resolver::kWalk) return Walk(dir_.borrow(), path).run(flags, mode, false);
  const std::string text = path.empty() ? "." : std::string(path);
  return sys::open_at2(dir_.borrow(), text.c_str(), flags | O_NOFOLLOW, mode, kResolve);
}

Result<Place> Root::parent(std::string_view path) const {
  TRY(check_path(path));
  const auto [above, name] = split_last(path);
  if (name.empty() || name == "." || name == "..")
    return fail(Code::kInvalidArgument, "path " + quote(path) + " does not end in a name");
  TRY_SET(UniqueFd dir, open(above, O_PATH | O_DIRECTORY));
  return Place{.dir = std::move(dir), .name = std::string(name)};
}

Result<UniqueFd> Root::make_directories(std::string_view path, mode_t mode) const {
  TRY(check_path(path));
  // The usual case first: it is there.
  if (auto there = open(path, O_PATH | O_DIRECTORY); there || there.error().sys_errno() != ENOENT)
    return there;
  const auto [above, name] = split_last(path);
  TRY_SET(const UniqueFd dir, make_directories(above, mode));
  if (name != "." && name != "..") {
    const Result<> made = sys::make_dir_at(dir.borrow(), std::string(name).c_str(), mode);
    if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
  }
  return open(path, O_PATH | O_DIRECTORY);
}

Result<std::string> Root::read_regular(std::string_view path, std::size_t limit) const {
  TRY_SET(const UniqueFd file, open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  TRY_SET(const struct stat st, sys::stat_fd(file.borrow()));
  if (!S_ISREG(st.st_mode))
    return fail(Code::kInvalidArgument, printable(path) + " is not a regular file");
  TRY_SET(std::string text, sys::read_all(file.borrow(), limit), "read " + printable(path));
  return text;
}

}  // namespace planet::fs
