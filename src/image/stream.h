// Streams of bytes, pulled in pieces: a file, and what stands between it and a tar reader.
//
// Source: RFC 1952 (gzip), RFC 8878 (zstd).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "image/digest.h"

namespace planet::image {

// The file from where it stands. The descriptor is lent.
std::unique_ptr<ByteSource> read_file(BorrowedFd file);

// What files begin with that are compressed with gzip, or with zstd; it takes kMostMagic bytes to tell.
constexpr std::size_t kMostMagic = 6;
bool is_gzip(std::string_view start);
bool is_zstd(std::string_view start);

// What `from` (lent) carries, unpacked if it is gzip or zstd by its first bytes, as it is if it looks like neither.
// Bounded: zstd windows up to 128 MiB; past the first GiB at most 500 times what goes in (gzip
// packs zeros a thousand times, but whole images hardly ten times).
// Errors: kInvalidArgument - damaged or cut off, a bomb, or xz or bzip2, which no image uses.
Result<std::unique_ptr<ByteSource>> decompress(ByteSource& from);

// Passes `from` (lent) on and hashes it.
class HashingSource : public ByteSource {
 public:
  explicit HashingSource(ByteSource& from) : from_(from) {}
  Result<std::string_view> next() override;
  Digest finish() { return hasher_.finish(); }  // once, at the end
  std::uint64_t size() const { return size_; }

 private:
  ByteSource& from_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

}  // namespace planet::image
