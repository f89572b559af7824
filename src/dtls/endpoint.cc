#include "dtls/endpoint.h"

#include <utility>

namespace tidewire::dtls {

namespace {

constexpr std::uint8_t kFinished = 20;  // RFC 5246 §7.4
// A flight has at most five messages (RFC 6347 §4.2.4); what is further ahead was not sent by the peer.
constexpr int kMaxMessagesAhead = 8;

}  // namespace

Endpoint::Endpoint(Config config, PacketPool& pool)
    : config_(std::move(config)), pool_(&pool), timer_(config_.initial_retransmit, kMaxRetransmit, kGiveUp) {}

void Endpoint::start(Timestamp now) {
  if (phase_ != Phase::kIdle) return;
  phase_ = Phase::kHandshaking;
  handshake_ =
      std::make_unique<crypto::DtlsHandshake>(crypto::DtlsHandshake::Config{.is_server = config_.role == Role::kServer,
                                                                            .certificate = config_.certificate,
                                                                            .srtp_profiles = config_.srtp_profiles,
                                                                            .mtu = config_.mtu});
  handshake_->expect_fingerprints(fingerprints_);
  if (config_.role == Role::kClient) drive({}, now);
  replay_held(now);
}

void Endpoint::set_remote_fingerprints(std::vector<Fingerprint> fingerprints, Timestamp now) {
  if (phase_ == Phase::kOver || fingerprints.empty()) return;
  fingerprints_ = std::move(fingerprints);
  if (phase_ == Phase::kHandshaking) handshake_->expect_fingerprints(fingerprints_);
  if (phase_ == Phase::kUnverified || phase_ == Phase::kConnected) verify(now);
}

void Endpoint::handle_input(Packet datagram, Timestamp now) {
  ++stats_.datagrams_received;
  if (phase_ == Phase::kIdle) {
    hold(std::move(datagram));
  } else {
    handle_datagram(std::move(datagram), now);
  }
}

void Endpoint::handle_datagram(Packet datagram, Timestamp now) {
  ByteView rest = std::as_const(datagram).bytes();
  while (!rest.empty() && phase_ != Phase::kOver) {
    const std::optional<Record> record = take_record(rest);
    if (!record || record->epoch > kProtectedEpoch) {
      ++stats_.records_discarded;
      if (!record) return;
    } else if (record->epoch == 0) {
      handle_plaintext(*record, now);
    } else if (record->type == ContentType::kHandshake && phase_ == Phase::kHandshaking) {
      drive(record->whole, now);
    } else if (rest.empty()) {
      // The last record, most often the only one, stays where it is.
      datagram.remove_prefix(datagram.size() - record->whole.size());
      return handle_protected(std::move(datagram), record->type, now);
    } else if (Packet copy = pool_->copy_of(record->whole)) {
      handle_protected(std::move(copy), record->type, now);
    }
  }
}

// Anybody can make plaintext records. After the handshake none is of use.
void Endpoint::handle_plaintext(const Record& record, Timestamp now) {
  if (phase_ != Phase::kHandshaking || record.type == ContentType::kApplicationData) {
    ++stats_.records_discarded;
    return;
  }
  if (record.type == ContentType::kAlert) return handle_alert(record.fragment, now);
  const std::optional<std::uint16_t> message = message_sequence(record);
  const std::uint16_t newest = newest_message_.value_or(0);
  if (record.type == ContentType::kHandshake && (!message || *message > newest + kMaxMessagesAhead)) {
    ++stats_.records_discarded;
    return;
  }
  // RFC 6347 §4.2.4: the peer repeats its flight, so it lacks ours.
  if (message && answered_message_ && *message <= *answered_message_) return repeat_flight(now);
  if (message && (!newest_message_ || *message > *newest_message_)) newest_message_ = message;
  drive(record.whole, now);
}

void Endpoint::handle_protected(Packet record, ContentType type, Timestamp now) {
  if (phase_ == Phase::kHandshaking) return hold(std::move(record));
  switch (opener_->open(record)) {
    case OpenResult::kForged: ++stats_.records_discarded; return;
    case OpenResult::kReplayed: ++stats_.records_replayed; return;
    case OpenResult::kOk: break;
  }
  if (type == ContentType::kApplicationData) return handle_data(std::move(record));
  if (type == ContentType::kAlert) return handle_alert(std::as_const(record).bytes(), now);
  // RFC 6347 §4.2.4: the client's Finished again means that it has not seen the server's last flight. (A client has
  // seen everything when it is done. Renegotiation is not done at all: RFC 8827 §6.5.)
  const bool repeats = type == ContentType::kHandshake && !record.empty() && record.data()[0] == kFinished;
  if (repeats && config_.role == Role::kServer) {
    repeat_flight(now);
  } else {
    ++stats_.records_discarded;
  }
}

void Endpoint::handle_alert(ByteView fragment, Timestamp) {
  const std::optional<Alert> alert = parse_alert(fragment);
  if (!alert) {
    ++stats_.records_discarded;
    return;
  }
  const bool handshaking = phase_ == Phase::kHandshaking;
  if (alert->description == kCloseNotify && !handshaking) {
    // RFC 5246 §7.2.1: answered with a close_notify of one's own.
    send_alert({.level = kWarning, .description = kCloseNotify});
    end(Closed{});
  } else if (alert->description == kCloseNotify) {
    fail(FailureKind::kHandshake, "the peer closed the connection during the DTLS handshake");
  } else if (alert->level == kFatal) {
    // A peer that does not find our certificate in our description says bad_certificate (RFC 8122 §6.2).
    fail(alert->description == kBadCertificate ? FailureKind::kFingerprint : FailureKind::kHandshake,
         std::string("the peer ended the DTLS ") + (handshaking ? "handshake" : "connection") + " with the alert " +
             describe(*alert));
  } else {
    ++stats_.records_discarded;
  }
}

void Endpoint::handle_data(Packet data) {
  const bool verified = phase_ == Phase::kConnected;
  // Before the fingerprint is checked a stranger may be sending: little is kept of it.
  if ((!verified && data_.size() >= kMaxHeld) || !data_.push(std::move(data))) ++stats_.data_dropped;
}

void Endpoint::hold(Packet record) {
  if (held_.push(std::move(record))) {
    ++stats_.records_held;
  } else {
    ++stats_.records_discarded;
  }
}

void Endpoint::replay_held(Timestamp now) {
  // What must still wait goes to the end of the queue.
  for (std::size_t n = held_.size(); n > 0 && !held_.empty(); --n) handle_datagram(*held_.pop(), now);
}

void Endpoint::handle_timeout(Timestamp now) {
  if (!timer_.due(now)) return;
  if (timer_.exhausted(now)) {
    return fail(FailureKind::kTimeout,
                "DTLS timeout: no answer from the peer for " +
                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(kGiveUp).count()) + " s");
  }
  ++stats_.flights_retransmitted;
  timer_.back_off(now);
  transmit_flight();
}

