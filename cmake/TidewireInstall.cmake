# One library of all layers, its headers, and what find_package(Tidewire) needs.
include(CMakePackageConfigHelpers)

get_property(layer_targets GLOBAL PROPERTY TIDEWIRE_LAYER_TARGETS)
# What only our own program links is not part of what an application links.
list(FILTER layer_targets EXCLUDE REGEX "tidewire_(signaling|call|server|simulate)$")
set(objects "")
foreach(target IN LISTS layer_targets)
  list(APPEND objects $<TARGET_OBJECTS:${target}>)
endforeach()

add_library(tidewire STATIC ${objects})
add_library(Tidewire::tidewire ALIAS tidewire)
set_target_properties(tidewire PROPERTIES EXPORT_NAME tidewire LINKER_LANGUAGE CXX)
target_compile_features(tidewire PUBLIC cxx_std_20)
target_include_directories(tidewire PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(tidewire PUBLIC OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
if(TIDEWIRE_MEDIA)
  target_link_libraries(tidewire PUBLIC Boost::system Boost::json Boost::url
    PkgConfig::OPUS PkgConfig::VPX PkgConfig::OPENH264 PkgConfig::AOM PkgConfig::DAV1D PkgConfig::FFMPEG PkgConfig::SDL2 yuv)
endif()

install(TARGETS tidewire EXPORT TidewireTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/tidewire DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT TidewireTargets NAMESPACE Tidewire:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Tidewire)
configure_package_config_file(cmake/TidewireConfig.cmake.in TidewireConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Tidewire)
write_basic_package_version_file(TidewireConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/TidewireConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/TidewireConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Tidewire)
