// How much forward error correction a picture stream gets, and over which packets it reaches: from the loss that is
// reported, the round trip, and how fast packets go out.
#pragma once

#include <cstddef>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::media {

// Packets in their order, written row by row into a table of so many columns and rows. Each column has a repair packet,
// so that a burst of as many packets as there are columns is recovered; with row parity each row has one, too, and what
// neither repairs alone they often do together.
struct FlexfecShape {
  std::size_t columns = 0;  // 0: no protection
  std::size_t rows = 0;
  bool row_parity = false;

  std::size_t size() const { return columns * rows; }
  // Repair packets for each packet.
  double share() const;
  friend bool operator==(const FlexfecShape&, const FlexfecShape&) = default;
};

struct FlexfecPlan {
  FlexfecShape others;
  FlexfecShape key_frames;
  // A table that is not full is closed at the end of a frame when it is this old.
  Duration max_age{};

  bool active() const { return others.columns > 0; }
};

struct FlexfecNeed {
  double loss = 0;                          // 0 to 1
  std::optional<Duration> round_trip_time;  // nothing: not known
  double packets_per_second = 0;
  Duration repair_window = std::chrono::milliseconds{500};  // that the other end keeps (RFC 8627 §5.1)
  bool active = false;                                      // now: it begins later than it ends
};

// With shorter round trips, and with less loss, repetition is cheaper and soon enough. It ends where it begins less a
// quarter.
inline constexpr Duration kFlexfecMinRoundTrip = std::chrono::milliseconds{80};
inline constexpr double kFlexfecMinLoss = 0.005;
// Of repair packets, for each packet.
inline constexpr double kFlexfecMaxShare = 0.5;

FlexfecPlan plan_flexfec(const FlexfecNeed& need);

// Keeps what reports say over time: loss is believed soon, and forgotten slowly.
class FlexfecController {
 public:
  // RFC 3550 §6.4.1; `fraction_lost` is 0 to 1.
  void handle_report(double fraction_lost, std::optional<Duration> round_trip_time);
  FlexfecPlan plan(double packets_per_second, Duration repair_window);

 private:
  FlexfecNeed need_;
};

}  // namespace tidewire::media
