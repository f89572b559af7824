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
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "base/packet.h"
#include "crypto/certificate.h"
#include "crypto/dtls_handshake.h"
#include "crypto/srtp_profile.h"
#include "dtls/alert.h"
#include "dtls/flight.h"
#include "dtls/record.h"
#include "dtls/record_protection.h"
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
enum class FailureKind : std::uint8_t { kTimeout, kFingerprint, kHandshake };
// It will never connect, or it broke; nothing follows. `reason` is a sentence for a person.
struct Failed {
  FailureKind kind = FailureKind::kHandshake;
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
  // Records of data that wait for poll_event; further application data is dropped (SCTP sends it again).
  static constexpr std::size_t kMaxData = 1024;
  // Datagrams that wait for poll_transmit; send() then answers kOperation.
  static constexpr std::size_t kMaxTransmits = 1024;
  // Records kept until the handshake, and data kept until the check of the fingerprint are done.
  static constexpr std::size_t kMaxHeld = 32;
  // What a record adds to application data: header, explicit nonce, tag (RFC 6347 §4.1, RFC 5288 §3).
  static constexpr std::size_t kMaxRecordOverhead = 13 + 8 + 16;

  // `pool` outlives the endpoint.
  Endpoint(Config config, PacketPool& pool);

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
  // The next event when it is ApplicationData, as almost all of them are.
  std::optional<Packet> poll_data();
  Timestamp next_timeout() const { return timer_.deadline(); }

  // One record in one datagram. kInvalidState unless connected; kType when larger than a packet holds; kOperation
  // when kMaxTransmits datagrams wait.
  Result<> send(ByteView application_data, Timestamp now);
  // The same without a copy: protects the packet in place, in its headroom and tailroom.
  Result<> send(Packet application_data, Timestamp now);
  // Says close_notify when connected, and is over: no event follows.
  void close(Timestamp now);

  bool connected() const { return phase_ == Phase::kConnected; }
  const Stats& stats() const { return stats_; }

 private:
  enum class Phase {
    kIdle,         // not started
    kHandshaking,  // handshake_ is there
    kUnverified,   // keys are there; the fingerprint is not
    kConnected,
    kOver,  // closed or failed
  };

  // endpoint.cc: input and the application's calls.
  void handle_datagram(Packet datagram, Timestamp now);
  void handle_plaintext(const Record& record, Timestamp now);
  void handle_protected(Packet record, ContentType type, Timestamp now);
  void handle_alert(ByteView fragment, Timestamp now);
  void handle_data(Packet data);
  void hold(Packet record);
  void replay_held(Timestamp now);

  // endpoint_handshake.cc: flights and what comes of the handshake.
  void drive(ByteView record, Timestamp now);
  void collect(ByteView datagram, Flight& flight);
  void install_keys();
  void transmit_flight();
  void transmit_records(std::span<const FlightRecord> records);
  bool frame(const FlightRecord& record, Packet& packet);
  void transmit(Packet packet);
  void repeat_flight(Timestamp now);
  void finish(Timestamp now);
  void verify(Timestamp now);
  std::string mismatch(ByteView certificate) const;
  void send_alert(const Alert& alert);
  void fail(FailureKind kind, std::string reason);
  void end(Event event);

  Config config_;
  PacketPool* pool_;
  Phase phase_ = Phase::kIdle;
  std::vector<Fingerprint> fingerprints_;
  std::unique_ptr<crypto::DtlsHandshake> handshake_;
  std::optional<RecordSealer> sealer_;
  std::optional<RecordOpener> opener_;
  // Our own side's keys once more: opens what OpenSSL wrote under them.
  std::optional<RecordOpener> own_opener_;
  std::uint64_t next_plaintext_sequence_ = 0;

  Flight flight_;
  RetransmitTimer timer_;
  // message_seq of the newest handshake message from the peer, and what it was when flight_ was made: a message up
  // to there is a repetition.
  std::optional<std::uint16_t> newest_message_;
  std::optional<std::uint16_t> answered_message_;

  BoundedQueue<Packet> held_{kMaxHeld};
  std::optional<Connected> connected_event_;  // waits for the fingerprint, then for poll_event
  Bytes peer_certificate_;
  BoundedQueue<Packet> data_{kMaxData};
  std::optional<Event> last_event_;  // Closed or Failed
  BoundedQueue<Packet> transmits_{kMaxTransmits};
  Stats stats_;
};

static_assert(Machine<Endpoint>);

}  // namespace tidewire::dtls
