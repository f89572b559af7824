// Tidewire's part of `run`: one measurement, or one end of a call between two processes. The public API and nothing
// else, but for the frames of without-codec, which are encoded beforehand.
//
// usage: bench_media_peer latency|without-codec|start|send|receive --clip FILE [--bitrate BPS] [--duration SECONDS]
//        [--repeats COUNT]
#include <CLI/CLI.hpp>

#include "call_end.h"
#include "loopback.h"
#include "without_codec.h"

int main(int argc, char** argv) {
  using namespace tidewire::bench;
  Options options;
  CLI::App app("One measurement of a 720p30 VP8 call.");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--clip", options.clip, "what media_clip has written")->required();
  app.add_option("--bitrate", options.bitrate, "bits per second");
  app.add_option("--duration", options.duration, "seconds of measuring");
  app.add_option("--repeats", options.repeats, "of start");
  app.add_subcommand("latency")->callback([&] { measure_latency(options); });
  app.add_subcommand("without-codec")->callback([&] { measure_without_codec(options); });
  app.add_subcommand("start")->callback([&] { measure_start(options); });
  app.add_subcommand("send")->callback([&] { run_call_end(Role::kSender, options); });
  app.add_subcommand("receive")->callback([&] { run_call_end(Role::kReceiver, options); });
  CLI11_PARSE(app, argc, argv);
}
