#include "srtp/session.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/byte_reader.h"

namespace tidewire::srtp {

namespace {

constexpr std::uint64_t kMaxRtpIndex = (std::uint64_t{1} << 48) - 1;
constexpr std::uint32_t kMaxRtcpIndex = 0x7fff'ffff;  // RFC 3711 §3.4: 31 bits

struct RtpHeader {
  std::size_t size = 0;  // with CSRCs and extension: what is not encrypted (RFC 3711 §3.1)
  std::uint16_t sequence = 0;
  std::uint32_t ssrc = 0;
};

// RFC 3550 §5.1, as far as SRTP has to know it.
std::optional<RtpHeader> parse_rtp(ByteView packet) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8();
  RtpHeader header;
  reader.skip(1);
  header.sequence = reader.u16();
  reader.skip(4);
  header.ssrc = reader.u32();
  reader.skip(std::size_t{first & 0x0fU} * 4);
  if ((first & 0x10U) != 0) {
    reader.skip(2);
    reader.skip(std::size_t{reader.u16()} * 4);
  }
  if (!reader.ok() || first >> 6 != 2) return std::nullopt;
  header.size = packet.size() - reader.remaining();
  return header;
}

std::optional<std::uint32_t> parse_rtcp_ssrc(ByteView packet) {
  if (packet.size() < kRtcpHeaderSize || packet[0] >> 6 != 2) return std::nullopt;
  return ByteReader(packet.subspan(4)).u32();
}

Status count_in(Stats& stats, Status status) {
  switch (status) {
    case Status::kOk: ++stats.packets; break;
    case Status::kMalformed: ++stats.malformed; break;
    case Status::kAuthFailed: ++stats.auth_failed; break;
    case Status::kReplayed: ++stats.replayed; break;
    case Status::kNoRoom:
    case Status::kTooManyStreams:
    case Status::kExhausted: ++stats.refused; break;
  }
  return status;
}

}  // namespace

const char* to_string(Status status) {
  switch (status) {
    case Status::kOk: return "ok";
    case Status::kMalformed: return "malformed";
    case Status::kAuthFailed: return "auth_failed";
    case Status::kReplayed: return "replayed";
    case Status::kNoRoom: return "no_room";
    case Status::kTooManyStreams: return "too_many_streams";
    case Status::kExhausted: return "exhausted";
  }
  return "unknown";
}

Sender::Sender(const SrtpMasterKey& master)
    : rtp_(master.profile, derive_rtp_keys(master), Direction::kProtect),
      rtcp_(master.profile, derive_rtcp_keys(master), Direction::kProtect) {}

Status Sender::protect_rtp(Packet& packet) {
  const std::optional<RtpHeader> header = parse_rtp(std::as_const(packet).bytes());
  if (!header) return count_in(stats_, Status::kMalformed);
  if (packet.tailroom() < rtp_.tag_size()) return count_in(stats_, Status::kNoRoom);
  return count_in(stats_, seal_rtp({header->ssrc, header->sequence}, [&](PacketId id) {
                    (void)packet.resize(packet.size() + rtp_.tag_size());
                    rtp_.protect_rtp(id, packet.bytes(), header->size, packet.data() + header->size);
                  }));
}

Status Sender::protect_rtp(ByteView header, ByteView payload, Packet& out) {
  const std::optional<RtpHeader> parsed = parse_rtp(header);
  if (!parsed || parsed->size != header.size()) return count_in(stats_, Status::kMalformed);
  const std::size_t size = header.size() + payload.size() + rtp_.tag_size();
  if (size > out.size() + out.tailroom()) return count_in(stats_, Status::kNoRoom);
  return count_in(stats_, seal_rtp({parsed->ssrc, parsed->sequence}, [&](PacketId id) {
                    (void)out.resize(size);
                    std::memcpy(out.data(), header.data(), header.size());
                    rtp_.protect_rtp(id, out.bytes(), header.size(), payload.data());
                  }));
}

