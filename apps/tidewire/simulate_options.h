// What `tidewire simulate` is told, and its line in the program's help.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace tidewire::app {

struct SimulateOptions {
  std::string scenario;                 // a name, or a file
  std::string controller = "tidewire";  // tidewire, google, none, both
  std::uint32_t seeds = 1;
  std::uint64_t first_seed = 1;
  std::string plot;  // a file
  bool list = false;
  bool json = false;
};

const CLI::App* add_simulate(CLI::App& app, SimulateOptions& options);

}  // namespace tidewire::app
