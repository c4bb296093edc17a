#include <cstdint>
#include <string>

#include "base/strings.h"
#include "fs/mount_options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (const std::string_view word : planet::split(text, ',')) words.emplace_back(word);
  (void)planet::fs::parse_mount_options(words);
  return 0;
}
