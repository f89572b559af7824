// What a connection knows about itself, under the names of https://www.w3.org/TR/webrtc-stats/ in the project's
// case. Only what is measured is here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/media_stats.h"
#include "tidewire/rtp_stats.h"
#include "tidewire/time.h"

namespace tidewire {

// RTCIceCandidateStats.
struct IceCandidateStats {
  std::string candidate_type;  // host, srflx, prflx, relay
  std::string protocol;        // udp, tcp
  std::string tcp_type;        // active, passive, so; empty for udp
  SocketAddress address;
  std::optional<SocketAddress> related_address;
  std::uint32_t priority = 0;
  std::string foundation;
  std::string username_fragment;
  // Of a local relay: udp, tcp or tls towards the server, and the server's URL.
  std::string relay_protocol;
  std::string url;
};

// RTCIceCandidatePairStats, of the pair in use.
struct IceCandidatePairStats {
  IceCandidateStats local;
  IceCandidateStats remote;
  bool nominated = false;
  std::string state;  // waiting, in-progress, succeeded, failed
  std::uint64_t priority = 0;
  // What travelled on it since it came into use, without STUN.
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;  // UDP payload
  std::uint64_t bytes_received = 0;
  std::optional<Timestamp> last_packet_sent_timestamp;
  std::optional<Timestamp> last_packet_received_timestamp;
  std::optional<Duration> current_round_trip_time;
  // What may be sent, all in all; nothing before the peer has told how packets arrive, or without congestion control.
  std::optional<std::uint64_t> available_outgoing_bitrate;
  Duration total_round_trip_time{};
  std::uint64_t responses_received = 0;
  std::uint64_t requests_sent = 0;
  std::uint64_t requests_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t consent_requests_sent = 0;
};

// RTCTransportStats.
struct TransportStats {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;  // UDP payload
  std::uint64_t bytes_received = 0;
  // Datagrams that were no STUN, DTLS, RTP or RTCP of this connection, or failed authentication (no W3C name).
  std::uint64_t packets_discarded = 0;
  std::uint32_t selected_candidate_pair_changes = 0;
  std::string ice_role;   // controlling, controlled
  std::string ice_state;  // new, checking, …
  std::string ice_local_username_fragment;
  std::string dtls_role;     // client, server; unknown before both descriptions are there
  std::string dtls_state;    // new, connecting, connected, closed, failed
  std::string dtls_version;  // DTLS 1.2 (the W3C's tlsVersion, in words)
  std::string dtls_cipher;   // the IANA name
  std::string srtp_cipher;   // the name of the protection profile (RFC 5764)
};

// RTCCertificateStats, of a DTLS certificate. It stands alone: nobody has issued it.
struct CertificateStats {
  std::string fingerprint;            // pairs of upper-case hexadecimal digits with colons between
  std::string fingerprint_algorithm;  // sha-256
  std::string base64_certificate;     // DER
};

// RTCPeerConnectionStats.
struct PeerConnectionStats {
  std::uint32_t data_channels_opened = 0;  // that were open once
  std::uint32_t data_channels_closed = 0;  // of these, that are not open any more
};

// RTCDataChannelStats.
struct DataChannelStats {
  std::string label;
  std::string protocol;
  std::optional<std::uint16_t> data_channel_identifier;
  std::string state;  // connecting, open, closing, closed
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

// Of the SCTP association (RTCSctpTransportStats).
struct SctpTransportStats {
  std::optional<Duration> smoothed_round_trip_time;
  std::uint64_t congestion_window = 0;
  std::uint64_t receiver_window = 0;
  std::uint64_t mtu = 0;  // the largest SCTP packet that is sent; grows as the path is found to take more
  std::uint64_t chunks_retransmitted = 0;
};

// RTCStatsReport, by kind.
struct StatsReport {
  Timestamp timestamp{};
  PeerConnectionStats peer_connection;
  TransportStats transport;
  CertificateStats local_certificate;
  std::optional<CertificateStats> remote_certificate;  // from the end of the handshake on
  std::optional<IceCandidatePairStats> selected_candidate_pair;
  std::optional<SctpTransportStats> sctp_transport;
  std::vector<DataChannelStats> data_channels;
  RtpStats rtp;
  // Filled by PeerConnection.
  std::vector<MediaSourceStats> media_sources;
  std::vector<AudioPlayoutStats> media_playout;
};

}  // namespace tidewire