std::optional<Packet> Endpoint::poll_transmit() { return transmits_.pop(); }

std::optional<Event> Endpoint::poll_event() {
  if (phase_ == Phase::kHandshaking || phase_ == Phase::kUnverified) return std::nullopt;
  if (connected_event_) return std::exchange(connected_event_, std::nullopt);
  if (std::optional<Packet> data = data_.pop()) return ApplicationData{std::move(*data)};
  return std::exchange(last_event_, std::nullopt);
}

std::optional<Packet> Endpoint::poll_data() {
  if (phase_ == Phase::kHandshaking || phase_ == Phase::kUnverified || connected_event_) return std::nullopt;
  return data_.pop();
}

Result<> Endpoint::send(ByteView application_data, Timestamp now) {
  Packet packet = pool_->copy_of(application_data);
  if (!packet) return Error{ErrorCode::kType, "the message is larger than a packet"};
  return send(std::move(packet), now);
}

Result<> Endpoint::send(Packet application_data, Timestamp) {
  if (phase_ != Phase::kConnected) return Error{ErrorCode::kInvalidState, "DTLS is not connected"};
  if (transmits_.full()) return Error{ErrorCode::kOperation, "the send queue of DTLS is full"};
  if (!sealer_->seal(ContentType::kApplicationData, application_data)) {
    return Error{ErrorCode::kType, "the packet has no room for a DTLS record"};
  }
  transmit(std::move(application_data));
  return {};
}

void Endpoint::close(Timestamp) {
  if (phase_ == Phase::kOver) return;
  if (sealer_ && phase_ != Phase::kHandshaking) send_alert({.level = kWarning, .description = kCloseNotify});
  end(Closed{});
  connected_event_.reset();
  data_.clear();
  last_event_.reset();
}

}  // namespace tidewire::dtls
