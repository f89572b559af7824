// SRTP and SRTCP (RFC 3711; AES-GCM after RFC 7714): protects and opens packets in place.
//
// Key derivation rate 0, no MKI, e2e header extension encryption left out: what DTLS-SRTP (RFC 5764) of WebRTC uses.
// One Sender and one Receiver serve all SSRCs of a transport. Nothing is allocated for a packet, except the state of
// an SSRC when it is first seen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/packet.h"
#include "base/replay_window.h"
#include "crypto/srtp_profile.h"
#include "srtp/stream_table.h"
#include "srtp/transform.h"
#include "tidewire/bytes.h"

namespace tidewire::srtp {

using crypto::SrtpKeyingMaterial;
using crypto::SrtpMasterKey;
using crypto::SrtpProfile;

enum class Status {
  kOk,
  kMalformed,       // not RTP or RTCP of version 2, or too short
  kAuthFailed,      // forged, damaged, or of another key
  kReplayed,        // seen before, or too old to tell. When sending: that sequence number was used before
  kNoRoom,          // the packet has no room for the tag
  kTooManyStreams,  // when sending: an SSRC more than kMaxStreams
  kExhausted,       // when sending: 2^48 RTP or 2^31 RTCP packets are out and the key may not be used further
};

// "ok", "auth_failed", ... The text lives for ever.
const char* to_string(Status status);

struct Stats {
  std::uint64_t packets = 0;  // that were protected or opened
  std::uint64_t malformed = 0;
  std::uint64_t auth_failed = 0;
  std::uint64_t replayed = 0;
  std::uint64_t refused = 0;  // kNoRoom, kTooManyStreams, kExhausted
};

// SSRCs with a state of their own, RTP and RTCP each.
//  - A Receiver forgets the one that has been silent longest when an authentic packet of a new one arrives.
//  - A Sender refuses a new one: forgetting could use a key stream twice.
inline constexpr std::size_t kMaxStreams = 1024;
// Packets that may come late and still be told from replays (RFC 3711 §3.3.2 wants at least 64).
inline constexpr std::size_t kReplayWindow = 1024;
// What protection adds to a packet, at most: SRTP 16; SRTCP 16 + 4.
inline constexpr std::size_t kMaxRtpOverhead = 16;
inline constexpr std::size_t kMaxRtcpOverhead = 20;

class Sender {
 public:
  explicit Sender(const SrtpMasterKey& master);

  // In place. On any other answer than kOk the packet is unchanged. The roll-over counter starts at 0 and follows the
  // sequence numbers, which may be out of order but never repeat: a retransmission needs RTX (RFC 4588) or the bytes
  // that were protected before.
  Status protect_rtp(Packet& packet);
  Status protect_rtcp(Packet& packet);
  // Out of place, for fan-out: the cipher is the only copy of the payload. `out` is replaced; it is a packet of
  // some pool. `header` replaces the RTP header of `rtp` (another SSRC, sequence number, extensions).
  Status protect_rtp(ByteView header, ByteView payload, Packet& out);

  const Stats& stats() const { return stats_; }

 private:
  struct SequenceOf {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
  };

  template <typename Protect>
  Status seal_rtp(SequenceOf packet, Protect protect);
  Status seal_rtcp(Packet& packet);

  Transform rtp_;
  Transform rtcp_;
  StreamTable<RtpStreamState<kReplayWindow>> rtp_streams_{kMaxStreams};
  StreamTable<std::uint32_t> rtcp_streams_{kMaxStreams};  // the next SRTCP index
  Stats stats_;
};

class Receiver {
 public:
  explicit Receiver(const SrtpMasterKey& master);

  // In place. Only an authentic packet makes or moves the state of an SSRC. On kAuthFailed the payload may be garbled.
  Status unprotect_rtp(Packet& packet);
  Status unprotect_rtcp(Packet& packet);

  const Stats& stats() const { return stats_; }

 private:
  Status open_rtp(Packet& packet);
  Status open_rtcp(Packet& packet);

  Transform rtp_;
  Transform rtcp_;
  StreamTable<RtpStreamState<kReplayWindow>> rtp_streams_{kMaxStreams};
  StreamTable<ReplayWindow<kReplayWindow>> rtcp_streams_{kMaxStreams};
  Stats stats_;
};

// Both directions of one transport.
struct Session {
  Sender sender;
  Receiver receiver;

  // RFC 5764 §4.2: the DTLS client sends under the client keys, and the server under the server keys.
  static Session from_dtls(const SrtpKeyingMaterial& keys, bool is_dtls_client) {
    return {Sender(is_dtls_client ? keys.client : keys.server), Receiver(is_dtls_client ? keys.server : keys.client)};
  }
};

}  // namespace tidewire::srtp
