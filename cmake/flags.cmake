# Compiler and linker flags of the whole tree, as one interface library: planet_flags.
add_library(planet_flags INTERFACE)
target_compile_options(planet_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
  target_compile_options(planet_flags INTERFACE -Wduplicated-cond -Wlogical-op -Wno-restrict)
else()
  target_compile_options(planet_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wreserved-identifier>)
endif()
target_compile_options(planet_flags INTERFACE -fstack-protector-strong)
# -iquote, not -I: <sys/mount.h> is the system's, "sys/mount.h" is ours.
target_compile_options(planet_flags INTERFACE "SHELL:-iquote ${CMAKE_SOURCE_DIR}/src")
target_compile_definitions(planet_flags INTERFACE PLANET_VERSION="${PROJECT_VERSION}")

if(PLANET_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  # One build for the tests and for the fuzz targets.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
else()
  # Unused parts of the static libraries are dropped by section.
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_definitions(_FORTIFY_SOURCE=2)
  endif()
endif()
