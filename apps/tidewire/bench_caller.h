// The end of `tidewire bench datachannel` that calls, sends and measures: one stage after the other.
#pragma once

#include <optional>
#include <vector>

#include "bench_options.h"
#include "bench_wire.h"

namespace tidewire::app {

struct RoundTrips {
  double p50_us = 0;
  double p99_us = 0;
};

struct BenchFigures {
  double goodput_mbps = 0;
  double cpu_s_per_gib = 0;  // of both ends together
  RoundTrips idle;
  RoundTrips busy;
};

class BenchCaller {
 public:
  // `descriptor`: the wire to the answerer.
  BenchCaller(int descriptor, const BenchDataChannelOptions& options);
  Result<BenchFigures> run();

 private:
  enum class Stage { kConnecting, kIdlePings, kWarmingUp, kTransfer, kBusyPings };
  // What the answerer says of itself, and this end's processor time at that moment.
  struct Sample {
    double messages = 0;
    double now_s = 0;
    double cpu_s = 0;
  };

  void call();
  void begin_pings(Stage stage);
  void ping();
  void end_pings();
  void warm_up();
  void fill();
  void take_sample(const boost::json::object& message);
  void finish_transfer(const Sample& end);
  void fail_with(std::string sentence);
  void watch(std::uint64_t before);

  BenchDataChannelOptions options_;
  EventLoop loop_;
  PeerConnection connection_;
  BenchWire wire_;
  std::shared_ptr<DataChannel> bulk_;
  std::shared_ptr<DataChannel> ping_;
  Stage stage_ = Stage::kConnecting;
  Bytes message_;
  std::uint64_t messages_sent_ = 0;
  std::uint64_t progress_ = 0;  // grows as long as anything moves
  Timestamp ping_sent_{};
  Timestamp pings_end_{};
  std::vector<Duration> round_trips_;
  std::optional<Sample> begin_;
  BenchFigures figures_;
  std::optional<Error> error_;
};

}  // namespace tidewire::app
