// Lines of --change: whatever the bytes, a changed configuration that is still one, or one sentence.
#include <cstdint>
#include <cstdlib>

#include "engine/image_change.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  oci::json::object config;
  config["Env"] = oci::json::array{"PATH=/bin"};
  config["Labels"] = nullptr;
  if (!engine::apply_change(text, config)) return 0;
  // What was made is JSON that our own reader takes, and a second time changes nothing that was not there.
  const std::string written = oci::to_text(config);
  if (!oci::parse_json(written, written.size())) std::abort();
  if (!engine::apply_change(text, config)) std::abort();
  return 0;
}
