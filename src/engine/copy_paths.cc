#include "engine/copy_paths.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

constexpr int kMostLinks = 40;  // path_resolution(7)

// What a destination's path leads to: a file that is there, or its directory and a name that nothing has yet.
struct Found {
  UniqueFd file;  // invalid: it is not there
  struct stat st{};
  fs::Place place;  // of what is no directory
};

std::unexpected<Error> no_directory(const std::string& path) {
  return fail(Code::kNotFound, "directory of " + quote(path) + " does not exist; make it first");
}

// One step: what is at `path`, or, in `link`, where the link that is there leads to.
Result<Found> look(const fs::Root& root, const std::string& path, std::string& link) {
  Found found;
  auto file = root.open(path, O_PATH);
  if (!file && file.error().sys_errno() != ENOENT) return std::unexpected(file.error());
  if (file) {
    TRY_SET(found.st, sys::stat_fd(file->borrow()));
    found.file = *std::move(file);
    if (S_ISDIR(found.st.st_mode)) return found;
  }
  TRY_SET(found.place, root.parent(path));
  const auto there = sys::lstat_at(found.place.dir.borrow(), found.place.name.c_str());
  if (!there || !S_ISLNK(there->st_mode)) return found;
  TRY_SET(link, sys::read_link_at(found.place.dir.borrow(), found.place.name.c_str()));
  if (link.starts_with('/')) return found;
  std::string above(fs::split_last(path).first);
  link = std::move(above).append("/").append(link);
  return found;
}

// A link at the end is followed here, not by the kernel, for it may lead to where a file is to be made.
Result<Found> follow(const fs::Root& root, const std::string& path) {
  std::string at = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    std::string link;
    auto found = look(root, at, link);
    if (!found && found.error().code() == Code::kNotFound) return no_directory(path);
    if (!found || link.empty()) return found;
    at = std::move(link);
  }
  return std::unexpected(Error::from_errno(ELOOP, "open " + printable(path)));
}

}  // namespace

PathWords words_of(std::string_view path) {
  PathWords words;
  words.slash = path.ends_with('/');
  const auto [above, name] = fs::split_last(path);
  words.contents = name.empty() || name == "." || name == "..";
  words.slash = words.slash || words.contents;
  if (!words.contents) words.name = name;
  return words;
}

Result<CopySource> find_source(const fs::Root& root, const std::string& path, bool follow_link) {
  CopySource source{.file = {}, .words = words_of(path)};
  const bool through = follow_link || source.words.slash;
  auto file = through ? root.open(path, O_PATH) : root.open_no_follow(path, O_PATH);
  if (!file && file.error().sys_errno() == ENOTDIR)
    return fail(Code::kInvalidArgument, quote(path) + ": a part of it is not a directory");
  if (!file) return std::unexpected(std::move(file).error());
  source.file = *std::move(file);
  TRY_SET(const struct stat st, sys::stat_fd(source.file.borrow()));
  source.directory = S_ISDIR(st.st_mode);
  if (source.words.slash && !source.directory)
    return fail(Code::kInvalidArgument, quote(path) + " is not a directory");
  return source;
}

Result<CopyTarget> find_target(const fs::Root& root, const std::string& path,
                               const CopySource& source) {
  TRY_SET(Found found, follow(root, path));
  const bool exists = found.file.valid();
  if (exists && S_ISDIR(found.st.st_mode)) {
    const bool inside = !(source.directory && source.words.contents);
    return CopyTarget{.dir = std::move(found.file), .name = inside ? source.words.name : ""};
  }
  if (exists && source.directory)
    return fail(Code::kInvalidArgument,
                "cannot copy a directory to " + quote(path) + ", which is not a directory");
  if (exists && !S_ISREG(found.st.st_mode))
    return fail(Code::kInvalidArgument, quote(path) + " is neither a file nor a directory");
  if (words_of(path).slash && !source.directory) {
    if (exists) return fail(Code::kInvalidArgument, quote(path) + " is not a directory");
    return fail(Code::kNotFound, "directory " + quote(path) + " does not exist; make it first");
  }
  return CopyTarget{.dir = std::move(found.place.dir), .name = std::move(found.place.name)};
}

Result<UniqueFd> find_target_directory(const fs::Root& root, const std::string& path) {
  TRY_SET(Found found, follow(root, path));
  if (!found.file.valid())
    return fail(Code::kNotFound, "directory " + quote(path) + " does not exist; make it first");
  if (!S_ISDIR(found.st.st_mode))
    return fail(Code::kInvalidArgument, quote(path) + " is not a directory: an archive needs one");
  return std::move(found.file);
}

}  // namespace planet::engine
