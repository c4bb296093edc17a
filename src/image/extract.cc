#include "image/extract.h"

#include <sys/stat.h>

#include "base/strings.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;
constexpr mode_t kSetIds = 06000;

// "./a//b/" is "a/b"; the directory itself is "".
Result<std::string> clean_path(const std::string& name) {
  std::string out;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(Code::kInvalidArgument, "its name leads out of the destination");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

}  // namespace

Owner Extractor::owner_of(const TarEntry& entry) const {
  if (options_.owner) return *options_.owner;
  return {.uid = options_.ids.outside(static_cast<std::uint32_t>(entry.uid)),
          .gid = options_.ids.outside(static_cast<std::uint32_t>(entry.gid))};
}

// A missing directory is made; what is there must be one, and not a link to one.
Result<UniqueFd> Extractor::enter(BorrowedFd dir, const std::string& name) const {
  auto there = sys::open_at(dir, name.c_str(), kDirectory);
  if (there) return there;
  if (there.error().code() != Code::kNotFound)
    return fail(Code::kInvalidArgument,
                "in its way is " + quote(name) + ", which is a link or no directory");
  TRY(sys::make_dir_at(dir, name.c_str(), 0755));
  TRY_SET(UniqueFd made, sys::open_at(dir, name.c_str(), kDirectory));
  const Owner owner = owner_of({});
  TRY(sys::change_owner(made.borrow(), owner.uid, owner.gid));
  return made;
}

Result<UniqueFd> Extractor::directory(std::string_view path) {
  if (!last_.valid() || path != last_path_) {
    last_.reset();
    TRY_SET(UniqueFd here, sys::duplicate(dir_.borrow()));
    for (const std::string_view part : split(path, '/')) {
      if (part.empty()) continue;
      TRY_SET(here, enter(here.borrow(), std::string(part)));
    }
    last_ = std::move(here);
    last_path_ = path;
  }
  return sys::duplicate(last_.borrow());
}

Result<> Extractor::add(TarReader& tar, const TarEntry& entry) {
  TRY_SET(const std::string path, clean_path(entry.name));
  if (path.empty()) {
    if (entry.kind == TarKind::kDirectory) return {};
    return fail(Code::kInvalidArgument, "it has no name");
  }
  if (entry.kind == TarKind::kCharDevice || entry.kind == TarKind::kBlockDevice) {
    if (options_.warn) options_.warn("device " + quote(path) + " is not copied");
    return {};
  }
  const auto [above, leaf] = fs::split_last(path);
  TRY_SET(const UniqueFd dir, directory(above));
  const std::string name(leaf);
  if (entry.kind == TarKind::kDirectory) return make_directory(dir.borrow(), name, entry, path);
  const auto there = sys::lstat_at(dir.borrow(), name.c_str());
  if (there && S_ISDIR(there->st_mode))
    return fail(Code::kInvalidArgument,
                "cannot overwrite directory " + quote(path) + " with a file");
  if (entry.kind == TarKind::kHardlink) return hard_link(dir.borrow(), name, entry);
  if (there) TRY(sys::unlink_at(dir.borrow(), name.c_str()));
  return place(dir.borrow(), name, tar, entry);
}

Result<> Extractor::make_directory(BorrowedFd dir, const std::string& name, const TarEntry& entry,
                                   const std::string& path) {
  Result<> made = sys::make_dir_at(dir, name.c_str(), 0700);
  if (!made && made.error().code() != Code::kAlreadyExists) return made;
  const auto opened = sys::open_at(dir, name.c_str(), kDirectory);
  if (!opened && !made)
    return fail(Code::kInvalidArgument,
                "cannot overwrite " + quote(path) + ", which is no directory, with a directory");
  if (!opened) return std::unexpected(opened.error());
  if (!made) return {};
  TRY(set_attributes(opened->borrow(), entry));
  times_[path] = entry.mtime;
  return {};
}

