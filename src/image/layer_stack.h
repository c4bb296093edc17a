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
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::image {

class LayerStack {
 public:
  // `top`: the new layer's root directory. `lower`: the complete layers below, topmost first.
  LayerStack(UniqueFd top, std::vector<UniqueFd> lower)
      : top_(std::move(top)), lower_(std::move(lower)) {}

  BorrowedFd top() const { return top_.borrow(); }

  // The directory `path` in the new layer, made (with its missing parents) if it is not there yet.
  // Errors: kInvalidArgument - too many links, or a component that is no directory.
  Result<UniqueFd> directory(std::string_view path);

  // The file `name` of directory `path` in the topmost lower layer that has it; none if it is nowhere or whited
  // out. It is opened O_PATH, its last link not followed.
  Result<std::optional<UniqueFd>> find_below(std::string_view path, const std::string& name);

  // Gives the directories that were continued from lower layers their times back, which entries made in them changed.
  Result<> restore_times() const;

 private:
  using Components = std::vector<std::string>;
  struct Continued {
    Components dir;
    timespec times[2];
  };

  Result<std::optional<UniqueFd>> lower_entry(const Components& dir, const std::string& name) const;
  Result<std::optional<UniqueFd>> own_entry(BorrowedFd here, const std::string& name) const;
  Result<> continue_directory(const Components& dir, const std::string& name, BorrowedFd here,
                              BorrowedFd lower);
  Result<> step(Components& done, const std::string& name, std::deque<std::string>& left);
  Result<Components> resolve(std::string_view path);
  Result<UniqueFd> open_own(const Components& dir) const;

  UniqueFd top_;
  std::vector<UniqueFd> lower_;
  std::vector<Continued> continued_;
  // Archives list a directory's entries together: the last answer serves the next question.
  std::string last_path_;
  UniqueFd last_dir_;
};

// A whiteout as overlayfs writes it: a character device 0:0. And the mark that hides all that is below a directory.
bool is_whiteout(const struct stat& st);
inline constexpr const char* kOpaqueXattr = "trusted.overlay.opaque";

// Gives `to` the owner, mode, times and attributes of `from`.
Result<> copy_attributes(BorrowedFd from, BorrowedFd to);

}  // namespace planet::image
