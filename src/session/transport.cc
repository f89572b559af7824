#include "session/transport.h"

#include <algorithm>
#include <utility>

#include "session/demux.h"

namespace tidewire::session {
namespace {

// One part's event as one of ours. Moves from it.
template <typename Event>
TransportEvent widen(Event& event) {
  return std::visit([](auto& one) { return TransportEvent{std::move(one)}; }, event);
}

}  // namespace

Transport::Transport(ice::AgentConfig config, std::shared_ptr<const crypto::Certificate> certificate,
                     crypto::Random random, PacketPool& pool)
    : ice_(std::move(config), std::move(random), pool), keying_(std::move(certificate), pool) {}

void Transport::handle_input(Datagram datagram, Timestamp now) {
  ++counters_.packets_received;
  counters_.bytes_received += datagram.packet.size();
  const ice::Route route{datagram.local, datagram.remote, datagram.stream};
  switch (const Protocol protocol = classify(datagram.packet.bytes())) {
    case Protocol::kStun:
      ice_.handle_input(route, datagram.packet.bytes(), now);
      notice_path(now);
      break;
    case Protocol::kDtls: keying_.handle_input(std::move(datagram.packet), now); break;
    case Protocol::kRtp:
    case Protocol::kRtcp:
      if (handle_media(std::move(datagram.packet), protocol == Protocol::kRtcp)) ice_.note_packet(route, now);
      break;
    case Protocol::kUnknown: ++counters_.discarded; break;
  }
}

bool Transport::handle_media(Packet packet, bool is_rtcp) {
  srtp::Session* srtp = keying_.srtp();
  const bool opened = srtp && (is_rtcp ? srtp->receiver.unprotect_rtcp(packet)
                                       : srtp->receiver.unprotect_rtp(packet)) == srtp::Status::kOk;
  if (opened) {
    TransportEvent event =
        is_rtcp ? TransportEvent{RtcpReceived{std::move(packet)}} : TransportEvent{RtpReceived{std::move(packet)}};
    if (media_in_.push(std::move(event))) return true;
  }
  ++counters_.discarded;
  return opened;
}

void Transport::handle_timeout(Timestamp now) {
  if (ice_.next_timeout() <= now) ice_.handle_timeout(now);
  if (keying_.next_timeout() <= now) keying_.handle_timeout(now);
  notice_path(now);
}

void Transport::notice_path(Timestamp now) {
  if (ice_.selected_pair() && keying_.state() == Keying::State::kNew) keying_.set_path_ready(now);
}

void Transport::send_rtp(Packet packet) {
  if (!can_send_media() || keying_.srtp()->sender.protect_rtp(packet) != srtp::Status::kOk ||
      !media_out_.push(std::move(packet))) {
    ++counters_.discarded;
  }
}

void Transport::send_rtcp(Packet packet) {
  if (!can_send_media() || keying_.srtp()->sender.protect_rtcp(packet) != srtp::Status::kOk ||
      !media_out_.push(std::move(packet))) {
    ++counters_.discarded;
  }
}

void Transport::send_data(Packet packet, Timestamp now) {
  if (!keying_.send(std::move(packet), now)) ++counters_.discarded;
}

std::optional<Datagram> Transport::poll_transmit() {
  if (auto datagram = ice_.poll_transmit()) return count(std::move(*datagram));
  // What has no path waits in its own bounded queue.
  if (!ice_.selected_pair()) return std::nullopt;
  if (auto datagram = on_selected_pair(keying_.poll_transmit())) return datagram;
  return on_selected_pair(media_out_.pop());
}

std::optional<Datagram> Transport::on_selected_pair(std::optional<Packet> packet) {
  if (!packet) return std::nullopt;
  const ice::CandidatePair& pair = *ice_.selected_pair();
  return count({pair.local_address, pair.remote_address, std::move(*packet), pair.stream});
}

Datagram Transport::count(Datagram datagram) {
  ++counters_.packets_sent;
  counters_.bytes_sent += datagram.packet.size();
  return datagram;
}

std::optional<TransportEvent> Transport::poll_event() {
  if (auto event = media_in_.pop()) return event;
  if (auto event = keying_.poll_event()) return widen(*event);
  if (auto event = ice_.poll_event()) return widen(*event);
  return std::nullopt;
}

void Transport::close(Timestamp now) {
  // ICE stays until the farewell has been polled: it holds the path. The session drops both together.
  keying_.close(now);
}

}  // namespace tidewire::session
