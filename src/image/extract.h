// Extracts a tar archive into a directory that is in use: for `cp`, in both directions.
//
// The archive is hostile, and so may be whoever else writes to the directory. Each entry is placed by descriptors; a link
// on the way to it, in the archive or in the directory, is never followed, so nothing outside of the directory is made,
// changed or removed.
//
// Source: openat(2), O_NOFOLLOW.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/pack.h"
#include "image/tar.h"

namespace planet::image {

struct Owner {
  std::uint32_t uid = 0, gid = 0;  // of the host
};

struct ExtractOptions {
  IdView ids;                  // what the archive's owners are on the host, unless ...
  std::optional<Owner> owner;  // ... all is to belong to this one
  // Set-id bits, capabilities and attributes are not taken: the archive is a stranger's, and the directory the host's.
  bool powerless = false;
  std::function<void(const std::string& what)> warn;  // of what is passed over: device nodes
};

class Extractor {
 public:
  // `dir` may be O_PATH.
  Extractor(UniqueFd dir, ExtractOptions options)
      : dir_(std::move(dir)), options_(std::move(options)) {}

  // The entry, under its own name. A directory that is there already keeps its owner, mode and times; another file of that
  // name is replaced.
  // Errors: kInvalidArgument - its name leads out, a link or a file is in its way, a file would replace a directory, or a
  // directory a file; else those of the calls.
  Result<> add(TarReader& tar, const TarEntry& entry);

  // Directories get the times that entries made in them have changed.
  Result<> finish();

  std::uint64_t bytes() const { return bytes_; }  // of file contents so far

 private:
  Result<UniqueFd> directory(std::string_view path);
  Result<UniqueFd> enter(BorrowedFd dir, const std::string& name) const;
  Result<> place(BorrowedFd dir, const std::string& name, TarReader& tar, const TarEntry& entry);
  Result<> make_directory(BorrowedFd dir, const std::string& name, const TarEntry& entry,
                          const std::string& path);
  Result<> hard_link(BorrowedFd dir, const std::string& name, const TarEntry& entry);
  Result<> write_file(BorrowedFd file, TarReader& tar, const TarEntry& entry);
  Result<> set_attributes(BorrowedFd file, const TarEntry& entry) const;
  Owner owner_of(const TarEntry& entry) const;

  UniqueFd dir_;
  ExtractOptions options_;
  std::string last_path_;  // archives list a directory's entries together
  UniqueFd last_;
  std::map<std::string, timespec> times_;
  std::uint64_t bytes_ = 0;
};

// The whole archive from `tar`, to its end.
Result<std::uint64_t> extract(ByteSource& tar, UniqueFd dir, ExtractOptions options);

}  // namespace planet::image
