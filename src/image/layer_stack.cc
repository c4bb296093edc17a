#include "image/layer_stack.h"

#include <sys/stat.h>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;

// The entry `name` itself, never what a link there points to; nothing if there is none.
Result<std::optional<UniqueFd>> open_entry(BorrowedFd dir, const std::string& name) {
  auto entry = sys::open_at(dir, name.c_str(), O_PATH | O_NOFOLLOW);
  if (entry) return std::optional(*std::move(entry));
  if (entry.error().code() == Code::kNotFound) return std::nullopt;
  return std::unexpected(std::move(entry).error());
}

bool is_opaque(BorrowedFd dir) {
  const auto mark = sys::get_xattr(dir, kOpaqueXattr);
  return mark && *mark == "y";
}

// What one layer says of an entry.
enum class Said : std::uint8_t { kNothing, kHidden, kHere };
struct Answer {
  Said said = Said::kNothing;
  UniqueFd entry;
};

// Looks `name` up in directory `dir` of one layer, which may lack parts of the way, or hide all that is below.
Result<Answer> ask_layer(BorrowedFd layer, const std::vector<std::string>& dir,
                         const std::string& name) {
  TRY_SET(UniqueFd here, sys::duplicate(layer));
  bool hides = false;
  for (const std::string& part : dir) {
    TRY_SET(std::optional<UniqueFd> next, open_entry(here.borrow(), part));
    if (!next) return Answer{.said = hides ? Said::kHidden : Said::kNothing, .entry = {}};
    TRY_SET(const struct stat st, sys::stat_fd(next->borrow()));
    if (!S_ISDIR(st.st_mode)) return Answer{.said = Said::kHidden, .entry = {}};
    hides = hides || is_opaque(next->borrow());
    here = *std::move(next);
  }
  TRY_SET(std::optional<UniqueFd> entry, open_entry(here.borrow(), name));
  if (!entry) return Answer{.said = hides ? Said::kHidden : Said::kNothing, .entry = {}};
  TRY_SET(const struct stat st, sys::stat_fd(entry->borrow()));
  if (is_whiteout(st)) return Answer{.said = Said::kHidden, .entry = {}};
  return Answer{.said = Said::kHere, .entry = *std::move(entry)};
}

void push_front(std::deque<std::string>& left, std::string_view path) {
  const auto parts = split(path, '/');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (!part->empty() && *part != ".") left.emplace_front(*part);
}

}  // namespace

