#include "session/keying.h"

#include <utility>

namespace tidewire::session {

Keying::Keying(std::shared_ptr<const crypto::Certificate> certificate, PacketPool& pool)
    : certificate_(std::move(certificate)), pool_(&pool) {}

void Keying::set_role(dtls::Role role, Timestamp now) {
  // RFC 8842 §5.1: a role, once taken, holds for the life of the association.
  if (role_ || state_ == State::kClosed) return;
  role_ = role;
  endpoint_.emplace(dtls::Config{.role = role, .certificate = certificate_}, *pool_);
  endpoint_->set_remote_fingerprints(fingerprints_, now);
  while (auto datagram = early_.pop()) endpoint_->handle_input(std::move(*datagram), now);
  start_if_ready(now);
}

void Keying::set_remote_fingerprints(std::vector<crypto::Fingerprint> fingerprints, Timestamp now) {
  fingerprints_ = std::move(fingerprints);
  if (endpoint_) endpoint_->set_remote_fingerprints(fingerprints_, now);
}

void Keying::set_path_ready(Timestamp now) {
  path_ready_ = true;
  start_if_ready(now);
}

void Keying::start_if_ready(Timestamp now) {
  if (!endpoint_ || !path_ready_ || state_ != State::kNew) return;
  state_ = State::kConnecting;
  endpoint_->start(now);
}

void Keying::handle_input(Packet datagram, Timestamp now) {
  if (endpoint_) return endpoint_->handle_input(std::move(datagram), now);
  // Full: dropped. The peer sends its flight again.
  if (!early_.push(std::move(datagram))) return;
}

void Keying::handle_timeout(Timestamp now) {
  if (endpoint_) endpoint_->handle_timeout(now);
}

std::optional<Keying::Event> Keying::poll_event() {
  if (!endpoint_) return std::nullopt;
  auto event = endpoint_->poll_event();
  if (!event) return std::nullopt;
  if (auto* data = std::get_if<dtls::ApplicationData>(&*event)) return DataReceived{std::move(data->data)};
  if (auto* up = std::get_if<dtls::Connected>(&*event)) return connected(std::move(*up));
  if (auto* failed = std::get_if<dtls::Failed>(&*event)) {
    state_ = State::kFailed;
    return Failed{failed->kind, std::move(failed->reason)};
  }
  state_ = State::kClosed;
  return Closed{};
}

Keying::Event Keying::connected(dtls::Connected&& connected) {
  state_ = State::kConnected;
  peer_certificate_ = std::move(connected.peer_certificate);
  std::string profile;
  if (connected.srtp) {
    srtp_ = srtp::Session::from_dtls(*connected.srtp, role_ == dtls::Role::kClient);
    profile = crypto::to_string(connected.srtp->client.profile);
  }
  return Connected{std::move(connected.version), std::move(connected.cipher), std::move(profile)};
}

Result<> Keying::send(Packet data, Timestamp now) {
  if (state_ != State::kConnected) return Error{ErrorCode::kInvalidState, "the DTLS transport is not connected"};
  return endpoint_->send(std::move(data), now);
}

void Keying::close(Timestamp now) {
  if (endpoint_) endpoint_->close(now);
  state_ = State::kClosed;
}

std::uint64_t Keying::records_discarded() const { return endpoint_ ? endpoint_->stats().records_discarded : 0; }

}  // namespace tidewire::session
