# planet_program(NAME SOURCES ... DEPENDS modules...): one of the programs. Release builds are static-pie: one file to
# copy, no library loaded at start, and (unlike plain static) no table sorted at the first exception.
function(planet_program NAME)
  cmake_parse_arguments(P "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${NAME} ${P_SOURCES})
  target_link_libraries(${NAME} PRIVATE ${P_DEPENDS})
  if(PLANET_STATIC)
    target_compile_options(${NAME} PRIVATE -fPIE)
    target_link_options(${NAME} PRIVATE -static-pie -Wl,-s)
  endif()
endfunction()