bool is_whiteout(const struct stat& st) {
  return S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

Result<> copy_attributes(BorrowedFd from, BorrowedFd to) {
  TRY_SET(const struct stat st, sys::stat_fd(from));
  TRY(sys::change_owner(to, st.st_uid, st.st_gid));
  if (!S_ISLNK(st.st_mode)) TRY(sys::change_mode(to, st.st_mode & 07777U));
  if (auto names = sys::list_xattrs(from)) {
    for (const std::string& name : *names) {
      if (name.starts_with("trusted.overlay.") || name.starts_with("security.selinux")) continue;
      TRY_SET(const std::string value, sys::get_xattr(from, name));
      TRY(sys::set_xattr(to, name, value));
    }
  }
  return sys::change_times(to, {st.st_atim, st.st_mtim});
}

Result<std::optional<UniqueFd>> LayerStack::lower_entry(const Components& dir,
                                                        const std::string& name) const {
  for (const UniqueFd& layer : lower_) {
    TRY_SET(Answer answer, ask_layer(layer.borrow(), dir, name));
    if (answer.said == Said::kHere) return std::optional(std::move(answer.entry));
    if (answer.said == Said::kHidden) return std::nullopt;
  }
  return std::nullopt;
}

Result<UniqueFd> LayerStack::open_own(const Components& dir) const {
  TRY_SET(UniqueFd here, sys::duplicate(top()));
  for (const std::string& part : dir) {
    TRY_SET(here, sys::open_at(here.borrow(), part.c_str(), kDirectory));
  }
  return here;
}

// The entry in this layer. A directory that takes the place of something this layer has removed is opaque: nothing of
// the lower one shows through.
Result<std::optional<UniqueFd>> LayerStack::own_entry(BorrowedFd here,
                                                      const std::string& name) const {
  TRY_SET(std::optional<UniqueFd> entry, open_entry(here, name));
  if (!entry) return entry;
  TRY_SET(const struct stat st, sys::stat_fd(entry->borrow()));
  if (!is_whiteout(st)) return entry;
  TRY(sys::unlink_at(here, name.c_str()));
  TRY(sys::make_dir_at(here, name.c_str(), 0755));
  TRY_SET(UniqueFd made, sys::open_at(here, name.c_str(), kDirectory));
  TRY(sys::set_xattr(made.borrow(), kOpaqueXattr, "y"));
  return std::optional(std::move(made));
}

Result<> LayerStack::continue_directory(const Components& dir, const std::string& name,
                                        BorrowedFd here, BorrowedFd lower) {
  TRY(sys::make_dir_at(here, name.c_str(), 0755));
  TRY_SET(const UniqueFd made, sys::open_at(here, name.c_str(), kDirectory));
  TRY(copy_attributes(lower, made.borrow()));
  TRY_SET(const struct stat st, sys::stat_fd(lower));
  Continued continued{.dir = dir, .times = {st.st_atim, st.st_mtim}};
  continued.dir.push_back(name);
  continued_.push_back(std::move(continued));
  return {};
}

// Goes from directory `done` on to `name`, which may be a link: then its target stands before what is left.
Result<> LayerStack::step(Components& done, const std::string& name,
                          std::deque<std::string>& left) {
  TRY_SET(const UniqueFd here, open_own(done));
  TRY_SET(std::optional<UniqueFd> entry, own_entry(here.borrow(), name));
  const bool own = entry.has_value();
  if (!own && !is_opaque(here.borrow())) {
    TRY_SET(entry, lower_entry(done, name));
  }
  if (!entry) {
    TRY(sys::make_dir_at(here.borrow(), name.c_str(), 0755));
    done.push_back(name);
    return {};
  }
  TRY_SET(const struct stat st, sys::stat_fd(entry->borrow()));
  if (S_ISLNK(st.st_mode)) {
    TRY_SET(const std::string target, sys::read_link_at(entry->borrow(), ""));
    if (target.starts_with('/')) done.clear();
    push_front(left, target);
    return {};
  }
  if (!S_ISDIR(st.st_mode))
    return fail(Code::kInvalidArgument, quote(name) + " is not a directory");
  if (!own) TRY(continue_directory(done, name, here.borrow(), entry->borrow()));
  done.push_back(name);
  return {};
}

// The components of the directory that `path` is in the whole tree, all of them made in this layer.
Result<LayerStack::Components> LayerStack::resolve(std::string_view path) {
  // Every link takes one component away and may bring many: the steps are bounded, not only the links.
  constexpr int kMostSteps = 4096;
  std::deque<std::string> left;
  push_front(left, path);
  Components done;
  for (int steps = 0; !left.empty(); ++steps) {
    if (steps == kMostSteps)
      return fail(Code::kInvalidArgument, "too many links on the way to " + quote(path));
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name != "..")
      TRY(step(done, name, left), "on the way to " + quote(path));
    else if (!done.empty())
      done.pop_back();
  }
  return done;
}

Result<UniqueFd> LayerStack::directory(std::string_view path) {
  if (last_dir_.valid() && path == last_path_) return sys::duplicate(last_dir_.borrow());
  TRY_SET(const Components dir, resolve(path));
  TRY_SET(last_dir_, open_own(dir));
  last_path_ = path;
  return sys::duplicate(last_dir_.borrow());
}

Result<std::optional<UniqueFd>> LayerStack::find_below(std::string_view path,
                                                       const std::string& name) {
  TRY_SET(const Components dir, resolve(path));
  return lower_entry(dir, name);
}

Result<> LayerStack::restore_times() const {
  for (const Continued& continued : continued_) {
    const auto dir = open_own(continued.dir);
    if (!dir) continue;  // a later entry has replaced it
    TRY(sys::change_times(dir->borrow(), continued.times));
  }
  return {};
}

}  // namespace planet::image
