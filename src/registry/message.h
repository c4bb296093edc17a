// HTTP/1.1 messages: the head of a request as text, and an answer read piece by piece, whatever the server sends.
//
// Source: RFC 9112 (HTTP/1.1), RFC 9110, section 5 (fields) and 15.2 (1xx). The grammar is Boost.Beast's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/transport.h"

namespace planet::registry {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete };
std::string_view name_of(Method method);

struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

// The value of the first field of that name, in any case; null if there is none.
const std::string* find_header(const Headers& headers, std::string_view name);

struct RequestHead {
  Method method = Method::kGet;
  std::string target;  // as Url has it
  std::string host;    // as Origin::authority() has it
  Headers headers;     // without Host and Content-Length
  std::optional<std::uint64_t> body_size;
};

// Errors: kInvalidArgument - a name that is no token, or a value with a line break or another control character, which would
// begin a header of its own. The message does not show the value: it may be a password.
Result<std::string> to_text(const RequestHead& head);

struct ResponseHead {
  int status = 0;
  Headers headers;
};

// One answer. The transport is lent; what was received beyond the answer is lost, and may_reuse() then says no.
class ResponseReader {
 public:
  static constexpr std::size_t kMostHead = 65536;  // bytes of status line and fields

  ResponseReader(Transport& from, Method method);
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;
  ResponseReader(ResponseReader&&) = delete;
  ResponseReader& operator=(ResponseReader&&) = delete;
  ~ResponseReader();

  // Passes over "100 Continue" and its like. Once, before next().
  // Errors: kCorrupt - not HTTP, a head above the limit, lengths that contradict each other, or broken off; those of the transport.
  Result<ResponseHead> read_head();

  // The next piece of the body, valid until the next call; empty at its end. An answer that the server has not finished is an
  // error (kCorrupt), never an end.
  Result<std::string_view> next();

  bool got_nothing()
      const;  // the server closed before the first byte: it had closed an idle connection
  bool may_reuse() const;  // the answer is complete, and the connection may carry another

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planet::registry
