// The seam between what decides how much may be sent and what sends it.
//
// A controller learns of every packet that leaves and of what became of it, and answers with an estimate. It is a
// machine: time comes in, nothing is called back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "congestion/packet_result.h"
#include "tidewire/congestion_control.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

// In bits per second, RTP headers counted, those of UDP and IP not.
struct Limits {
  std::uint64_t min = 10'000;
  std::uint64_t start = 1'000'000;  // believed until something is known
  std::uint64_t max = 100'000'000;
  // What the application has use for now: there is no need to find more than that. It may change at any time.
  std::uint64_t wanted = 100'000'000;
};

// One that leaves. Sizes are those of RTP packets.
struct SentPacket {
  std::int64_t number = 0;
  std::size_t size = 0;
  Timestamp sent{};
  int probe = 0;                     // the cluster that it belongs to; 0: none
  std::size_t bytes_in_flight = 0;   // with it
  bool application_limited = false;  // nothing waits behind it
};

struct Feedback {
  Timestamp received{};
  // In the order in which they were sent. One that was called lost may come again, as arrived.
  std::span<const PacketResult> results;
  std::size_t bytes_in_flight = 0;  // after it
};

// What may be sent from now on.
struct Estimate {
  // For all that leaves: media, repair, padding and data.
  std::uint64_t target_bitrate = 0;
  // The pace at which what waits leaves, at least target_bitrate.
  std::uint64_t pacing_bitrate = 0;
  // When the application sends less than this, padding makes up for it, so that the estimate stays true.
  std::uint64_t padding_bitrate = 0;
  // What is in flight at most; then nothing but sound leaves until feedback comes.
  std::size_t congestion_window = std::numeric_limits<std::size_t>::max();
};

// A burst that measures: from its first packet on packets leave at this pace, padding where nothing waits, until both
// numbers are reached.
struct ProbeCluster {
  int id = 0;  // 1 and up
  std::uint64_t bitrate = 0;
  std::size_t min_packets = 5;
  std::size_t min_bytes = 0;
};

class Controller {
 public:
  virtual ~Controller() = default;

  virtual void set_limits(const Limits& limits, Timestamp now) = 0;
  virtual void handle_sent(const SentPacket& packet) = 0;
  virtual void handle_feedback(const Feedback& feedback) = 0;
  // Feedback from now on is of another path, of which nothing is known.
  virtual void path_changed(Timestamp now) = 0;
  virtual void handle_timeout(Timestamp now) = 0;
  virtual Timestamp next_timeout() const = 0;
  virtual Estimate estimate() const = 0;
  // A cluster to be sent now, if one is wanted; ask after every call, and again when the one before has left.
  virtual std::optional<ProbeCluster> poll_probe() = 0;
};

// Null for kNone.
std::unique_ptr<Controller> make_controller(CongestionControl control, const Limits& limits, Timestamp now);

}  // namespace tidewire::congestion
