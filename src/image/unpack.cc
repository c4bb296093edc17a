#include "image/unpack.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/strings.h"
#include "fs/root.h"
#include "image/layer_stack.h"
#include "image/space_guard.h"
#include "image/tar.h"
#include "sys/file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kAufs = ".wh..wh.";  // notes of aufs to itself: ".wh..wh.plnk"
constexpr std::size_t kMostPadding = 64U << 20;

// A name of the archive as a path below the layer's root: "./a//b/" is "a/b". The root itself is "".
Result<std::string> clean_name(const std::string& name) {
  std::string out;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(Code::kInvalidArgument, "its name leads out of the layer");
    if (part.size() > 255)
      return fail(Code::kInvalidArgument, "a part of its name is longer than 255 bytes");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

// "trusted." and "user.overlay." would be obeyed by overlayfs, "security.selinux" by the host. The kernel gives "user."
// to files and directories only.
bool is_kept_xattr(std::string_view name, TarKind kind) {
  const bool plain = kind == TarKind::kFile || kind == TarKind::kDirectory;
  return (plain && name.starts_with("user.") && !name.starts_with("user.overlay.")) ||
         name == "security.capability";
}

class Unpacker {
 public:
  Unpacker(UniqueFd layer, LowerLayers lower)
      : stack_(std::move(layer), std::move(lower)), space_(stack_.top()) {}

  Result<> add(TarReader& tar, const TarEntry& entry) {
    TRY_SET(const std::string path, clean_name(entry.name));
    if (path.empty()) return root_entry(entry);
    TRY(space_.made_file());
    const auto [above, leaf] = fs::split_last(path);
    const std::string name(leaf);
    TRY_SET(const UniqueFd dir, stack_.directory(above));
    if (name.starts_with(kWhiteout)) return whiteout(dir.borrow(), name);
    if (entry.kind == TarKind::kHardlink) return hard_link(dir.borrow(), name, entry.link);
    TRY_SET(const UniqueFd made, create(dir.borrow(), name, tar, entry));
    note_owner(entry);
    TRY(set_attributes(made.borrow(), entry));
    if (entry.kind == TarKind::kDirectory) stack_.note_times(name, entry.mtime);
    return {};
  }

  Result<UnpackedLayer> finish() {
    TRY(stack_.set_times());
    done_.hides_below = is_opaque(stack_.top());
    return done_;
  }

 private:
  Result<> root_entry(const TarEntry& entry) {
    if (entry.kind != TarKind::kDirectory)
      return fail(Code::kInvalidArgument, "the layer's root is not a directory");
    done_.root_entry = true;
    note_owner(entry);
    TRY(set_attributes(stack_.top(), entry));
    TRY(stack_.directory(""));
    stack_.note_times("", entry.mtime);
    return {};
  }

  void note_owner(const TarEntry& entry) {
    const auto id = static_cast<std::uint32_t>(std::max(entry.uid, entry.gid));
    if (id <= done_.max_id) return;
    done_.max_id = id;
    done_.max_id_entry = entry.name;
  }

  Result<> whiteout(BorrowedFd dir, const std::string& name) {
    if (name == kOpaque) return sys::set_xattr(dir, kOpaqueXattr, "y");
    if (name.starts_with(kAufs)) return {};
    const std::string target = name.substr(kWhiteout.size());
    if (target.empty() || target == "." || target == "..")
      return fail(Code::kInvalidArgument, "it removes no file");
    const auto there = sys::lstat_at(dir, target.c_str());
    if (!there) return sys::make_node_at(dir, target.c_str(), S_IFCHR, 0);
    // This layer has made the name already: only what lower layers have there goes.
    if (!S_ISDIR(there->st_mode)) return {};
    TRY_SET(const UniqueFd made,
            sys::open_at(dir, target.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return sys::set_xattr(made.borrow(), kOpaqueXattr, "y");
  }

  // Makes room for an entry. True if what was there was removed by this layer before (a whiteout).
  Result<bool> make_room(BorrowedFd dir, const std::string& name, bool for_directory) {
    const auto there = sys::lstat_at(dir, name.c_str());
    if (!there) return false;
    if (for_directory && S_ISDIR(there->st_mode)) return false;
    TRY(sys::remove_tree_at(dir, name.c_str()));
    if (S_ISDIR(there->st_mode)) stack_.forget();
    return is_whiteout(*there);
  }

  Result<UniqueFd> create(BorrowedFd dir, const std::string& name, TarReader& tar,
                          const TarEntry& entry) {
    const bool directory = entry.kind == TarKind::kDirectory;
    TRY_SET(const bool was_removed, make_room(dir, name, directory));
    if (directory) return create_directory(dir, name, was_removed);
    if (entry.kind == TarKind::kFile) return create_file(dir, name, tar, entry.size);
    if (entry.kind == TarKind::kSymlink)
      TRY(sys::symlink_at(entry.link.c_str(), dir, name.c_str()));
    else
      TRY(create_node(dir, name, entry));
    return sys::open_at(dir, name.c_str(), O_PATH | O_NOFOLLOW);
  }

  static Result<UniqueFd> create_directory(BorrowedFd dir, const std::string& name, bool opaque) {
    const Result<> made = sys::make_dir_at(dir, name.c_str(), 0755);
    if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
    TRY_SET(UniqueFd fd, sys::open_at(dir, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (opaque) TRY(sys::set_xattr(fd.borrow(), kOpaqueXattr, "y"));
    return fd;
  }

  Result<UniqueFd> create_file(BorrowedFd dir, const std::string& name, TarReader& tar,
                               std::uint64_t size) {
    TRY_SET(UniqueFd file,
            sys::open_at(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    std::uint64_t end = 0;
    while (true) {
      TRY_SET(const std::optional<TarData> piece, tar.data());
      if (!piece) break;
      if (piece->offset < end || piece->offset > size || piece->bytes.size() > size - piece->offset)
        return fail(Code::kInvalidArgument, "its stretches of data overlap or go past its end");
      // A hole is left where the archive skips.
      if (piece->offset != end) TRY(sys::seek_to(file.borrow(), piece->offset));
      TRY(sys::write_all(file.borrow(), piece->bytes));
      end = piece->offset + piece->bytes.size();
      done_.bytes += piece->bytes.size();
      TRY(space_.wrote(piece->bytes.size()));
    }
    if (end != size) TRY(sys::set_length(file.borrow(), size));  // the hole at its end
    return file;
  }

  static Result<> create_node(BorrowedFd dir, const std::string& name, const TarEntry& entry) {
    if (entry.kind == TarKind::kFifo)
      return sys::make_node_at(dir, name.c_str(), S_IFIFO | 0600, 0);
    const bool block = entry.kind == TarKind::kBlockDevice;
    if (!block && entry.major == 0 && entry.minor == 0)
      return fail(Code::kInvalidArgument,
                  "it is the device 0:0, which overlayfs takes for a removal");
    return sys::make_node_at(dir, name.c_str(), (block ? S_IFBLK : S_IFCHR) | 0600U,
                             makedev(entry.major, entry.minor));
  }

  static Result<> set_attributes(BorrowedFd file, const TarEntry& entry) {
    TRY(sys::change_owner(file, static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)));
    // The mode after the owner, whose change takes set-user-id bits away. A link has none of its own.
    if (entry.kind != TarKind::kSymlink) TRY(sys::change_mode(file, entry.mode));
    for (const auto& [name, value] : entry.xattrs)
      if (is_kept_xattr(name, entry.kind)) TRY(sys::set_xattr(file, name, value));
    return sys::change_times(file, {entry.mtime, entry.mtime});
  }

  Result<> hard_link(BorrowedFd dir, const std::string& name, const std::string& target) {
    TRY_SET(const std::string path, clean_name(target), "its link target");
    const auto [above, leaf] = fs::split_last(path);
    if (leaf.empty()) return fail(Code::kInvalidArgument, "it links to the layer's root");
    const std::string target_name(leaf);
    TRY_SET(const UniqueFd target_dir, stack_.directory(above));
    auto own = sys::lstat_at(target_dir.borrow(), target_name.c_str());
    if (!own) {
      TRY(copy_up(target_dir.borrow(), above, target_name));
      own = sys::lstat_at(target_dir.borrow(), target_name.c_str());
    }
    if (!own || is_whiteout(*own) || S_ISDIR(own->st_mode))
      return fail(Code::kInvalidArgument, "it links to " + quote(target) + ", which is no file");
    if (const auto there = sys::lstat_at(dir, name.c_str());
        there && there->st_ino == own->st_ino && there->st_dev == own->st_dev)
      return {};  // to itself, or once more
    TRY(make_room(dir, name, false));
    return sys::link_at(target_dir.borrow(), target_name.c_str(), dir, name.c_str());
  }

  // The target is a lower layer's: this layer gets a copy, and both names are of the copy.
  Result<> copy_up(BorrowedFd dir, std::string_view above, const std::string& name) {
    TRY_SET(const std::optional<UniqueFd> lower, stack_.find_below(above, name));
    if (!lower) return fail(Code::kInvalidArgument, "it links to a file that is nowhere");
    TRY_SET(const struct stat st, sys::stat_fd(lower->borrow()));
    if (S_ISLNK(st.st_mode)) {
      TRY_SET(const std::string target, sys::read_link_at(lower->borrow(), ""));
      TRY(sys::symlink_at(target.c_str(), dir, name.c_str()));
    } else if (S_ISREG(st.st_mode)) {
      TRY_SET(const UniqueFd from, sys::reopen(lower->borrow(), O_RDONLY));
      TRY_SET(const UniqueFd to,
              sys::open_at(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
      TRY(sys::copy_file(from.borrow(), to.borrow()));
    } else if (!S_ISDIR(st.st_mode)) {
      TRY(sys::make_node_at(dir, name.c_str(), st.st_mode, st.st_rdev));
    } else {
      return fail(Code::kInvalidArgument, "it links to a directory");
    }
    TRY_SET(const UniqueFd made, sys::open_at(dir, name.c_str(), O_PATH | O_NOFOLLOW));
    return copy_attributes(lower->borrow(), made.borrow());
  }

  LayerStack stack_;
  SpaceGuard space_;
  UnpackedLayer done_;
};

// The digest covers what follows the archive's end too, but that is padding, not a place to hide a gigabyte.
Result<> drain(ByteSource& tar) {
  std::size_t padding = 0;
  while (true) {
    TRY_SET(const std::string_view piece, tar.next());
    if (piece.empty()) return {};
    padding += piece.size();
    if (padding > kMostPadding)
      return fail(Code::kInvalidArgument, "more than 64 MiB follow the end of the tar archive");
  }
}

}  // namespace

Result<UnpackedLayer> unpack_layer(ByteSource& tar, UniqueFd layer, LowerLayers lower) {
  TRY_SET(TarReader reader, TarReader::open(tar));
  Unpacker unpacker(std::move(layer), std::move(lower));
  while (true) {
    TRY_SET(const std::optional<TarEntry> entry, reader.next());
    if (!entry) break;
    TRY(unpacker.add(reader, *entry), "unpack " + printable(entry->name));
  }
  TRY(drain(tar));
  return unpacker.finish();
}

}  // namespace planet::image
