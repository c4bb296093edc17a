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
  bool hides = is_opaque(layer);
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

bool is_opaque(BorrowedFd dir) {
  const auto mark = sys::get_xattr(dir, kOpaqueXattr);
  return mark && *mark == "y";
}

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

// True if this layer hides nothing of `dir`: neither it nor a directory above it is opaque.
Result<bool> LayerStack::shows_below(const Components& dir) const {
  TRY_SET(UniqueFd here, sys::duplicate(top()));
  if (is_opaque(here.borrow())) return false;
  for (const std::string& part : dir) {
    TRY_SET(here, sys::open_at(here.borrow(), part.c_str(), kDirectory));
    if (is_opaque(here.borrow())) return false;
  }
  return true;
}

Result<std::optional<UniqueFd>> LayerStack::lower_entry(const Components& dir,
                                                        const std::string& name) {
  if (!ask_lower_) return std::nullopt;
  TRY_SET(const bool shows, shows_below(dir));
  if (!shows) return std::nullopt;
  if (!lower_) {
    TRY_SET(lower_, ask_lower_());
  }
  for (const BorrowedFd layer : *lower_) {
    TRY_SET(Answer answer, ask_layer(layer, dir, name));
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
  TRY(sys::change_mode(made.borrow(), 0755));
  TRY(sys::set_xattr(made.borrow(), kOpaqueXattr, "y"));
  return std::optional(std::move(made));
}

Result<> LayerStack::continue_directory(Position& here, const std::string& name, BorrowedFd lower) {
  TRY(sys::make_dir_at(here.fd.borrow(), name.c_str(), 0755));
  TRY_SET(here.fd, sys::open_at(here.fd.borrow(), name.c_str(), kDirectory));
  here.dir.push_back(name);
  TRY(copy_attributes(lower, here.fd.borrow()));
  TRY_SET(const struct stat st, sys::stat_fd(lower));
  times_[here.dir] = st.st_mtim;
  return {};
}

// Goes on to `name`, which may be a link: then its target stands before what is left.
Result<> LayerStack::step(Position& here, const std::string& name, std::deque<std::string>& left) {
  TRY_SET(std::optional<UniqueFd> entry, own_entry(here.fd.borrow(), name));
  const bool own = entry.has_value();
  if (!own) {
    TRY_SET(entry, lower_entry(here.dir, name));
  }
  if (!entry) {
    TRY(sys::make_dir_at(here.fd.borrow(), name.c_str(), 0755));
    TRY_SET(here.fd, sys::open_at(here.fd.borrow(), name.c_str(), kDirectory));
    here.dir.push_back(name);
    return sys::change_mode(here.fd.borrow(), 0755);  // whatever the caller's umask
  }
  TRY_SET(const struct stat st, sys::stat_fd(entry->borrow()));
  if (S_ISLNK(st.st_mode)) {
    TRY_SET(const std::string target, sys::read_link_at(entry->borrow(), ""));
    if (target.starts_with('/')) {
      here.dir.clear();
      TRY_SET(here.fd, sys::duplicate(top()));
    }
    push_front(left, target);
    return {};
  }
  if (!S_ISDIR(st.st_mode))
    return fail(Code::kInvalidArgument, quote(name) + " is not a directory");
  if (!own) return continue_directory(here, name, entry->borrow());
  here.dir.push_back(name);
  here.fd = *std::move(entry);
  return {};
}

Result<> LayerStack::step_up(Position& here) const {
  if (here.dir.empty()) return {};
  here.dir.pop_back();
  TRY_SET(here.fd, open_own(here.dir));
  return {};
}

// The directory that `path` is in the whole tree, with all on the way to it made in this layer.
Result<LayerStack::Position> LayerStack::resolve(std::string_view path) {
  // Every link takes one component away and may bring many: the steps are bounded, not only the links.
  constexpr int kMostSteps = 4096;
  std::deque<std::string> left;
  push_front(left, path);
  Position here;
  TRY_SET(here.fd, sys::duplicate(top()));
  for (int steps = 0; !left.empty(); ++steps) {
    if (steps == kMostSteps)
      return fail(Code::kInvalidArgument, "too many links on the way to " + quote(path));
    const std::string name = std::move(left.front());
    left.pop_front();
    TRY(name == ".." ? step_up(here) : step(here, name, left), "on the way to " + quote(path));
  }
  return here;
}

Result<UniqueFd> LayerStack::directory(std::string_view path) {
  if (!last_.fd.valid() || path != last_path_) {
    last_.fd.reset();
    TRY_SET(last_, resolve(path));
    last_path_ = path;
  }
  return sys::duplicate(last_.fd.borrow());
}

Result<std::optional<UniqueFd>> LayerStack::find_below(std::string_view path,
                                                       const std::string& name) {
  TRY_SET(const Position there, resolve(path));
  return lower_entry(there.dir, name);
}

void LayerStack::note_times(const std::string& name, const timespec& modified) {
  Components dir = last_.dir;
  if (!name.empty()) dir.push_back(name);
  times_[std::move(dir)] = modified;
}

Result<> LayerStack::set_times() const {
  for (const auto& [path, modified] : times_) {
    const auto dir = open_own(path);
    if (!dir) continue;  // a later entry has replaced it
    TRY(sys::change_times(dir->borrow(), {modified, modified}));
  }
  return {};
}

}  // namespace planet::image
