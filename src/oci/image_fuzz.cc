#include <cstdint>
#include <string_view>

#include "oci/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)planet::oci::parse_manifest(text);
  (void)planet::oci::parse_index(text);
  (void)planet::oci::parse_image_config(text);
  (void)planet::oci::parse_archive_manifest(text);
  return 0;
}
