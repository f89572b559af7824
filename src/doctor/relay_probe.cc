#include "doctor/relay_probe.h"

#include <algorithm>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "doctor/binding_probe.h"

namespace tidewire::doctor {

std::string_view to_string(RelayPath path) {
  switch (path) {
    case RelayPath::kNone: return "none";
    case RelayPath::kPeerSocket: return "udp_peer";
    case RelayPath::kSecondAllocation: return "second_allocation";
  }
  return "";
}

RelayProbe::RelayProbe(const RelayProbeConfig& config, crypto::Random random, PacketPool& pool)
    : config_(config),
      random_(std::move(random)),
      pool_(pool),
      first_(config.first, random_.fork(), pool),
      second_(config.second, random_.fork(), pool),
      token_(random_.u64()) {}

void RelayProbe::start(Timestamp now) {
  if (phase_ != Phase::kNew) return;
  phase_ = Phase::kAllocating;
  started_ = now;
  phase_ends_ = now + config_.patience;
  first_.start(now);
  read_events(now);
}

void RelayProbe::read_events(Timestamp now) {
  while (const auto event = first_.poll_event()) first_event(*event, now);
  while (const auto event = second_.poll_event()) second_event(*event, now);
  if (phase_ != Phase::kClosing) return;
  const auto over = [](const turn::Client& client) {
    return client.state() != turn::ClientState::kClosing && client.state() != turn::ClientState::kAllocated;
  };
  if (over(first_) && over(second_)) phase_ = Phase::kDone;
}

void RelayProbe::first_event(const turn::Event& event, Timestamp now) {
  if (const auto* allocated = std::get_if<turn::event::Allocated>(&event)) {
    findings_.allocated = true;
    findings_.allocate_time = now - started_;
    findings_.relayed = allocated->relayed;
    try_peer(now);
  } else if (const auto* failed = std::get_if<turn::event::Failed>(&event)) {
    findings_.failure = *failed;
    finish(now);
  } else if (phase_ == Phase::kFirst || phase_ == Phase::kMeasuring) {
    findings_.peer_refused = std::get<turn::event::PermissionRefused>(event);
    gave_up(now);
  }
}

void RelayProbe::second_event(const turn::Event& event, Timestamp now) {
  if (std::holds_alternative<turn::event::Allocated>(event)) {
    begin_pinging(RelayPath::kSecondAllocation, now);
  } else if (const auto* failed = std::get_if<turn::event::Failed>(&event)) {
    findings_.failure = *failed;
    finish(now);
  } else if (phase_ == Phase::kFirst || phase_ == Phase::kMeasuring) {
    findings_.peer_refused = std::get<turn::event::PermissionRefused>(event);
    finish(now);
  }
}

void RelayProbe::try_peer(Timestamp now) {
  const auto& seen = config_.peer_seen_as;
  const bool possible = config_.peer_local && seen && seen->ip.is_v6() == findings_.relayed.ip.is_v6() &&
                        config_.peer_local->ip.is_v6() == seen->ip.is_v6();
  if (!possible) return try_second(now);
  findings_.peer_tried = true;
  begin_pinging(RelayPath::kPeerSocket, now);
}

void RelayProbe::try_second(Timestamp now) {
  phase_ = Phase::kAllocatingSecond;
  phase_ends_ = now + config_.patience;
  next_ping_ = kNever;
  second_.start(now);
}

void RelayProbe::begin_pinging(RelayPath path, Timestamp now) {
  trying_ = path;
  phase_ = Phase::kFirst;
  phase_ends_ = now + kFirstPatience;
  pings_.clear();
  if (path == RelayPath::kPeerSocket) {
    // RFC 8656 §9: a permission is for an address; the port that a symmetric NAT gives the peer shows when it sends.
    first_.allow(*config_.peer_seen_as, now);
  } else {
    first_.allow(*second_.relayed_address(), now);
    second_.allow(*first_.relayed_address(), now);
  }
  send_ping(now);
}

void RelayProbe::send_ping(Timestamp now) {
  Packet packet = pool_.make();
  if (!packet.resize(kPayload)) return;
  std::ranges::fill(packet.bytes(), std::uint8_t{0});
  ByteWriter writer(packet.bytes());
  writer.u64(token_);
  writer.u32(next_number_);
  pings_.push_back({next_number_++, now});
  if (phase_ == Phase::kMeasuring) ++findings_.sent;
  next_ping_ = now + (phase_ == Phase::kMeasuring ? kInterval : kFirstInterval);
  if (trying_ == RelayPath::kPeerSocket) {
    (void)transmits_.push({*config_.peer_local, findings_.relayed, std::move(packet), {}});
  } else if (auto wrapped = first_.wrap(std::move(packet), *second_.relayed_address(), now)) {
    (void)transmits_.push(std::move(*wrapped));
  }
  if (findings_.sent < kDatagrams) return;
  next_ping_ = kNever;
  phase_ends_ = now + kLastPatience;
}

bool RelayProbe::is_ours(ByteView payload) const {
  ByteReader reader(payload);
  return payload.size() == kPayload && reader.u64() == token_;
}

void RelayProbe::handle_input(Datagram datagram, Timestamp now) {
  if (config_.peer_local && datagram.stream == StreamId{} && datagram.local == *config_.peer_local) {
    handle_peer_input(datagram, now);
  } else if (first_.wants(datagram)) {
    if (auto data = first_.handle_input(std::move(datagram), now)) handle_data(std::move(*data), true, now);
  } else if (second_.wants(datagram)) {
    if (auto data = second_.handle_input(std::move(datagram), now)) handle_data(std::move(*data), false, now);
  }
  read_events(now);
}

void RelayProbe::handle_peer_input(const Datagram& datagram, Timestamp now) {
  if (trying_ == RelayPath::kPeerSocket && datagram.remote == findings_.relayed)
    came_back(datagram.packet.bytes(), now);
}

void RelayProbe::handle_data(Datagram data, bool at_first, Timestamp now) {
  if (!is_ours(data.packet.bytes())) return;
  if (at_first && trying_ == RelayPath::kSecondAllocation) return came_back(data.packet.bytes(), now);
  // What arrives at the far end goes back to where it came from.
  echo(at_first ? first_ : second_, std::move(data), now);
}

void RelayProbe::echo(turn::Client& client, Datagram data, Timestamp now) {
  if (auto wrapped = client.wrap(std::move(data.packet), data.remote, now)) (void)transmits_.push(std::move(*wrapped));
}

void RelayProbe::came_back(ByteView payload, Timestamp now) {
  if (!is_ours(payload) || (phase_ != Phase::kFirst && phase_ != Phase::kMeasuring)) return;
  ByteReader reader(payload);
  reader.u64();
  const std::uint32_t number = reader.u32();
  const auto ping = std::ranges::find(pings_, number, &Ping::number);
  if (ping == pings_.end()) return;
  const Duration round_trip = now - ping->sent;
  pings_.erase(ping);  // a copy does not count
  if (phase_ == Phase::kFirst) {
    findings_.path = trying_;
    phase_ = Phase::kMeasuring;
    phase_ends_ = kNever;
    first_measured_ = next_number_;
    send_ping(now);
  } else if (number >= first_measured_) {
    ++findings_.received;
    round_trips_.push_back(round_trip);
    if (findings_.received == kDatagrams) finish(now);
  }
}

// Nothing came through this way.
void RelayProbe::gave_up(Timestamp now) {
  if (trying_ == RelayPath::kPeerSocket && phase_ == Phase::kFirst) return try_second(now);
  finish(now);
}

void RelayProbe::finish(Timestamp now) {
  if (phase_ == Phase::kClosing || phase_ == Phase::kDone || phase_ == Phase::kTold) return;
  findings_.round_trip = median(round_trips_);
  next_ping_ = kNever;
  phase_ = Phase::kClosing;
  phase_ends_ = now + kClosePatience;
  first_.close(now);
  second_.close(now);
}

void RelayProbe::handle_stream_closed(StreamId stream, Timestamp now) {
  if (stream == config_.first.stream) first_.handle_stream_closed(now);
  if (stream == config_.second.stream && second_.state() != turn::ClientState::kNew) second_.handle_stream_closed(now);
  read_events(now);
}

void RelayProbe::handle_timeout(Timestamp now) {
  first_.handle_timeout(now);
  second_.handle_timeout(now);
  read_events(now);
  if (next_ping_ <= now) send_ping(now);
  if (phase_ends_ > now) return;
  phase_ends_ = kNever;
  switch (phase_) {
    case Phase::kAllocating:
    case Phase::kAllocatingSecond:
      findings_.failure = turn::event::Failed{.code = turn::event::Failed::kUnreachable,
                                              .reason = "the server did not answer in time",
                                              .cause = turn::Cause::kTimeout,
                                              .alternate_server = {},
                                              .alternate_domain = {}};
      return finish(now);
    case Phase::kFirst: return gave_up(now);
    case Phase::kMeasuring: return finish(now);
    case Phase::kClosing: phase_ = Phase::kDone; return;
    case Phase::kNew:
    case Phase::kDone:
    case Phase::kTold: return;
  }
}

Timestamp RelayProbe::next_timeout() const {
  if (phase_ == Phase::kDone || phase_ == Phase::kTold) return kNever;
  return std::min({first_.next_timeout(), second_.next_timeout(), phase_ends_, next_ping_});
}

std::optional<Datagram> RelayProbe::poll_transmit() {
  if (auto datagram = first_.poll_transmit()) return datagram;
  if (auto datagram = second_.poll_transmit()) return datagram;
  return transmits_.pop();
}

std::optional<RelayFindings> RelayProbe::poll_event() {
  if (phase_ != Phase::kDone) return std::nullopt;
  phase_ = Phase::kTold;
  return findings_;
}

}  // namespace tidewire::doctor
