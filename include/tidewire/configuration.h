// How a connection is to be made. https://www.w3.org/TR/webrtc/#rtcconfiguration-dictionary
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/congestion_control.h"
#include "tidewire/connection_state.h"
#include "tidewire/video_ladder.h"

namespace tidewire {

class EmulatedPath;
class UdpPort;

// RTCIceServer.
struct IceServer {
  // "stun:HOST[:PORT]" (RFC 7064), "turn:HOST[:PORT][?transport=udp|tcp]" and "turns:…" (RFC 7065). Default ports are
  // 3478 and, for turns:, 5349.
  std::vector<std::string> urls;
  // For turn: and turns:.
  std::string username;
  std::string credential;

  friend bool operator==(const IceServer&, const IceServer&) = default;
};

// Both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  friend bool operator==(const PortRange&, const PortRange&) = default;
};

struct Configuration {
  std::vector<IceServer> ice_servers;
  // kRelay: nothing but relays is offered and used, so that the peer does not learn this host's addresses.
  IceTransportPolicy ice_transport_policy = IceTransportPolicy::kAll;

  // The network (no W3C names).

  // Gather 127.0.0.1 and ::1 too. They are also gathered when there is nothing else.
  bool include_loopback = false;
  // Show random .local names in place of this host's addresses, as browsers do: peers on the same link can resolve
  // them, others connect through the other candidates.
  bool hide_host_addresses = false;
  // The address that a 1:1 NAT (of a cloud, say) gives this host outside.
  std::optional<IpAddress> public_ip;
  // Where UDP sockets are bound; any free port when not set.
  std::optional<PortRange> port_range;
  // One UDP port for many connections, in place of sockets of their own. For servers.
  std::shared_ptr<UdpPort> udp_port;
  // ICE-TCP (RFC 6544): for peers that can be reached over TCP alone.
  bool tcp_candidates = true;
  // A server with a public address that answers checks and makes none (RFC 8445 §2.5). Needs a peer that is not lite.
  bool ice_lite = false;
  // Authorities that the certificates of turns: servers are checked with, in PEM; empty: those of the system.
  std::string tls_ca_file;

  // A thin network that is not there, to see how a call fares on it. For tests and demonstrations.
  std::shared_ptr<EmulatedPath> emulated_path;

  // Data (no W3C names).

  // The largest message that is taken, which the description tells the peer: 256 KiB is what browsers send at most.
  // Up to 1 GiB; so much memory one message may take. A peer that sends a larger one loses the channels.
  std::size_t max_message_size = 256 * 1024;
  // Bytes of messages that may wait to be sent, all channels together: beyond it send() answers OperationError.
  std::size_t send_buffer_limit = 16 * 1024 * 1024;

  // Media (no W3C names), in bits per second.

  // How it is found out what the path carries. kTidewire: what is sent follows the path. kNone: the two rates below are
  // sent, whatever it carries.
  CongestionControl congestion_control = CongestionControl::kTidewire;
  // The most for pictures of one source, and for sound; encodings may have a max_bitrate of their own.
  std::uint32_t video_bitrate = 2'500'000;
  std::uint32_t audio_bitrate = 128'000;
  // What a path is taken to carry before anything is known of it, and what is never exceeded.
  std::uint32_t start_bitrate = 1'000'000;
  std::uint32_t max_bitrate = 100'000'000;
  // What size of picture a rate is enough for. See check_video_ladder(); what that refuses, negotiating answers.
  std::vector<VideoLadderStep> video_ladder = default_video_ladder();
  // Pictures get smaller, or fewer, when this machine cannot encode as much as it is asked to, and back up when it can.
  // Off: an encoder that is behind leaves pictures out.
  bool cpu_adaptation = true;
  // Pictures go over to another of the codecs that were negotiated when it helps: to VP9 or AV1 when the path is thin
  // and this machine idle, to VP8 or H.264 when it cannot encode enough. Off: the first is sent, as is usual; for the
  // order is the application's choice (set_codec_preferences), and a change costs a key frame. Never where an encoding
  // names its codec, nor with several encodings, nor without cpu_adaptation.
  bool codec_switching = false;
};

}  // namespace tidewire
