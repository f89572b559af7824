// DTLS and the SRTP keys that come out of it: from "there is a path" to "packets can be protected".
//
// RFC 8842: who is the DTLS client follows from the descriptions; RFC 5764: the handshake's keys protect SRTP. What
// the peer sends before our side knows its role is kept, so that an answer that travels slower than the peer's
// ClientHello costs no retransmission.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "crypto/certificate.h"
#include "dtls/endpoint.h"
#include "srtp/session.h"
#include "tidewire/packet.h"

namespace tidewire::session {

class Keying {
 public:
  // Handshake datagrams that wait for the role: two flights.
  static constexpr std::size_t kMaxEarly = 16;

  enum class State { kNew, kConnecting, kConnected, kClosed, kFailed };

  struct Connected {
    std::string version;
    std::string cipher;
    std::string srtp_profile;  // empty: no media can be sent
  };
  struct DataReceived {
    Packet data;
  };
  struct Closed {};
  struct Failed {
    dtls::FailureKind kind{};
    std::string reason;
  };
  using Event = std::variant<Connected, DataReceived, Closed, Failed>;

  Keying(std::shared_ptr<const crypto::Certificate> certificate, PacketPool& pool);

  // Once, when the descriptions have settled it.
  void set_role(dtls::Role role, Timestamp now);
  void set_remote_fingerprints(std::vector<crypto::Fingerprint> fingerprints, Timestamp now);
  // ICE has a path: the handshake begins as soon as the role is known.
  void set_path_ready(Timestamp now);

  void handle_input(Packet datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return endpoint_ ? endpoint_->next_timeout() : kNever; }
  std::optional<Packet> poll_transmit() { return endpoint_ ? endpoint_->poll_transmit() : std::nullopt; }
  std::optional<Event> poll_event();
  // The next event when it is DataReceived, as almost all of them are.
  std::optional<Packet> poll_data() { return state_ == State::kConnected ? endpoint_->poll_data() : std::nullopt; }

  // Application data (one SCTP packet) into a DTLS record.
  Result<> send(Packet data, Timestamp now);
  void close(Timestamp now);

  State state() const { return state_; }
  // Present from Connected on, when the peers agreed on a profile.
  srtp::Session* srtp() { return srtp_ ? &*srtp_ : nullptr; }
  const srtp::Session* srtp() const { return srtp_ ? &*srtp_ : nullptr; }
  std::uint64_t records_discarded() const;
  std::optional<dtls::Role> role() const { return role_; }
  // In DER; empty before Connected.
  const Bytes& peer_certificate() const { return peer_certificate_; }

 private:
  void start_if_ready(Timestamp now);
  Event connected(dtls::Connected&& connected);

  std::shared_ptr<const crypto::Certificate> certificate_;
  PacketPool* pool_;
  State state_ = State::kNew;
  std::optional<dtls::Role> role_;
  std::optional<dtls::Endpoint> endpoint_;
  std::optional<srtp::Session> srtp_;
  std::vector<crypto::Fingerprint> fingerprints_;
  Bytes peer_certificate_;
  BoundedQueue<Packet> early_{kMaxEarly};
  bool path_ready_ = false;
};

static_assert(Machine<Keying>);

}  // namespace tidewire::session
