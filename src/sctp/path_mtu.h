// Datagram Packetization Layer Path MTU Discovery (RFC 8899 §5): which packets the path carries, found out with probes
// that are acknowledged or lost. A value that knows neither packets nor clocks; path_probe.h sends what it asks for.
//
// Sizes are those of whole SCTP packets, multiples of four. A search begins when larger packets would be of use, and
// ends: an idle association is not probed. It tries the largest size, then what the same link leaves with IPv6 in place
// of IPv4, then halves what is left. A probe counts as lost only when the path carried something else meanwhile.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::sctp {

class PathMtu {
 public:
  // RFC 8899 §5.1.2
  static constexpr int kMaxProbes = 3;
  // RFC 8899 §5.1.1: PMTU_RAISE_TIMER.
  static constexpr Duration kRaiseInterval = std::chrono::seconds(600);
  // RFC 8899 §5.1.1 allows no less, and wants more than 15 s when the round trip is not known. DEVIATES because SCTP
  // knows it: a probe waits as long as a retransmission, but not less than this.
  static constexpr Duration kMinProbeTimeout = std::chrono::seconds(1);
  // The path carries small packets and not those of the base size: how often this is asked again.
  static constexpr Duration kErrorInterval = std::chrono::seconds(15);
  // A search ends when less than this could be gained (RFC 8899 §5.3.2).
  static constexpr std::size_t kGranularity = 32;
  // RFC 4821 §7.7: after so many timeouts in a row the size of the packets is suspected.
  static constexpr int kBlackHoleTimeouts = 2;
  // A chunk that was sent so often, when for as many round trips nothing as large has arrived, is too large.
  static constexpr int kBlackHoleTransmissions = 4;

  // RFC 8899 §5.2
  enum class State { kDisabled, kBase, kSearching, kSearchComplete, kError };

  // `max` not above `base`: it stays disabled.
  PathMtu(std::size_t base, std::size_t max);

  State state() const { return state_; }
  // PLPMTU: the largest packet that may be sent.
  std::size_t mtu() const { return mtu_; }
  std::size_t base() const { return base_; }

  // There is a connection.
  void start();
  // It runs over another path now, of which nothing is known.
  void path_changed();
  // A packet was filled up: a larger one would have been of use.
  void want() { wanted_ = true; }

  // The size of the probe that is to be sent now; none, when there is none.
  std::optional<std::size_t> probe_due(Timestamp now) const;
  // It was sent. `rto`: how long an answer may take.
  void on_probe_sent(Timestamp now, Duration rto);
  // The probe that was sent last arrived.
  void on_probe_acked(Timestamp now);

  // PROBE_TIMER; kNever when none is out. (What else waits for a time waits for want(), too.)
  Timestamp next_timeout() const { return deadline_; }
  void handle_timeout(Timestamp now);

  // Something else than a probe was acknowledged, of packets of this size or smaller.
  void on_acked(std::size_t packet, Timestamp now);
  // T3-rtx expired.
  void on_data_timeout(Timestamp now);
  struct Resent {
    std::size_t packet = 0;  // that the chunk needs
    int transmissions = 0;   // until now
    Duration rtt{};
    Timestamp now{};
  };
  // A chunk is about to be sent again.
  void on_data_resent(const Resent& resent);

 private:
  static constexpr std::size_t kNoneLost = SIZE_MAX;

  void enter_base();
  void on_black_hole();
  void enter_error(Timestamp now);
  void search_on(Timestamp now);
  void complete(Timestamp now);

  std::size_t base_;
  std::size_t max_;
  std::size_t mtu_;
  State state_ = State::kDisabled;
  std::size_t probed_ = 0;                 // PROBED_SIZE
  std::size_t smallest_lost_ = kNoneLost;  // larger ones do not pass either
  int probe_count_ = 0;                    // PROBE_COUNT: losses of this size
  Timestamp deadline_ = kNever;            // of the probe that is out
  Timestamp again_at_{};                   // PMTU_RAISE_TIMER, or the end of kErrorInterval
  bool wanted_ = false;
  bool heard_ = true;           // something arrived since the last probe was sent
  int timeouts_ = 0;            // in a row
  Timestamp large_acked_at_{};  // the last time that more than the base size arrived
};

}  // namespace tidewire::sctp
