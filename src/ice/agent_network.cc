// The owner's calls about its own side: sockets, relays and servers, which may come and go.
#include <algorithm>
#include <utility>

#include "ice/agent.h"

namespace tidewire::ice {
namespace {

constexpr std::size_t kMaxLocalCandidates = 256;
constexpr std::uint16_t kDiscardPort = 9;  // RFC 6544 §4.5: an active candidate has no port yet

bool is_bindable(const SocketAddress& address) {
  return address.port != 0 && !address.ip.is_unspecified() && !address.ip.is_multicast();
}

}  // namespace

Result<> Agent::add_local_socket(const LocalSocket& socket, Timestamp now) {
  Base base{.address = socket.bound, .preference = socket.preference};
  base.candidate.type = CandidateType::kHost;
  base.candidate.priority = candidate_priority(CandidateType::kHost, socket.preference);
  if (auto added = add_base(std::move(base), socket, now); !added) return added;
  // RFC 8445 §5.2: a lite agent has host candidates only.
  if (!lite_) {
    const std::size_t index = *find_base(socket.bound);
    if (socket.public_ip) add_reflexive(index, {*socket.public_ip, socket.bound.port}, std::nullopt);
    gatherer_.add(socket.bound);
  }
  drive(now);
  return {};
}

Result<> Agent::add_tcp_listener(const LocalSocket& socket, Timestamp now) {
  Base base{.address = socket.bound, .preference = socket.preference};
  base.candidate.protocol = Protocol::kTcp;
  base.candidate.tcp_type = TcpType::kPassive;
  base.candidate.priority = tcp_candidate_priority(CandidateType::kHost, TcpType::kPassive, socket.preference);
  if (auto added = add_base(std::move(base), socket, now); !added) return added;
  drive(now);
  return {};
}

Result<> Agent::add_tcp_active(const LocalSocket& socket, Timestamp now) {
  if (lite_) return {};  // it makes no checks, so it makes no connections
  Base base{.address = {socket.bound.ip, kDiscardPort}, .preference = socket.preference};
  base.candidate.protocol = Protocol::kTcp;
  base.candidate.tcp_type = TcpType::kActive;
  base.candidate.priority = tcp_candidate_priority(CandidateType::kHost, TcpType::kActive, socket.preference);
  if (auto added = add_base(std::move(base), socket, now); !added) return added;
  drive(now);
  return {};
}

Result<> Agent::add_local_relay(const SocketAddress& relayed, const SocketAddress& mapped, std::uint16_t preference,
                                Timestamp now) {
  Base base{.address = relayed, .preference = preference};
  base.candidate.type = CandidateType::kRelayed;
  base.candidate.priority = candidate_priority(CandidateType::kRelayed, preference);
  base.candidate.related_address = mapped;
  if (auto added = add_base(std::move(base), {}, now); !added) return added;
  drive(now);
  return {};
}

Result<> Agent::add_base(Base base, const LocalSocket& socket, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  Candidate& candidate = base.candidate;
  if (!is_bindable(base.address)) {
    return Error{ErrorCode::kType, base.address.to_string() + " is no address that a peer can send to"};
  }
  if (find_base(base.address, candidate.protocol)) {
    return Error{ErrorCode::kOperation, base.address.to_string() + " was added before"};
  }
  candidate.foundation = foundation(candidate.type, base.address.ip, candidate.protocol);
  candidate.address = without_scope(base.address);
  candidate.host_name = socket.mdns_name;
  if (lite_ && socket.public_ip) candidate.address.ip = *socket.public_ip;

  auto place = std::find_if(bases_.begin(), bases_.end(), [](const Base& old) { return old.gone; });
  if (place == bases_.end()) {
    if (bases_.size() >= kMaxLocalSockets) return Error{ErrorCode::kOperation, "too many local sockets"};
    place = bases_.emplace(bases_.end());
  }
  *place = std::move(base);
  const auto index = static_cast<std::size_t>(place - bases_.begin());
  set_gathering_state(GatheringState::kGathering);
  announce(place->address, place->candidate);
  for (const RemoteCandidates::Entry& remote : remotes_.entries()) add_pair(index, remote);
  if (failed_ && !remotes_.entries().empty()) revive(now);
  return {};
}

void Agent::remove_local(const SocketAddress& bound, Timestamp now) {
  if (state_ == State::kClosed) return;
  bool in_use = false;
  for (std::size_t index = 0; index < bases_.size(); ++index) {
    Base& base = bases_[index];
    // An address that connections are made from has no port of its own and goes with its interface's sockets.
    const bool active = base.candidate.tcp_type == TcpType::kActive && base.address.ip == bound.ip;
    if (base.gone || (base.address != bound && !active)) continue;
    base.gone = true;
    in_use =
        in_use || (selected_ && (selected_->local_address == base.address ||
                                 (selected_->stream != StreamId{} && base_of({{}, {}, selected_->stream}) == index)));
    checks_.remove_base(index);
    drop_streams_of(index);
    gatherer_.remove(base.address);
    std::erase_if(locals_, [&](const LocalCandidate& local) { return local.base == base.address; });
  }
  if (in_use) lose_path(now);
  drive(now);
}

void Agent::announce(const SocketAddress& base, Candidate candidate) {
  candidate.ufrag = local_.ufrag;
  locals_.push_back({base, candidate});
  emit(LocalCandidateFound{std::move(candidate)});
}

void Agent::add_server_reflexive(const SocketAddress& bound, const SocketAddress& mapped, const SocketAddress& server,
                                 Timestamp now) {
  const auto base = find_base(bound);
  if (state_ == State::kClosed || !base) return;
  add_reflexive(*base, mapped, server);
  drive(now);
}

// RFC 8445 §5.1.1.2, and §5.1.3: equal address and base is redundant.
void Agent::add_reflexive(std::size_t index, const SocketAddress& mapped, const std::optional<SocketAddress>& server) {
  const Base& base = bases_[index];
  if (!is_bindable(mapped) || mapped.ip.is_v4() != base.address.ip.is_v4()) return;
  const bool redundant = std::any_of(locals_.begin(), locals_.end(), [&](const LocalCandidate& local) {
    return local.base == base.address && local.candidate.address == mapped &&
           local.candidate.protocol == Protocol::kUdp;
  });
  if (redundant || locals_.size() >= kMaxLocalCandidates) return;
  Candidate candidate;
  candidate.type = CandidateType::kServerReflexive;
  candidate.foundation = foundation(candidate.type, base.address.ip, Protocol::kUdp, server);
  candidate.priority = candidate_priority(candidate.type, base.preference);
  candidate.address = mapped;
  candidate.related_address = without_scope(base.address);
  // draft-ietf-mmusic-mdns-ice-candidates §3.1.2.2: what the name hides is not told here.
  if (!base.candidate.host_name.empty()) candidate.related_address = SocketAddress{{}, kDiscardPort};
  announce(base.address, std::move(candidate));
}

Result<> Agent::add_stun_server(const SocketAddress& server, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  std::vector<SocketAddress> bases;
  for (const Base& base : bases_) {
    const bool asks = base.candidate.type == CandidateType::kHost && base.candidate.protocol == Protocol::kUdp;
    if (asks && !base.gone && !lite_) bases.push_back(base.address);
  }
  if (!gatherer_.add_server(server, bases)) return Error{ErrorCode::kOperation, "too many STUN servers"};
  drive(now);
  return {};
}

void Agent::end_of_local_sockets(Timestamp now) {
  if (state_ == State::kClosed) return;
  local_sockets_ended_ = true;
  drive(now);
}

std::optional<std::size_t> Agent::find_base(const SocketAddress& local, Protocol protocol) const {
  const auto found = std::find_if(bases_.begin(), bases_.end(), [&](const Base& base) {
    return !base.gone && base.address == local && base.candidate.protocol == protocol;
  });
  if (found == bases_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - bases_.begin());
}

std::optional<std::size_t> Agent::base_of(const Route& route) const {
  if (route.stream == StreamId{}) return find_base(route.local);
  for (const Stream& stream : streams_) {
    if (stream.id == route.stream) return stream.base;
  }
  return std::nullopt;
}

}  // namespace tidewire::ice
