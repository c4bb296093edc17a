// Tar archives, entry by entry, through libarchive's reader. Nothing is extracted here.
//
// Source: libarchive's archive_read(3); pax(1); tar(5). Names are bytes: no character set is assumed or converted.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/stream.h"

struct archive;
struct archive_entry;

namespace planet::image {

enum class TarKind : std::uint8_t {
  kFile,
  kDirectory,
  kSymlink,
  kHardlink,
  kCharDevice,
  kBlockDevice,
  kFifo
};

struct TarEntry {
  std::string name;  // as it stands in the archive: hostile
  TarKind kind = TarKind::kFile;
  std::string link;  // target of a symlink or hard link
  mode_t mode = 0;   // permission bits
  std::uint64_t uid = 0, gid = 0, size = 0;
  std::uint32_t major = 0, minor = 0;
  timespec mtime{};
  std::vector<std::pair<std::string, std::string>> xattrs;
};

// A stretch of a file's data; what lies between stretches is a hole.
struct TarData {
  std::string_view bytes;
  std::uint64_t offset = 0;
};

class TarReader {
 public:
  // `from` is lent.
  static Result<TarReader> open(ByteSource& from);
  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) noexcept;
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;
  ~TarReader();

  // The next entry, none at the end.
  // Errors: kInvalidArgument - damaged, cut off, more than four million entries, a header of more than 4 MiB, a name of
  // more than 4095 bytes, an id that no file can have, or a kind of entry that is none of TarKind; else those of the
  // source.
  Result<std::optional<TarEntry>> next();

  // The next stretch of the present entry's data, none at its end.
  Result<std::optional<TarData>> data();

 private:
  struct State;
  explicit TarReader(std::unique_ptr<State> state);
  Result<archive_entry*> next_header();
  std::unexpected<Error> damaged() const;
  std::unique_ptr<State> state_;
};

}  // namespace planet::image
