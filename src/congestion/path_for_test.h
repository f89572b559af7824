// Flows of media and TCP through one bottleneck in virtual time, without sessions: what controllers are developed and
// tested on. Two runs with the same options are the same.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "congestion/media_flow_for_test.h"
#include "congestion/tcp_for_test.h"

namespace tidewire::congestion::lab {

struct PathOptions {
  BottleneckConfig there;
  BottleneckConfig back{.queue = std::chrono::seconds{1}};
  std::vector<FlowConfig> flows{{}};
  std::vector<TcpConfig> tcps;
  std::uint64_t seed = 1;
};

// Times are since the start.
struct Interval {
  Duration from{};
  Duration to{};
};

class Path {
 public:
  explicit Path(const PathOptions& options);

  void run_until(Duration end);

  const std::vector<std::unique_ptr<MediaFlow>>& flows() const { return flows_; }
  const std::vector<std::unique_ptr<Tcp>>& tcps() const { return tcps_; }

  // Bits per second of IP packets that arrived.
  double throughput(std::size_t flow, Interval interval) const;
  // What the link could have carried, in bits per second; of the direction that the flow sends in.
  double capacity(std::size_t flow, Interval interval) const;
  double utilisation(std::size_t flow, Interval interval) const {
    return throughput(flow, interval) / capacity(flow, interval);
  }
  // Milliseconds that a share of the flow's packets waited at most in the bottleneck's queue.
  double queue_ms(std::size_t flow, double share, Interval interval) const;
  // Dropped by the full queue, as a share of the packets sent.
  double drops(std::size_t flow, Interval interval) const;
  double frame_delay_ms(std::size_t flow, double share, Interval interval) const;
  // The longest time between two pictures, in milliseconds: what the viewer sees as a freeze when it is long.
  double longest_gap_ms(std::size_t flow, Interval interval) const;
  // Jain's index of the flows' throughput: 1 is fair.
  double jain(Interval interval) const;
  std::uint64_t target(std::size_t flow, Duration at) const;
  // Seconds from the interval's begin until the target first is at least (at most) so much; its length when never.
  double seconds_until_target(std::size_t flow, bool at_least, double bits_per_second, Interval interval) const;
  // The same of throughput, taken over the `window` before.
  double seconds_until_throughput(std::size_t flow, double bits_per_second, Duration window, Interval interval) const;
  // The longest time that the target was above so much, in seconds.
  double longest_above(std::size_t flow, double bits_per_second, Interval interval) const;
  // The lowest throughput over any `window` in the interval.
  double lowest_throughput(std::size_t flow, Duration window, Interval interval) const;
  // Seconds from the interval's begin until no packet that comes later in it waited longer than this.
  double seconds_until_queue_below(std::size_t flow, Duration queue, Interval interval) const;
  // RFC 8868's convergence: seconds until the mean of two seconds first stays within 20 % of `bits_per_second`.
  double seconds_until_converged(std::size_t flow, double bits_per_second, Interval interval) const;

 private:
  void deliver(Bottleneck& link, bool forward);

  PathOptions options_;
  Timestamp now_{};
  Bottleneck there_;
  Bottleneck back_;
  std::vector<std::unique_ptr<MediaFlow>> flows_;
  std::vector<std::unique_ptr<Tcp>> tcps_;
};

}  // namespace tidewire::congestion::lab
