#include "engine/diff.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/strings.h"
#include "engine/container_root.h"
#include "engine/containers.h"
#include "fs/overlay.h"
#include "fs/root.h"
#include "fs/walk.h"
#include "image/layer_stack.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

// The changes so far, and where the walk is: whether the image has the directory that is being looked at, and whether all
// that the image has in it is hidden.
class Comparison {
 public:
  explicit Comparison(fs::Root image) : image_(std::move(image)) {}

  Result<> look(const fs::WalkEntry& entry) {
    leave(entry.path);
    if (image::is_whiteout(entry.st)) {
      changes_.push_back({.kind = ChangeKind::kDeleted, .path = "/" + entry.path});
      return {};
    }
    const bool directory = S_ISDIR(entry.st.st_mode);
    const auto below = lower(entry.path);
    if (!entry.path.empty())
      changes_.push_back(
          {.kind = below ? ChangeKind::kChanged : ChangeKind::kAdded, .path = "/" + entry.path});
    if (!directory) return {};
    const bool continues = below && S_ISDIR(below->st_mode);
    const bool hides = continues && (hidden() || image::is_opaque(entry.file));
    levels_.push_back({.path = entry.path, .in_image = continues, .hidden = hides});
    if (hides) return note_hidden(entry);
    return {};
  }

  std::vector<Change> finish() {
    std::ranges::sort(changes_, {}, &Change::path);
    return std::move(changes_);
  }

 private:
  struct Level {
    std::string path;
    bool in_image = false;  // as a directory
    bool hidden = false;    // it is opaque, or one above it
  };

  // Back to the directory that `path` is in.
  void leave(const std::string& path) {
    const auto is_above = [&](const std::string& dir) {
      return dir.empty() || path.starts_with(dir + "/");
    };
    while (!levels_.empty() && !is_above(levels_.back().path)) levels_.pop_back();
  }

  bool hidden() const { return !levels_.empty() && levels_.back().hidden; }

  // What the image has there. Every directory on the way is one in the image, too: no link is followed.
  std::optional<struct stat> lower(const std::string& path) const {
    if (!levels_.empty() && !levels_.back().in_image) return std::nullopt;
    const auto file = image_.open_no_follow(path, O_PATH);
    if (!file) return std::nullopt;
    const auto st = sys::stat_fd(file->borrow());
    return st ? std::optional(*st) : std::nullopt;
  }

  // What the image has in a directory that was removed and made anew.
  Result<> note_hidden(const fs::WalkEntry& entry) {
    TRY_SET(const std::vector<std::string> now, sys::list_dir(entry.file));
    TRY_SET(const UniqueFd dir, image_.open_no_follow(entry.path, O_RDONLY | O_DIRECTORY));
    TRY_SET(const std::vector<std::string> before, sys::list_dir(dir.borrow()));
    const std::set<std::string> kept(now.begin(), now.end());
    const std::string above = entry.path.empty() ? "/" : "/" + entry.path + "/";
    for (const std::string& name : before)
      if (!kept.contains(name))
        changes_.push_back({.kind = ChangeKind::kDeleted, .path = above + name});
    return {};
  }

  fs::Root image_;
  std::vector<Level> levels_;
  std::vector<Change> changes_;
};

}  // namespace

bool is_always_covered(std::string_view path) {
  const std::string_view top = path.substr(0, path.find('/'));
  return top == "proc" || top == "sys" || top == "dev";
}

Result<std::vector<Change>> diff_container(const Engine& engine, const std::string& id) {
  TRY_SET(const Container container, look_at(engine.places, id));
  TRY(check_whole(container));
  if (!container.record.rootfs.empty())
    return fail(Code::kInvalidArgument, "container " + container.record.name +
                                            " runs on a directory: there is no image to compare "
                                            "with");
  TRY_SET(const fs::DetachedMount lower,
          fs::make_overlay({.layers = layer_dirs(engine, container.record)}, std::nullopt),
          "look into the image");
  TRY_SET(UniqueFd image, sys::duplicate(lower.root()));
  TRY_SET(UniqueFd upper,
          sys::open_at(engine.places.root_dir.borrow(), ("containers/" + id + "/upper").c_str(),
                       O_PATH | O_DIRECTORY));
  Comparison comparison{fs::Root(std::move(image))};
  fs::TreeWalk walk(std::move(upper));
  while (true) {
    TRY_SET(const std::optional<fs::WalkEntry> entry, walk.next());
    if (!entry) return comparison.finish();
    if (is_always_covered(entry->path))
      walk.skip_below();
    else
      TRY(comparison.look(*entry), printable(entry->path));
  }
}

}  // namespace planet::engine
