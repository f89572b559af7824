// Transport-wide feedback: when each packet of a run of transport sequence numbers arrived
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rtp/rtcp.h"
#include "tidewire/time.h"

namespace tidewire::rtp {

inline constexpr std::uint8_t kFmtTransportWideFeedback = 15;  // of RTPFB

// A received feedback packet. It is checked as a whole when parsed, in time that its bytes bound.
class TransportFeedback {
 public:
  struct Arrival {
    std::uint16_t sequence_number = 0;
    // On the receiver's clock, whose origin is unknown and which wraps after 2^24 × 64 ms; only differences mean
    // something, also across feedback packets.
    Duration time{};
    friend bool operator==(const Arrival&, const Arrival&) = default;
  };
  static constexpr Duration kTick = std::chrono::microseconds{250};
  static constexpr Duration kReferenceTick = std::chrono::milliseconds{64};

  static std::optional<TransportFeedback> parse(const RtcpPacket& packet);

  Ssrc sender;
  Ssrc media;
  std::uint16_t base_sequence_number = 0;
  std::uint16_t status_count = 0;   // numbers reported on: base, base + 1 …
  std::int32_t reference_time = 0;  // 24 bits, signed, of 64 ms
  std::uint8_t feedback_packet_count = 0;

  // The next packet that did arrive, in order of numbers; nothing when all were read. Numbers in the run that
  // are passed over did not arrive.
  std::optional<Arrival> next();

 private:
  bool load_chunk();

  ByteView chunks_;
  ByteView deltas_;
  // The chunk at hand: `left_` symbols, taken from the top of `symbols_` when a vector, else all `run_symbol_`.
  std::uint16_t symbols_ = 0;
  std::uint8_t symbol_bits_ = 0;  // 0: a run
  std::uint8_t run_symbol_ = 0;
  std::size_t left_ = 0;
  std::size_t index_ = 0;
  Duration time_{};
};

// Builds one feedback packet from arrivals in ascending order of numbers.
class TransportFeedbackBuilder {
 public:
  // Numbers that one packet reports on at most: bounds its size to well under an MTU.
  static constexpr std::size_t kMaxStatuses = 400;

  // `arrival` is on any clock that all calls share.
  void start(std::uint16_t base_sequence_number, Duration arrival, std::uint8_t feedback_packet_count);
  // False, unchanged, when this packet cannot report it: number not above the last, too many, or too far in time
  // (±8.2 s). Then it is time to write this packet and start the next with it.
  bool add(std::uint16_t sequence_number, Duration arrival);
  bool empty() const { return symbols_.empty(); }
  // False, with nothing written, when there is no room.
  bool write(RtcpWriter& writer, Ssrc sender, Ssrc media) const;

 private:
  std::uint16_t base_ = 0;
  std::int64_t reference_ = 0;   // in kReferenceTick
  std::int64_t last_ticks_ = 0;  // in kTick, since the clock's origin
  std::uint8_t feedback_packet_count_ = 0;
  std::vector<std::uint8_t> symbols_;  // 0: not received, 1: small delta, 2: large or negative delta
  std::vector<std::int16_t> deltas_;   // of the received ones
};

}  // namespace tidewire::rtp
