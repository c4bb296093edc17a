// How JSON is written, and what its strings may hold.
#pragma once

#include <cstdint>

namespace planet::oci {

enum class Form : std::uint8_t { kCompact, kPretty };

// kAnyBytes is for what we wrote ourselves: arguments, names of files and the environment are bytes, not text.
enum class Strings : std::uint8_t { kUtf8, kAnyBytes };

}  // namespace planet::oci
