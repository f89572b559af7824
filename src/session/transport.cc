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

Transport::Transport(TransportConfig config, std::shared_ptr<const crypto::Certificate> certificate,
                     crypto::Random random, PacketPool& pool)
    : ice_(std::move(config.ice), random.fork(), pool),
      keying_(std::move(certificate), pool),
      relays_(pool, random.fork()),
      relay_only_(config.relay_only) {}

void Transport::handle_input(Datagram datagram, Timestamp now) {
  now_ = now;
  ++counters_.packets_received;
  counters_.bytes_received += datagram.packet.size();
  if (!relays_.wants(datagram)) return handle_direct(std::move(datagram), now);
  if (auto unwrapped = relays_.handle_input(std::move(datagram), now)) handle_direct(std::move(*unwrapped), now);
  take_relays(now);
}

Transport::PathCounters& Transport::path_of(const ice::Route& route) {
  if (path_.route != route) path_ = {.route = route};
  return path_;
}

// What came over no relay, or out of one.
void Transport::handle_direct(Datagram datagram, Timestamp now) {
  const ice::Route route{datagram.local, datagram.remote, datagram.stream};
  const Protocol protocol = classify(datagram.packet.bytes());
  const bool selected = ice_.selected_pair() && ice_.selected_pair()->route() == route;
  if (selected && protocol != Protocol::kStun && protocol != Protocol::kUnknown) {
    PathCounters& path = path_of(route);
    ++path.packets_received;
    path.bytes_received += datagram.packet.size();
    path.last_received = now;
  }
  switch (protocol) {
    case Protocol::kStun:
      ice_.handle_input(route, datagram.packet.bytes(), now);
      notice_path(now);
      break;
    case Protocol::kDtls:
      if (handle_dtls(std::move(datagram.packet), now)) ice_.note_packet(route, now);
      break;
    case Protocol::kRtp:
    case Protocol::kRtcp:
      if (handle_media(std::move(datagram.packet), protocol == Protocol::kRtcp)) ice_.note_packet(route, now);
      break;
    case Protocol::kUnknown: ++counters_.discarded; break;
  }
}

// True when it was authentic.
bool Transport::handle_dtls(Packet packet, Timestamp now) {
  const bool connected = keying_.state() == Keying::State::kConnected;
  const std::uint64_t discarded = keying_.records_discarded();
  keying_.handle_input(std::move(packet), now);
  return connected && keying_.records_discarded() == discarded;
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
  now_ = now;
  if (ice_.next_timeout() <= now) ice_.handle_timeout(now);
  if (keying_.next_timeout() <= now) keying_.handle_timeout(now);
  if (relays_.next_timeout() <= now) {
    relays_.handle_timeout(now);
    take_relays(now);
  }
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

std::optional<Datagram> Transport::poll_transmit(Timestamp now) {
  now_ = std::max(now_, now);
  // First, so that a permission reaches the server before what it is for.
  auto datagram = relays_.poll_transmit();
  while (!datagram) {
    datagram = next_datagram();
    if (!datagram) return std::nullopt;
    if (!relays_.owns(datagram->local)) break;
    datagram = relays_.wrap(std::move(*datagram), now_);
  }
  ++counters_.packets_sent;
  counters_.bytes_sent += datagram->packet.size();
  return datagram;
}

std::optional<Datagram> Transport::next_datagram() {
  if (auto datagram = ice_.poll_transmit()) return datagram;
  // What has no path waits in its own bounded queue.
  if (!ice_.selected_pair()) return std::nullopt;
  if (auto datagram = on_selected_pair(keying_.poll_transmit())) return datagram;
  return on_selected_pair(media_out_.pop());
}

std::optional<Datagram> Transport::on_selected_pair(std::optional<Packet> packet) {
  if (!packet) return std::nullopt;
  const ice::CandidatePair& pair = *ice_.selected_pair();
  PathCounters& path = path_of(pair.route());
  ++path.packets_sent;
  path.bytes_sent += packet->size();
  path.last_sent = now_;
  return Datagram{pair.local_address, pair.remote_address, std::move(*packet), pair.stream};
}

std::optional<TransportEvent> Transport::poll_event() {
  if (auto event = media_in_.pop()) return event;
  if (auto event = keying_.poll_event()) return widen(*event);
  if (auto event = network_events_.pop()) return event;
  if (auto event = ice_.poll_event()) return widen(*event);
  return std::nullopt;
}

void Transport::close(Timestamp now) {
  // ICE stays until the farewell has been polled: it holds the path. The session drops both together.
  keying_.close(now);
  relays_.close(now);
}

}  // namespace tidewire::session
