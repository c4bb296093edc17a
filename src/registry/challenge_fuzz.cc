#include <cstdint>
#include <cstdlib>
#include <string>

#include "registry/challenge.h"

namespace {

using planet::registry::Challenge;

std::string quoted(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string text_of(const std::vector<Challenge>& challenges) {
  std::string out;
  for (const Challenge& challenge : challenges) {
    out += (out.empty() ? "" : ", ") + challenge.scheme;
    if (!challenge.token.empty()) out += " " + challenge.token;
    bool first = true;
    for (const auto& [name, value] : challenge.parameters) {
      out += (first ? " " : ", ") + name + "=" + quoted(value);
      first = false;
    }
  }
  return out;
}

}  // namespace

// Whatever parses must read the same after it is written, and be judged without a crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed =
      planet::registry::parse_challenges(std::string(reinterpret_cast<const char*>(data), size));
  if (!parsed) return 0;
  (void)planet::registry::choose_demand(*parsed);
  const std::string text = text_of(*parsed);
  if (text.size() > planet::registry::kMostChallengeBytes) return 0;
  const auto again = planet::registry::parse_challenges(text);
  if (!again || *again != *parsed) std::abort();
  return 0;
}
