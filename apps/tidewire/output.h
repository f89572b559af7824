// How the program speaks: results on standard output, everything else on standard error.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "tidewire/error.h"

namespace tidewire::app {

// A line for the person who watches; with --json it goes to standard error, beside the report.
template <typename... Args>
void say(bool json, fmt::format_string<Args...> format, Args&&... args) {
  std::FILE* stream = json ? stderr : stdout;
  fmt::print(stream, "{}\n", fmt::format(format, std::forward<Args>(args)...));
  std::fflush(stream);
}

inline void print_result(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

// One sentence; the exit status of a failure. With --json the same as an object on standard output.
inline int fail(bool json, const Error& error) {
  fmt::print(stderr, "tidewire: {}\n", error.message);
  if (json) {
    print_result(boost::json::serialize(boost::json::object{
        {"connected", false}, {"error", {{"name", to_string(error.code)}, {"message", error.message}}}}));
  }
  return 1;
}

// The same for flags or files that make no sense, of verbs that make no call.
inline int misuse(bool json, const Error& error) {
  fmt::print(stderr, "tidewire: {}\n", error.message);
  if (json) {
    print_result(boost::json::serialize(
        boost::json::object{{"error", {{"name", to_string(error.code)}, {"message", error.message}}}}));
  }
  return 2;
}

}  // namespace tidewire::app
