// A blob as it comes, over as many connections as it takes.
//
// Source: RFC 9110, section 14 (ranges).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/byte_source.h"
#include "registry/session.h"

namespace planet::registry {

// What a Content-Range says: "bytes 100-199/200". Nothing if it is not exactly that form.
struct Range {
  std::uint64_t first = 0, last = 0, size = 0;
  bool operator==(const Range&) const = default;
};
std::optional<Range> parse_content_range(std::string_view field);

class BlobSource : public ByteSource {
 public:
  // Asks for the blob, from its beginning or with this Range field.
  using Ask = std::function<Result<Answer>(const Headers& headers)>;

  BlobSource(Ask ask, std::uint64_t size, Retries retries)
      : ask_(std::move(ask)), size_(size), retries_(retries) {}

  // Asks. Errors: those of Ask; kCorrupt - the server announces another size.
  Result<> open();
  Result<std::string_view> next() override;

 private:
  Result<> reopen();
  Result<std::string_view> judge(std::string_view piece);

  Ask ask_;
  std::uint64_t size_;
  Retries retries_;
  std::optional<Answer> answer_;
  std::uint64_t at_ = 0;    // so many bytes have been given out
  std::uint64_t skip_ = 0;  // of the present answer to be passed over: the server ignored the range
  std::uint64_t good_from_ = 0;  // where the last good stretch began
  int breaks_ = 0;               // since then
};

}  // namespace planet::registry
