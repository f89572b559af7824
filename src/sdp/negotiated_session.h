// What both sides agreed on: the values from which the layer above builds its transport, streams and channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/codec.h"
#include "sdp/description_view.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/ids.h"
#include "tidewire/rtp_types.h"

namespace tidewire::sdp {

struct NegotiatedCodec {
  std::string name;  // our spelling: "opus", "VP8"
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  // They differ only when an answerer did not mirror our numbers.
  std::uint8_t send_payload_type = 0;
  std::uint8_t receive_payload_type = 0;
  std::string send_fmtp;               // what the remote side wishes to receive
  std::string receive_fmtp;            // what we told it
  std::vector<RtcpFeedback> feedback;  // both sides named it
  // RFC 4588: of retransmissions; nothing unless both sides can.
  std::optional<std::uint8_t> send_rtx_payload_type;
  std::optional<std::uint8_t> receive_rtx_payload_type;

  bool has_feedback(std::string_view type, std::string_view parameter = {}) const;
  friend bool operator==(const NegotiatedCodec&, const NegotiatedCodec&) = default;
};

struct NegotiatedExtension {
  std::uint8_t id = 0;
  std::string uri;
  bool send = true;
  bool receive = true;

  friend bool operator==(const NegotiatedExtension&, const NegotiatedExtension&) = default;
};

struct RemoteSource {
  std::uint32_t ssrc = 0;
  std::optional<std::uint32_t> rtx_ssrc;  // ssrc-group:FID
  std::optional<std::uint32_t> fec_ssrc;  // ssrc-group:FEC-FR
  std::string cname;

  friend bool operator==(const RemoteSource&, const RemoteSource&) = default;
};

// One encoding of what this side sends.
struct LocalEncoding {
  std::string rid;  // empty when there is one encoding only
  std::uint32_t ssrc = 0;
  std::uint32_t rtx_ssrc = 0;  // of its retransmissions
  std::uint32_t fec_ssrc = 0;  // of its forward error correction

  friend bool operator==(const LocalEncoding&, const LocalEncoding&) = default;
};

struct NegotiatedSection {
  std::size_t index = 0;  // sdpMLineIndex
  std::string mid;
  SectionKind kind = SectionKind::kOther;
  // Refused by one side, stopped, or not answerable. Nothing below holds then.
  bool rejected = false;
  std::optional<TransceiverId> transceiver;  // audio and video only
  bool send = false;
  bool receive = false;
  std::vector<NegotiatedCodec> codecs;  // the first that has frames is the one to send
  std::vector<NegotiatedExtension> extensions;
  bool extmap_allow_mixed = false;
  bool rtcp_rsize = false;                       // reduced-size RTCP may be sent
  std::optional<std::uint32_t> remote_ptime;     // ms that a packet to it is to hold
  std::optional<std::uint32_t> remote_maxptime;  // ms that it holds at most
  std::vector<RemoteSource> remote_sources;      // empty: sources show by mid or payload type alone
  std::vector<std::string> remote_rids;          // simulcast that this side takes; empty: one stream
  std::vector<std::string> remote_stream_ids;
  std::string remote_track_id;
  std::vector<LocalEncoding> local_encodings;  // at least one; several: simulcast
  std::string local_cname;

  friend bool operator==(const NegotiatedSection&, const NegotiatedSection&) = default;
};

struct NegotiatedSctp {
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;
  std::uint64_t remote_max_message_size = 65536;  // 0: no limit

  friend bool operator==(const NegotiatedSctp&, const NegotiatedSctp&) = default;
};

// The one transport that all sections share (max-bundle).
struct NegotiatedTransport {
  std::string mid;  // of the section that carries its attributes
  std::size_t mline_index = 0;
  IceCredentials local_ice;
  IceCredentials remote_ice;
  bool remote_ice_lite = false;
  // Grow by one each time that side's credentials change after the first: an ICE restart.
  std::uint32_t local_ice_generation = 0;
  std::uint32_t remote_ice_generation = 0;
  // "candidate:…" texts of `mid`, component 1, those of add_remote_candidate included.
  std::vector<std::string> remote_candidates;
  bool end_of_candidates = false;
  std::vector<Fingerprint> remote_fingerprints;
  // Known once an answer (or pranswer) was applied.
  std::optional<DtlsRole> dtls_role;
  // RFC 8445 §6.1.1: the side that made the first offer controls, unless the other one is lite.
  bool ice_controlling = false;

  friend bool operator==(const NegotiatedTransport&, const NegotiatedTransport&) = default;
};

struct NegotiatedSession {
  // Of the last answer (or pranswer) applied; empty before the first one. Index = sdpMLineIndex.
  std::vector<NegotiatedSection> sections;
  std::optional<NegotiatedSctp> sctp;
  // Of the newest remote description, an offer not yet answered too; nothing before the first one.
  std::optional<NegotiatedTransport> transport;

  friend bool operator==(const NegotiatedSession&, const NegotiatedSession&) = default;
};

// A remote track that came or went (W3C: what fires `track`, and mutes or removes).
struct RemoteTrack {
  TransceiverId transceiver;
  MediaKind kind = MediaKind::kAudio;
  std::string mid;
  std::string track_id;
  std::vector<std::string> stream_ids;

  friend bool operator==(const RemoteTrack&, const RemoteTrack&) = default;
};

// What one applied description changed. The new values are in Negotiator::negotiated().
struct Applied {
  bool signaling_state_changed = false;
  bool answered = false;               // an answer or pranswer took effect: sections and streams may have changed
  bool rolled_back = false;            // explicitly, or implicitly by a remote offer that crossed our own
  bool local_ice_restart = false;      // gather again under transport->local_ice
  bool remote_ice_restart = false;     // transport->remote_ice is new
  std::vector<TransceiverId> created;  // by a remote offer
  std::vector<TransceiverId> stopped;
  std::vector<TransceiverId> removed;  // by a rollback; the ids are gone
  std::vector<RemoteTrack> tracks_added;
  std::vector<RemoteTrack> tracks_removed;
};

}  // namespace tidewire::sdp
