// ByteSource: bytes pulled in pieces, of any number: a file, an answer of a server, and what stands between them and who reads.
#pragma once

#include <string_view>

#include "base/error.h"

namespace planet {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ByteSource(ByteSource&&) = delete;
  ByteSource& operator=(ByteSource&&) = delete;
  virtual ~ByteSource() = default;

  // The next piece, valid until the next call; empty at the end.
  virtual Result<std::string_view> next() = 0;
};

}  // namespace planet
