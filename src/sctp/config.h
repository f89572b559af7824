// What an association can be told before it starts, and where each default comes from.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::sctp {

enum class CongestionAlgorithm : std::uint8_t {
  kCubic,  // RFC 9438 with HyStart++ (RFC 9406)
  kReno,   // RFC 9260 §7.2
};

struct Config {
  // RFC 8841 §5.2: a=sctp-port of the two descriptions; browsers say 5000.
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;

  // Largest SCTP packet on a path that was not measured. RFC 8831 §5: an IP packet of 1280 bytes (IPv6) must do, which
  // leaves 1280 - 40 (IPv6) - 8 (UDP) - 37 (DTLS 1.2 record with AES-GCM) - 4 (TURN channel) = 1191.
  std::size_t mtu = 1191;
  // The largest that path MTU discovery (RFC 8899) looks for; not above `mtu`: there is none. What is below the
  // association has to heed Packet::fragmentation() then.
  std::size_t max_mtu = 0;

  // The most bytes that may wait here for the application or for a gap to be filled: at 100 ms, 32 MiB carry 2.5
  // Gbit/s. The window begins at initial_a_rwnd and grows towards this as the application takes more in a round trip.
  // Raised to max_message_size when smaller.
  std::uint32_t a_rwnd = 32 * 1024 * 1024;
  std::uint32_t initial_a_rwnd = 1024 * 1024;
  // RFC 8831 §6.2: data channels need all stream ids but 65535, which is the SDP's "no limit" of streams.
  std::uint16_t streams = 65535;
  // A message that grows beyond this is answered with an ABORT (cause Out of Resource). It is what the own SDP says in
  // a=max-message-size (RFC 8841 §6); 256 KiB is what browsers send at most. At most 1 GiB.
  std::size_t max_message_size = 256 * 1024;
  // Bytes that send() takes before it answers OperationError: queued and not yet transmitted. Data channels enforce 16
  // MiB of their own (as Chromium does) before this is reached.
  std::size_t send_buffer_limit = 20 * 1024 * 1024;

  // RFC 9260 §16 recommends 1 s, 1 s and 60 s for wide-area signalling. A conversation wants its data back sooner:
  // 500 ms is two long round trips; the minimum must stay above the 200 ms for which a peer may delay its SACK
  // (§6.2) or each lone message would be sent twice; and a path that comes back after an outage (a new ICE pair) has
  // to be tried again soon, while a dead one is found by ICE consent (RFC 7675), not here.
  Duration rto_initial = std::chrono::milliseconds(500);
  Duration rto_min = std::chrono::milliseconds(400);
  Duration rto_max = std::chrono::seconds(3);
  // RFC 9260 §6.2: at most 200 ms (500 ms absolute). Shorter, because congestion windows of conversations are small
  // and wait for it.
  Duration sack_delay = std::chrono::milliseconds(40);
  // RFC 9260 §16: HB.interval.
  Duration heartbeat_interval = std::chrono::seconds(30);
  // RFC 9260 §16: Valid.Cookie.Life.
  Duration cookie_lifetime = std::chrono::seconds(60);
  // RFC 9260 §9.2: T5-shutdown-guard is 5 times RTO.Max, which is five minutes there; who closes a call does not wait
  // so long, and 5 times the RTO.Max above would cut a queue off on a poor link.
  Duration shutdown_guard = std::chrono::seconds(60);
  // RFC 9260 §16 says 10 and 8, with pauses of up to 60 s. With pauses of up to 3 s the same patience (about a minute,
  // longer than ICE consent's 30 s) takes 20.
  int association_max_retrans = 20;
  int max_init_retransmits = 20;
  // RFC 9653: says that packets with a checksum of zero are taken, and sends such when the peer says the same. Only for
  // what runs over DTLS, which detects errors better than the checksum.
  bool zero_checksum = true;
  // RFC 4820: says that PAD chunks are taken. Probes of a peer that says so too are answered with small packets.
  bool pad = true;
  // Where TSNs begin; random when not set. For tests.
  std::optional<std::uint32_t> initial_tsn;
  // RFC 8260: offers I-DATA, so that a large message delays those of other streams by no more than a packet.
  bool interleaving = true;
  // In units of mtu. DEVIATES RFC 9260 §7.2.1 (4 packets) because ten have been TCP's since RFC 6928, and what every
  // browser does.
  std::size_t initial_cwnd = 10;
  CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
  // CUBIC only: losses that come while the round trip shows no queue, fewer than one in fifty, leave the window as it
  // is.
  bool spare_random_loss = true;
  // Spreads large windows over the round trip, a millisecond's worth at a time. For tests of bursts only it is off.
  bool pacing = true;
};

}  // namespace tidewire::sctp
