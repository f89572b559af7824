// Congestion control feedback: which packets of each stream arrived, when, and how routers marked them (RFC 8888 §3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rtp/ntp.h"
#include "rtp/rtcp.h"
#include "tidewire/packet.h"
#include "tidewire/time.h"

namespace tidewire::rtp {

inline constexpr std::uint8_t kFmtCongestionFeedback = 11;  // of RTPFB

// A received feedback packet. It is checked as a whole when parsed, and read block by block, in time that its bytes
// bound.
class CongestionFeedback {
 public:
  // RFC 8888 §3.1: a quarter of the numbers of a stream. A packet with a block that says more is none.
  static constexpr std::size_t kMaxReports = 16'384;

  // What became of one packet.
  struct Arrival {
    std::uint16_t sequence_number = 0;
    bool received = false;
    Ecn ecn = Ecn::kNotEct;
    Duration before_report{};  // when it came, counted back from the report's time
    friend bool operator==(const Arrival&, const Arrival&) = default;
  };
  // One stream's, packet by packet.
  class Block {
   public:
    Ssrc media;
    std::uint16_t begin = 0;
    std::size_t size() const { return reports_.size() / 2; }
    Arrival operator[](std::size_t index) const;

   private:
    friend class CongestionFeedback;
    ByteView reports_;
  };

  static std::optional<CongestionFeedback> parse(const RtcpPacket& packet);

  Ssrc sender;
  // Of the receiver's sender reports: its clock, as compact NTP, which wraps after 18 hours.
  std::uint32_t timestamp = 0;

  // The next block; nothing when all were read. One stream may have several.
  std::optional<Block> next();

 private:
  ByteView blocks_;
};

// Builds one feedback packet.
class CongestionFeedbackBuilder {
 public:
  struct Arrival {
    bool received = false;
    Ecn ecn = Ecn::kNotEct;
    Timestamp time{};
  };

  explicit CongestionFeedbackBuilder(std::size_t max_size) : max_size_(max_size) {}

  // `now` is the report's time, on the same clock as arrivals.
  void start(Timestamp now, NtpTime ntp);
  // Begins the block of another stream. False when not even one report of it would fit.
  bool begin(Ssrc media, std::uint16_t first);
  // The next packet of that stream. False, unchanged, when this feedback packet is full.
  bool add(const Arrival& arrival);
  bool empty() const { return reports_.empty(); }
  // False, with nothing written, when there is nothing, or no room.
  bool write(RtcpWriter& writer, Ssrc sender) const;

 private:
  struct Block {
    Ssrc media;
    std::uint16_t first = 0;
    std::size_t count = 0;
  };

  std::size_t max_size_;
  std::size_t size_ = 0;
  Timestamp now_{};
  std::uint32_t timestamp_ = 0;
  std::vector<Block> blocks_;
  std::vector<std::uint16_t> reports_;
};

}  // namespace tidewire::rtp
