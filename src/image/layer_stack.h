// LayerStack: the layer that is being unpacked, with those below it, seen as the one tree that they will be.
//
// A layer's entry may hang below a directory that only a lower layer has, or behind a link that is there; the tree
// is then continued in this layer by a directory with the attributes that the lower one gave it. All by
// descriptor: no path of an archive is ever resolved by the kernel as a whole.
//
// Source: OCI image-spec layer.md, "Applying Changesets"; kernel Documentation/filesystems/overlayfs.rst, "whiteouts
// and opaque directories".
#pragma once

#include <sys/stat.h>

#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::image {

// The root directories of the complete layers below, topmost first. Called once, and only when a lower layer must be
// looked at: it may wait until they are complete. Without a function there are none.
using LowerLayers = std::function<Result<std::vector<BorrowedFd>>()>;

class LayerStack {
 public:
  // `top`: the new layer's root directory.
  LayerStack(UniqueFd top, LowerLayers lower)
      : top_(std::move(top)), ask_lower_(std::move(lower)) {}

  BorrowedFd top() const { return top_.borrow(); }

  // The directory `path` in the new layer, made (with its missing parents) if it is not there yet.
  // Errors: kInvalidArgument - too many links, or a component that is no directory.
  Result<UniqueFd> directory(std::string_view path);

  // To be told that a directory of the new layer was removed.
  void forget() { last_.fd.reset(); }

  // The file `name` of directory `path` in the topmost lower layer that has it; none if it is nowhere or whited
  // out. It is opened O_PATH, its last link not followed.
  Result<std::optional<UniqueFd>> find_below(std::string_view path, const std::string& name);

  // Notes the times that `name`, in the directory that was asked for last, gets in the end; "" is that directory.
  void note_times(const std::string& name, const timespec& modified);

  // Gives directories their times, which entries made in them have changed: those noted, and those that continued
  // ones had in their lower layer.
  Result<> set_times() const;

 private:
  using Components = std::vector<std::string>;
  // A directory of this layer on the way down.
  struct Position {
    Components dir;
    UniqueFd fd;
  };

  Result<std::optional<UniqueFd>> lower_entry(const Components& dir, const std::string& name);
  Result<std::optional<UniqueFd>> own_entry(BorrowedFd here, const std::string& name) const;
  Result<> continue_directory(Position& here, const std::string& name, BorrowedFd lower);
  Result<> step(Position& here, const std::string& name, std::deque<std::string>& left);
  Result<> step_up(Position& here) const;
  Result<Position> resolve(std::string_view path);
  Result<UniqueFd> open_own(const Components& dir) const;
  Result<bool> shows_below(const Components& dir) const;

  UniqueFd top_;
  LowerLayers ask_lower_;
  std::optional<std::vector<BorrowedFd>> lower_;  // none: not asked for yet
  std::map<Components, timespec> times_;
  // Archives list a directory's entries together: the last answer serves the next question.
  std::string last_path_;
  Position last_;
};

// True if the directory hides what lower layers have there.
bool is_opaque(BorrowedFd dir);

// A whiteout as overlayfs writes it: a character device 0:0. And the mark that hides all that is below a directory.
bool is_whiteout(const struct stat& st);
inline constexpr const char* kOpaqueXattr = "trusted.overlay.opaque";

// Gives `to` the owner, mode, times and attributes of `from`.
Result<> copy_attributes(BorrowedFd from, BorrowedFd to);

}  // namespace planet::image
