#include <cstdint>
#include <cstdlib>

#include "registry/token.h"

// What a token's server and an error say: a token is one word, and nothing longer than a line is shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto token = planet::registry::parse_token_answer(text))
    for (const char c : token->value.reveal())
      if (c <= 0x20 || c == 0x7f) std::abort();
  const std::string shown = planet::registry::parse_error_answer(text);
  if (shown.size() > 200 || shown.find('\n') != std::string::npos) std::abort();
  (void)planet::registry::plan_token_request(
      {.realm = std::string(text), .service = std::string(text), .scopes = {}}, {});
  return 0;
}
