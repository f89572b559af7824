#include "bench_options.h"

#include <charconv>

#include "durations.h"

namespace tidewire::app {

std::optional<std::size_t> parse_message_size(const std::string& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number == 0 || number > kLargestBenchMessage) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "k" || unit == "K") number *= 1024;
  if (!unit.empty() && unit != "k" && unit != "K") return std::nullopt;
  return number <= kLargestBenchMessage ? std::optional(number) : std::nullopt;
}

BenchCommands add_bench(CLI::App& app, BenchDataChannelOptions& options) {
  CLI::App* bench = app.add_subcommand("bench", "Measure what this machine can do");
  bench->require_subcommand(1);
  CLI::App* channel = bench->add_subcommand(
      "datachannel",
      "Measure a data channel between two peers on this host, over real UDP: goodput, processor time, and round-trip "
      "times of small messages with nothing else under way and beside the transfer");
  channel
      ->add_option_function<std::string>(
          "--size",
          [&options](const std::string& text) {
            const auto size = parse_message_size(text);
            if (!size)
              throw CLI::ValidationError("--size", "'" + text + "' is no size up to 256k; try 1k, 64k or 1200");
            options.size = *size;
          },
          "Bytes of each message (64k)")
      ->type_name("BYTES");
  add_duration_option(*channel, "--duration", options.duration,
                      "How long to transfer; the round-trip times take half as long again (10s)");
  channel
      ->add_option("--processes", options.processes,
                   "2: each peer has a process of its own; 1: a thread of one process")
      ->check(CLI::IsMember({1, 2}))
      ->type_name("1|2")
      ->capture_default_str();
  channel->add_flag("--json", options.json, "Print the figures as JSON on standard output");
  return {channel};
}

}  // namespace tidewire::app