// Finds the place of a packet and protects it, unless that would use a nonce twice.
template <typename Protect>
Status Sender::seal_rtp(SequenceOf packet, Protect protect) {
  RtpStreamState<kReplayWindow>* stream = rtp_streams_.find(packet.ssrc);
  if (stream == nullptr && rtp_streams_.full()) return Status::kTooManyStreams;
  if (stream == nullptr) stream = &rtp_streams_.insert(packet.ssrc);
  const std::uint64_t index = stream->estimate(packet.sequence);
  if (index > kMaxRtpIndex) return Status::kExhausted;
  if (!stream->is_fresh(index)) return Status::kReplayed;
  protect(PacketId{packet.ssrc, index});
  stream->accept(index);
  return Status::kOk;
}

Status Sender::protect_rtcp(Packet& packet) { return count_in(stats_, seal_rtcp(packet)); }

Status Sender::seal_rtcp(Packet& packet) {
  const std::optional<std::uint32_t> ssrc = parse_rtcp_ssrc(std::as_const(packet).bytes());
  if (!ssrc) return Status::kMalformed;
  const std::size_t size = packet.size() + kSrtcpIndexSize + rtcp_.tag_size();
  if (size > packet.size() + packet.tailroom()) return Status::kNoRoom;
  std::uint32_t* next = rtcp_streams_.find(*ssrc);
  if (next == nullptr && rtcp_streams_.full()) return Status::kTooManyStreams;
  if (next == nullptr) next = &rtcp_streams_.insert(*ssrc);
  if (*next > kMaxRtcpIndex) return Status::kExhausted;
  (void)packet.resize(size);
  rtcp_.protect_rtcp({*ssrc, (*next)++}, packet.bytes());
  return Status::kOk;
}

Receiver::Receiver(const SrtpMasterKey& master)
    : rtp_(master.profile, derive_rtp_keys(master), Direction::kUnprotect),
      rtcp_(master.profile, derive_rtcp_keys(master), Direction::kUnprotect) {}

Status Receiver::unprotect_rtp(Packet& packet) { return count_in(stats_, open_rtp(packet)); }

Status Receiver::open_rtp(Packet& packet) {
  const std::optional<RtpHeader> header = parse_rtp(std::as_const(packet).bytes());
  if (!header || packet.size() < header->size + rtp_.tag_size()) return Status::kMalformed;
  RtpStreamState<kReplayWindow>* stream = rtp_streams_.find(header->ssrc);
  const std::uint64_t index = stream != nullptr ? stream->estimate(header->sequence) : header->sequence;
  if (index > kMaxRtpIndex) return Status::kAuthFailed;
  if (stream != nullptr && !stream->is_fresh(index)) return Status::kReplayed;
  if (!rtp_.unprotect_rtp({header->ssrc, index}, packet.bytes(), header->size)) return Status::kAuthFailed;
  if (stream == nullptr) stream = &rtp_streams_.insert(header->ssrc);
  rtp_streams_.mark_used();
  stream->accept(index);
  packet.remove_suffix(rtp_.tag_size());
  return Status::kOk;
}

Status Receiver::unprotect_rtcp(Packet& packet) { return count_in(stats_, open_rtcp(packet)); }

Status Receiver::open_rtcp(Packet& packet) {
  const ByteView bytes = std::as_const(packet).bytes();
  const std::optional<std::uint32_t> ssrc = parse_rtcp_ssrc(bytes);
  const std::size_t overhead = kSrtcpIndexSize + rtcp_.tag_size();
  if (!ssrc || bytes.size() < kRtcpHeaderSize + overhead) return Status::kMalformed;
  const std::uint32_t word = rtcp_.srtcp_word(bytes);
  const std::uint32_t index = word & ~kEncryptedFlag;
  ReplayWindow<kReplayWindow>* window = rtcp_streams_.find(*ssrc);
  if (window != nullptr && !window->is_fresh(index)) return Status::kReplayed;
  if (!rtcp_.unprotect_rtcp({*ssrc, index}, packet.bytes(), (word & kEncryptedFlag) != 0)) return Status::kAuthFailed;
  if (window == nullptr) window = &rtcp_streams_.insert(*ssrc);
  rtcp_streams_.mark_used();
  window->accept(index);
  packet.remove_suffix(overhead);
  return Status::kOk;
}

}  // namespace tidewire::srtp
