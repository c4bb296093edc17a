// How a document is written as text.
#pragma once

#include <cstdint>

namespace planet::oci {

enum class Form : std::uint8_t {
  kCompact,
  kPretty  // with line breaks and a tab for each level, as other runtimes print config.json
};

}  // namespace planet::oci
