# tidewire_layer(NAME [PURE] [DEPENDS layer...] [LIBRARIES target...])
#
# Makes the static library tidewire_NAME from the folder's .cc files and the executable NAME_test from its
# *_test.cc files. DEPENDS names the only other layers whose headers the folder may include; the build fails
# when it includes another (tools/check_layers.py). PURE layers may not import a clock, a thread, a socket or
# the environment (tools/check_purity.py).
function(tidewire_layer name)
  cmake_parse_arguments(layer "PURE" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(scope PUBLIC)
  if(sources)
    add_library(tidewire_${name} STATIC ${sources})
    target_link_libraries(tidewire_${name} PRIVATE tidewire_compiler)
    set_property(GLOBAL APPEND PROPERTY TIDEWIRE_LAYER_TARGETS tidewire_${name})
    if(layer_PURE)
      set_property(GLOBAL APPEND PROPERTY TIDEWIRE_PURE_TARGETS tidewire_${name})
    endif()
  else()
    add_library(tidewire_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(tidewire_${name} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  list(TRANSFORM layer_DEPENDS PREPEND tidewire_ OUTPUT_VARIABLE targets)
  target_link_libraries(tidewire_${name} ${scope} ${targets} ${layer_LIBRARIES})
  string(REPLACE ";" "," depends "${layer_DEPENDS}")
  set_property(GLOBAL APPEND PROPERTY TIDEWIRE_LAYERS "${name}:${depends}")

  if(TIDEWIRE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE tidewire_compiler tidewire_${name} $<TARGET_NAME_IF_EXISTS:tidewire_sim> GTest::gmock_main)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST PROPERTIES LABELS unit)
  endif()
endfunction()

# Runs the two checks as part of every build.
function(tidewire_check_layers)
  get_property(layers GLOBAL PROPERTY TIDEWIRE_LAYERS)
  get_property(pure GLOBAL PROPERTY TIDEWIRE_PURE_TARGETS)
  add_custom_target(check_layers ALL
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tools/check_layers.py ${PROJECT_SOURCE_DIR} ${layers}
    COMMENT "Checking include directions" VERBATIM)
  set(archives "")
  foreach(target IN LISTS pure)
    list(APPEND archives $<TARGET_FILE:${target}>)
  endforeach()
  add_custom_target(check_purity ALL
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tools/check_purity.py ${archives}
    DEPENDS ${pure}
    COMMENT "Checking that the core imports no clock, thread, socket or environment" VERBATIM)
endfunction()
