// Which TSNs have arrived: the cumulative one, the runs above it, and the duplicates to report (RFC 9260 §3.3.4, §6.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/serial.h"
#include "sctp/types.h"

namespace tidewire::sctp {

class TsnTracker {
 public:
  // A gap block tells distances of 16 bits, so what lies further ahead could not be acknowledged.
  static constexpr Tsn kWindow = 65535;
  // What would make one run more is not taken. A queue that overflows in slow start may drop every second packet of a
  // large window.
  static constexpr std::size_t kMaxRuns = 8192;
  static constexpr std::size_t kMaxDuplicates = 16;

  explicit TsnTracker(std::uint32_t initial_tsn) : cumulative_(Tsn{initial_tsn} - 1) {}

  Tsn cumulative() const { return cumulative_; }
  // The 64-bit TSN that is nearest to what has arrived.
  Tsn unwrap(std::uint32_t tsn) const { return cumulative_ + serial_distance(wire_tsn(cumulative_), tsn); }

  bool seen(Tsn tsn) const;
  // False when it is outside the window, or would need a run too many. Asked of TSNs that were not seen.
  bool acceptable(Tsn tsn) const;
  // An acceptable TSN arrived.
  void add(Tsn tsn);
  void add_duplicate(std::uint32_t tsn);
  // RFC 3758 §3.6: everything up to `tsn` counts as arrived.
  void advance(Tsn tsn);

  // Runs above the cumulative TSN, ascending, both ends included.
  std::span<const std::pair<Tsn, Tsn>> runs() const { return runs_; }
  std::span<const std::uint32_t> duplicates() const { return duplicates_; }
  void forget_duplicates() { duplicates_.clear(); }

 private:
  void absorb_runs();

  Tsn cumulative_;
  std::vector<std::pair<Tsn, Tsn>> runs_;
  std::vector<std::uint32_t> duplicates_;
};

}  // namespace tidewire::sctp
