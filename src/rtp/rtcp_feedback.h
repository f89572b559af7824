// Feedback about single packets and pictures: NACK, PLI (RFC 4585), FIR (RFC 5104), REMB
// (draft-alvestrand-rmcat-remb-03).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rtp/rtcp.h"

namespace tidewire::rtp {

// FMT values of RTPFB and PSFB packets.
inline constexpr std::uint8_t kFmtNack = 1;               // RFC 4585 §6.2.1
inline constexpr std::uint8_t kFmtPictureLoss = 1;        // RFC 4585 §6.3.1
inline constexpr std::uint8_t kFmtFullIntraRequest = 4;   // RFC 5104 §4.3.1
inline constexpr std::uint8_t kFmtApplicationLayer = 15;  // RFC 4585 §6.4

// RFC 4585 §6.2.1: sequence numbers that did not arrive.
class Nack {
 public:
  static std::optional<Nack> parse(const RtcpPacket& packet);

  Ssrc sender;
  Ssrc media;
  // The next number asked for; nothing when all were read. A number may come up more than once.
  std::optional<std::uint16_t> next();

 private:
  ByteView items_;
  std::uint16_t packet_id_ = 0;
  std::uint32_t pending_ = 0;  // bit i: packet_id_ + i is still to be read
};

// RFC 4585 §6.3.1: a picture is lost, send a key frame.
struct PictureLossIndication {
  Ssrc sender;
  Ssrc media;
  static std::optional<PictureLossIndication> parse(const RtcpPacket& packet);
};

// RFC 5104 §4.3.1: send a key frame. A request with the same number as the last one is a repetition of it.
class FullIntraRequest {
 public:
  struct Entry {
    Ssrc media;
    std::uint8_t sequence_number = 0;
  };
  static std::optional<FullIntraRequest> parse(const RtcpPacket& packet);

  Ssrc sender;
  std::size_t size() const { return entries_.size() / 8; }
  Entry operator[](std::size_t i) const;

 private:
  ByteView entries_;
};

// draft-alvestrand-rmcat-remb-03 §2.2: how much the receiver thinks it can take.
struct ReceiverEstimatedMaxBitrate {
  Ssrc sender;
  std::uint64_t bits_per_second = 0;
  ByteView ssrcs;
  static std::optional<ReceiverEstimatedMaxBitrate> parse(const RtcpPacket& packet);
};

// All return false, with nothing written, when there is no room.
// The numbers in ascending (serial) order.
bool write_nack(RtcpWriter& writer, Ssrc sender, Ssrc media, std::span<const std::uint16_t> sequence_numbers);
bool write_picture_loss_indication(RtcpWriter& writer, Ssrc sender, Ssrc media);
bool write_full_intra_request(RtcpWriter& writer, Ssrc sender, Ssrc media, std::uint8_t sequence_number);
bool write_remb(RtcpWriter& writer, Ssrc sender, std::uint64_t bits_per_second, std::span<const Ssrc> ssrcs);

}  // namespace tidewire::rtp
