// The handshake's part of the endpoint: flights out, keys and the peer's certificate in the end.
#include <algorithm>
#include <utility>

#include "dtls/endpoint.h"

namespace tidewire::dtls {

// Gives OpenSSL a record (or its start) and takes what comes of it.
void Endpoint::drive(ByteView record, Timestamp now) {
  const auto state = handshake_->advance(record);
  Flight flight;
  while (const std::optional<Bytes> datagram = handshake_->poll_output()) collect(*datagram, flight);
  if (!flight.empty()) {
    flight_ = std::move(flight);
    answered_message_ = newest_message_;
    transmit_flight();
    timer_.start(now);
  }
  if (state == crypto::DtlsHandshake::State::kDone) return finish(now);
  if (state != crypto::DtlsHandshake::State::kFailed) return;
  if (handshake_->peer_rejected()) return fail(FailureKind::kFingerprint, mismatch(handshake_->peer_certificate()));
  fail(FailureKind::kHandshake, "the DTLS handshake failed: " + handshake_->error());
}

// Takes apart what OpenSSL wrote: messages become the flight, an alert goes out at once.
void Endpoint::collect(ByteView datagram, Flight& flight) {
  while (const std::optional<Record> record = take_record(datagram)) {
    FlightRecord own{.type = record->type, .epoch = record->epoch, .fragment = {}};
    if (record->epoch == 0) {
      own.fragment.assign(record->fragment.begin(), record->fragment.end());
    } else {
      if (!sealer_) install_keys();
      Packet plaintext = pool_->copy_of(record->whole);
      if (!own_opener_ || !plaintext || own_opener_->open(plaintext) != OpenResult::kOk) continue;
      const ByteView bytes = std::as_const(plaintext).bytes();
      own.fragment.assign(bytes.begin(), bytes.end());
    }
    if (own.type == ContentType::kAlert) {
      transmit_records({&own, 1});
    } else {
      flight.push_back(std::move(own));
    }
  }
}

void Endpoint::install_keys() {
  const std::optional<crypto::DtlsTrafficKeys> keys = handshake_->traffic_keys();
  if (!keys) return;
  const bool client = config_.role == Role::kClient;
  const auto& ours = client ? keys->client : keys->server;
  const auto& theirs = client ? keys->server : keys->client;
  sealer_.emplace(keys->algorithm, ours);
  own_opener_.emplace(keys->algorithm, ours);
  opener_.emplace(keys->algorithm, theirs);
}

void Endpoint::transmit_flight() { transmit_records(flight_); }

// RFC 6347 §4.2.3: as many records to a datagram as fit.
void Endpoint::transmit_records(std::span<const FlightRecord> records) {
  Packet datagram;
  for (const FlightRecord& record : records) {
    Packet packet = pool_->copy_of(record.fragment);
    if (!packet || !frame(record, packet)) continue;
    if (datagram && datagram.size() + packet.size() > config_.mtu) transmit(std::exchange(datagram, {}));
    if (!datagram) {
      datagram = std::move(packet);
    } else if (!datagram.append(std::as_const(packet).bytes())) {
      transmit(std::exchange(datagram, std::move(packet)));
    }
  }
  if (datagram) transmit(std::move(datagram));
}

// Makes a record of a fragment.
bool Endpoint::frame(const FlightRecord& record, Packet& packet) {
  if (record.epoch != 0) return sealer_ && sealer_->seal(record.type, packet);
  const std::size_t size = packet.size();
  if (!packet.prepend(kRecordHeaderSize)) return false;
  write_record_header(packet.bytes(), record.type, 0, next_plaintext_sequence_++, size);
  return true;
}

void Endpoint::transmit(Packet packet) {
  // Nobody polls: like any datagram it may be lost.
  (void)transmits_.push(std::move(packet));
}

void Endpoint::repeat_flight(Timestamp now) {
  if (flight_.empty() || !timer_.may_repeat(now)) return;
  ++stats_.flights_retransmitted;
  timer_.repeated(now);
  transmit_flight();
}

void Endpoint::finish(Timestamp now) {
  timer_.stop();
  if (!opener_) install_keys();
  if (!opener_) return fail(FailureKind::kHandshake, "the DTLS handshake negotiated a cipher that is not supported");
  connected_event_.emplace(Connected{.version = "DTLS 1.2",
                                     .cipher = handshake_->cipher_name(),
                                     .srtp = handshake_->srtp_keys(),
                                     .peer_certificate = handshake_->peer_certificate()});
  // The client's last flight has been answered; the server's may be asked for again.
  if (config_.role == Role::kClient) flight_.clear();
  own_opener_.reset();
  handshake_.reset();
  phase_ = Phase::kUnverified;
  peer_certificate_ = connected_event_->peer_certificate;
  if (!fingerprints_.empty()) verify(now);
  replay_held(now);
}

void Endpoint::verify(Timestamp) {
  if (!crypto::matches_any(peer_certificate_, fingerprints_)) {
    // RFC 8122 §6.2: "the endpoint MUST ... terminate the media connection with a bad_certificate error".
    send_alert({.level = kFatal, .description = kBadCertificate});
    return fail(FailureKind::kFingerprint, mismatch(peer_certificate_));
  }
  phase_ = Phase::kConnected;
}

std::string Endpoint::mismatch(ByteView certificate) const {
  std::string wanted;
  std::string actual;
  for (const Fingerprint& promised : fingerprints_) {
    const auto own = crypto::fingerprint_of(certificate, promised.algorithm);
    if (!wanted.empty()) wanted += " or ";
    wanted += promised.algorithm + " " + promised.value;
    if (own && actual.empty()) actual = own->algorithm + " " + own->value;
  }
  if (actual.empty()) {
    return "fingerprint mismatch: the session description has only " + wanted +
           ", and only sha-256, sha-384 and sha-512 are accepted";
  }
  return "fingerprint mismatch: the peer's certificate has " + actual + ", but the session description promised " +
         wanted;
}

void Endpoint::send_alert(const Alert& alert) {
  const auto bytes = alert.bytes();
  const FlightRecord record{.type = ContentType::kAlert,
                            .epoch = static_cast<std::uint16_t>(sealer_ ? kProtectedEpoch : 0),
                            .fragment = Bytes(bytes.begin(), bytes.end())};
  transmit_records({&record, 1});
}

void Endpoint::fail(FailureKind kind, std::string reason) { end(Failed{kind, std::move(reason)}); }

void Endpoint::end(Event event) {
  // What was not verified is not shown.
  if (phase_ != Phase::kConnected) {
    connected_event_.reset();
    data_.clear();
  }
  phase_ = Phase::kOver;
  timer_.stop();
  flight_.clear();
  held_.clear();
  handshake_.reset();
  last_event_ = std::move(event);
}

}  // namespace tidewire::dtls