Result<> Extractor::place(BorrowedFd dir, const std::string& name, TarReader& tar,
                          const TarEntry& entry) {
  if (entry.kind == TarKind::kFile) {
    TRY_SET(const UniqueFd file,
            sys::open_at(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    TRY(write_file(file.borrow(), tar, entry));
    return set_attributes(file.borrow(), entry);
  }
  if (entry.kind == TarKind::kSymlink)
    TRY(sys::symlink_at(entry.link.c_str(), dir, name.c_str()));
  else
    TRY(sys::make_node_at(dir, name.c_str(), S_IFIFO | 0600, 0));
  TRY_SET(const UniqueFd made, sys::open_at(dir, name.c_str(), O_PATH | O_NOFOLLOW));
  // What it is now may be something else that was put there meanwhile, which is not ours to change.
  TRY_SET(const struct stat st, sys::stat_fd(made.borrow()));
  const mode_t kind = entry.kind == TarKind::kSymlink ? S_IFLNK : S_IFIFO;
  if ((st.st_mode & S_IFMT) != kind)
    return fail(Code::kInvalidArgument, "somebody else has put another file there");
  return set_attributes(made.borrow(), entry);
}

Result<> Extractor::write_file(BorrowedFd file, TarReader& tar, const TarEntry& entry) {
  std::uint64_t end = 0;
  while (true) {
    TRY_SET(const std::optional<TarData> piece, tar.data());
    if (!piece) break;
    if (piece->offset < end || piece->offset > entry.size ||
        piece->bytes.size() > entry.size - piece->offset)
      return fail(Code::kInvalidArgument, "its stretches of data overlap or go past its end");
    if (piece->offset != end) TRY(sys::seek_to(file, piece->offset));
    TRY(sys::write_all(file, piece->bytes));
    end = piece->offset + piece->bytes.size();
    bytes_ += piece->bytes.size();
  }
  if (end != entry.size) TRY(sys::set_length(file, entry.size));  // the hole at its end
  return {};
}

Result<> Extractor::set_attributes(BorrowedFd file, const TarEntry& entry) const {
  const Owner owner = owner_of(entry);
  TRY(sys::change_owner(file, owner.uid, owner.gid));
  const bool directory = entry.kind == TarKind::kDirectory;
  mode_t mode = entry.mode;
  if (options_.powerless && !directory) mode &= ~kSetIds;
  if (entry.kind != TarKind::kSymlink) TRY(sys::change_mode(file, mode));
  const bool plain = entry.kind == TarKind::kFile || directory;
  for (const auto& [name, value] : entry.xattrs) {
    const bool users = plain && name.starts_with("user.") && !name.starts_with("user.overlay.");
    const bool kept = users || (name == "security.capability" && entry.kind == TarKind::kFile);
    if (kept && !options_.powerless) TRY(sys::set_xattr(file, name, value));
  }
  return sys::change_times(file, {entry.mtime, entry.mtime});
}

// To a file of the archive, or of the destination: its directory is found as every other.
Result<> Extractor::hard_link(BorrowedFd dir, const std::string& name, const TarEntry& entry) {
  TRY_SET(const std::string path, clean_path(entry.link), "its link target");
  const auto [above, leaf] = fs::split_last(path);
  if (leaf.empty()) return fail(Code::kInvalidArgument, "it links to a directory");
  TRY_SET(const UniqueFd target_dir, directory(above));
  const std::string target(leaf);
  const auto there = sys::lstat_at(dir, name.c_str());
  TRY_SET(const struct stat own, sys::lstat_at(target_dir.borrow(), target.c_str()));
  if (there && there->st_ino == own.st_ino && there->st_dev == own.st_dev) return {};
  if (there) TRY(sys::unlink_at(dir, name.c_str()));
  return sys::link_at(target_dir.borrow(), target.c_str(), dir, name.c_str());
}

Result<> Extractor::finish() {
  for (const auto& [path, modified] : times_) {
    const auto dir = directory(path);
    if (dir) TRY(sys::change_times(dir->borrow(), {modified, modified}));
  }
  return {};
}

Result<std::uint64_t> extract(ByteSource& tar, UniqueFd dir, ExtractOptions options) {
  TRY_SET(TarReader reader, TarReader::open(tar));
  Extractor extractor(std::move(dir), std::move(options));
  while (true) {
    TRY_SET(const std::optional<TarEntry> entry, reader.next());
    if (!entry) break;
    TRY(extractor.add(reader, *entry), printable(entry->name));
  }
  TRY(extractor.finish());
  return extractor.bytes();
}

}  // namespace planet::image
