#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/attachment.h"

// What parses reads the same after it is written, and names a network that can be a file's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto one = parse_attachment(text)) {
    const auto again = parse_attachment(attachment_text(*one));
    if (!again || *again != *one || !is_network_name(one->network)) std::abort();
  }
  (void)choose_networks({text, "other"}, {}, "bridge");
  AttachmentFlags flags;
  flags.ip = flags.ip6 = flags.mac = text;
  (void)choose_networks({text}, flags, "bridge");
  return 0;
}
