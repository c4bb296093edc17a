#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sys/netlink_message.h"

// An answer, whatever it is, is taken apart to its end, within its bytes, and no verdict is other than an errno.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::sys;
  const std::string_view whole(reinterpret_cast<const char*>(data), size);
  std::string_view rest = whole;
  while (const auto answer = next_answer(rest)) {
    if (answer->body.data() + answer->body.size() > whole.data() + whole.size()) std::abort();
    const auto verdict = verdict_of(*answer);
    if (verdict && (verdict->error < 0 || verdict->error > 4095)) std::abort();
    std::string_view attributes = answer->body;
    while (const auto attribute = next_attribute(attributes)) {
      if (attribute->text().size() > attribute->bytes.size()) std::abort();
      (void)attribute->be32();
    }
  }
  return 0;
}
