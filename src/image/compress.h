// Compresses a stream of bytes as layers are: the same input gives the same output, with the same library.
//
// Source: RFC 1952 (gzip), RFC 8878 (zstd); OCI image-spec layer.md, media types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/stream.h"

namespace planet::image {

enum class Compression : std::uint8_t { kGzip, kZstd };

// `from` is lent. Errors of next(): kSystem - no memory; else those of the source.
std::unique_ptr<ByteSource> compress(ByteSource& from, Compression how);

// "application/vnd.oci.image.layer.v1.tar+gzip" and the like.
const char* layer_media_type(Compression how);

// How this file, from where it stands, is compressed; none if it is not. Its first bytes are read.
Result<std::optional<Compression>> compression_of(BorrowedFd file);

}  // namespace planet::image
