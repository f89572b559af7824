// What `tidewire bench` is told, and its line in the program's help.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "tidewire/time.h"

namespace tidewire::app {

// What every peer takes (RFC 8841 §6.1 has 64 KiB as the default; browsers and Tidewire announce 256 KiB).
inline constexpr std::size_t kLargestBenchMessage = 256 * 1024;

struct BenchDataChannelOptions {
  std::size_t size = 64 * 1024;  // of a message
  Duration duration = std::chrono::seconds(10);
  int processes = 2;
  bool json = false;
};

// "1k", "64k", "1200"; nothing when it is no size between 1 byte and kLargestBenchMessage.
std::optional<std::size_t> parse_message_size(const std::string& text);

struct BenchCommands {
  const CLI::App* data_channel = nullptr;
};
BenchCommands add_bench(CLI::App& app, BenchDataChannelOptions& options);

}  // namespace tidewire::app
