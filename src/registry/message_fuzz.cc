#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "registry/canned_transport.h"
#include "registry/message.h"

namespace {

using namespace planet::registry;

struct Outcome {
  std::optional<int> status;
  Headers headers;
  std::string body;
  bool complete = false, may_reuse = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read(const std::string& answer, Method method, std::size_t piece) {
  CannedTransport transport(answer, piece);
  ResponseReader reader(transport, method);
  Outcome outcome;
  const auto head = reader.read_head();
  if (!head) return outcome;
  outcome.status = head->status;
  outcome.headers = head->headers;
  while (true) {
    const auto part = reader.next();
    if (!part) return outcome;
    if (part->empty()) break;
    outcome.body += *part;
  }
  outcome.complete = true;
  return outcome;
}

}  // namespace

// What an answer says does not depend on how it was cut on its way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string answer(reinterpret_cast<const char*>(data + 1), size - 1);
  const Method method = (data[0] & 1U) != 0 ? Method::kHead : Method::kGet;
  const Outcome whole = read(answer, method, size);
  const Outcome pieces = read(answer, method, 1 + data[0] / 2U);
  if (whole.status != pieces.status || whole.complete != pieces.complete) std::abort();
  if (whole.complete && whole != pieces) std::abort();
  return 0;
}
