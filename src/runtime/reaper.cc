#include "runtime/reaper.h"

#include <string_view>

#include "sys/memory_file.h"

// The bytes of planet-init: runtime/reaper_blob.S.
// NOLINTBEGIN(readability-identifier-naming): names of the assembler
extern "C" const char planet_init_begin[];
extern "C" const char planet_init_end[];
// NOLINTEND(readability-identifier-naming)

namespace planet::runtime {

Result<UniqueFd> open_reaper() {
  const std::string_view program(planet_init_begin,
                                 static_cast<std::size_t>(planet_init_end - planet_init_begin));
  TRY_SET(UniqueFd file, sys::sealed_memory_file("planet-init", program), "prepare --init");
  return file;
}

}  // namespace planet::runtime
