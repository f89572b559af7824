# Language, warnings and sanitizers: the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A checkout in another folder finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(tidewire_compiler INTERFACE)
target_compile_options(tidewire_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
  # Designated initialisers that leave members at their defaults are the house style.
  -Wno-missing-field-initializers
  # QUIRK g++ 12: false alarms with optimisation, inside std::string (GCC bug 105651) and of optionals in variants (GCC bug
  # 105562). The sanitized debug build and clang look for the real ones.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-restrict$<SEMICOLON>-Wno-maybe-uninitialized>
  $<$<BOOL:${TIDEWIRE_WERROR}>:-Werror>)
if(TIDEWIRE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(TIDEWIRE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(TIDEWIRE_LLD ld.lld-14)
if(TIDEWIRE_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld-14)
endif()
