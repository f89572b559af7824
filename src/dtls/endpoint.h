// One end of a DTLS 1.2 association (RFC 6347) as WebRTC uses it (RFC 8827 §6.5, RFC 5764): mutual certificates that
// are checked against the fingerprints of the signalling, SRTP keys out, application data (SCTP) in both directions.
//
// OpenSSL makes and reads the handshake messages and nothing else. Flights, their retransmission and timers, record
// sequence numbers, and all records after the handshake are this folder's own, so that time is an argument and an
// application record costs one cipher pass in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/machine.h"
#include "base/packet.h"
#include "crypto/certificate.h"
#include "crypto/srtp_profile.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"
#include "tidewire/time.h"

namespace tidewire::dtls {

using crypto::Fingerprint;
using crypto::SrtpKeyingMaterial;
using crypto::SrtpProfile;

// `a=setup`: active is the client, passive the server.
enum class Role { kClient, kServer };

struct Config {
  Role role = Role::kClient;
  std::shared_ptr<const crypto::Certificate> certificate;
  // Most wanted first. Empty: no use_srtp extension, a connection for data only.
  std::vector<SrtpProfile> srtp_profiles{SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmSha1_80};
  // Handshake datagrams are at most this long (UDP payload); at least 256. Application data is up to its sender.
  std::size_t mtu = 1200;
  // RFC 6347 §4.2.4.1 starts at 1 s; WebRTC stacks at 50 ms, since a call is waiting. Doubles up to kMaxRetransmit.
  Duration initial_retransmit = std::chrono::milliseconds(50);
};

// The handshake is done and the peer's certificate is the one that was promised. Comes once, before any data.
struct Connected {
  std::string version;  // "DTLS 1.2"
  std::string cipher;   // IANA name: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
  // Nothing when use_srtp was not negotiated.
  std::optional<SrtpKeyingMaterial> srtp;
  Bytes peer_certificate;  // DER
};
// One decrypted record.
struct ApplicationData {
  Packet data;
};
// The peer said close_notify; nothing follows.
struct Closed {};
// It will never connect, or it broke; nothing follows. `reason` is a sentence for a person.
struct Failed {
  std::string reason;
};

using Event = std::variant<Connected, ApplicationData, Closed, Failed>;

struct Stats {
  std::uint64_t datagrams_received = 0;
  std::uint64_t records_discarded = 0;      // malformed, of an unknown epoch, forged, or not expected
  std::uint64_t records_replayed = 0;       // authentic, but seen before or too old
  std::uint64_t records_held = 0;           // came before they could be read, and were kept
  std::uint64_t data_dropped = 0;           // authentic application data that found a full queue
  std::uint64_t flights_retransmitted = 0;  // on time-out or because the peer repeated its own
};

class Endpoint {
 public:
  static constexpr Duration kMaxRetransmit = std::chrono::seconds(3);
  // A flight that is not answered in this time ends the handshake.
  static constexpr Duration kGiveUp = std::chrono::seconds(30);
  // Events that wait for poll_event; further application data is dropped (SCTP sends it again).
  static constexpr std::size_t kMaxEvents = 1024;
  // Datagrams that wait for poll_transmit; send() then answers kOperation.
  static constexpr std::size_t kMaxTransmits = 1024;
  // Encrypted datagrams kept until the handshake and the check of the fingerprint are done.
  static constexpr std::size_t kMaxHeld = 32;
  // What a record adds to application data: header, explicit nonce, tag (RFC 6347 §4.1, RFC 5288 §3).
  static constexpr std::size_t kMaxRecordOverhead = 13 + 8 + 16;

  // `pool` outlives the endpoint.
  Endpoint(Config config, PacketPool& pool);
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;
  ~Endpoint();

  // The client sends its ClientHello; the server begins to listen (what came before was kept). Call it when there is
  // a path (ICE connected): what is sent before is lost, and retransmissions back off. Later calls do nothing.
  void start(Timestamp now);
  // What the signalling promised; before, during or after the handshake. Nothing passes before a match: no event, no
  // keys, no data. A mismatch is Failed, with both fingerprints named, and a bad_certificate alert to the peer.
  void set_remote_fingerprints(std::vector<Fingerprint> fingerprints, Timestamp now);

  // A datagram whose first byte is in [20, 63] (RFC 7983 §7). Anything else in it is counted and dropped.
  void handle_input(Packet datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  std::optional<Packet> poll_transmit();
  std::optional<Event> poll_event();
  Timestamp next_timeout() const;

  // One record in one datagram. kInvalidState unless connected; kType when larger than a packet holds; kOperation
  // when kMaxTransmits datagrams wait.
  Result<> send(ByteView application_data, Timestamp now);
  // The same without a copy: protects the packet in place, in its headroom and tailroom.
  Result<> send(Packet application_data, Timestamp now);
  // Says close_notify when connected, and is over: no event follows.
  void close(Timestamp now);

  bool connected() const;
  const Stats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

static_assert(Machine<Endpoint>);

}  // namespace tidewire::dtls
