// The owner's calls about the peer: its description, its candidates, restart; and the pairs that follow.
#include "ice/agent.h"

#include <algorithm>
#include <utility>

#include "ice/check_message.h"

namespace tidewire::ice {
namespace {

constexpr std::uint16_t kDiscardPort = 9;  // RFC 8839 §4.3.1 and RFC 6544 §4.5: stands for "no port"
constexpr std::size_t kMinUfrag = 4;       // RFC 8839 §5.4
constexpr std::size_t kMinPwd = 22;
constexpr std::size_t kMaxCredential = 256;
constexpr int kErrorBurst = 20;

std::vector<SocketAddress> at_most(std::vector<SocketAddress> servers, std::size_t limit) {
  if (servers.size() > limit) servers.resize(limit);
  return servers;
}

bool is_usable(const SocketAddress& address) {
  const IpAddress& ip = address.ip;
  const bool is_broadcast = ip == IpAddress::v4({255, 255, 255, 255});
  const bool is_mapped = ip.unmapped() != ip;  // RFC 8445 §5.1.1.1: IPv4 is not to be dressed up as IPv6
  return address.port != 0 && address.port != kDiscardPort && !ip.is_unspecified() && !ip.is_multicast() &&
         !is_broadcast && !is_mapped;
}

bool is_mdns_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".local";
  return name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
}

bool is_global(const IpAddress& ip) { return !ip.is_private() && !ip.is_loopback() && !ip.is_link_local(); }

bool is_link_local_v6(const IpAddress& ip) { return ip.is_v6() && ip.is_link_local(); }

// RFC 8445 §6.1.2.2: the same family and protocol, and link-local with link-local only. RFC 6544 §6.2: connections are
// made by the active side to the passive one; those that come to a listener bring their pair with them.
bool can_pair(const Candidate& local, const IpAddress& base, const Candidate& remote) {
  if (base.is_v4() != remote.address.ip.is_v4() || local.protocol != remote.protocol) return false;
  // RFC 8445 §5.1.1.1: what listens on the loopback of this host is no peer's business.
  if (base.is_loopback() != remote.address.ip.is_loopback()) return false;
  if (is_link_local_v6(base) != is_link_local_v6(remote.address.ip)) return false;
  // A relay on the internet does not see into private networks, and servers refuse it (RFC 8656 §21.1.4).
  if (local.type == CandidateType::kRelayed && is_global(base) && !is_global(remote.address.ip)) return false;
  return local.protocol == Protocol::kUdp ||
         (local.tcp_type == TcpType::kActive && remote.tcp_type == TcpType::kPassive);
}

// The peer does not know on which of our links its link-local address lies: on that of the base.
SocketAddress as_seen_from(const SocketAddress& base, const SocketAddress& remote) {
  if (!is_link_local_v6(base.ip)) return remote;
  std::array<std::uint8_t, 16> bytes{};
  std::copy(remote.ip.bytes().begin(), remote.ip.bytes().end(), bytes.begin());
  return {IpAddress::v6(bytes, base.ip.scope()), remote.port};
}

bool has_credential_form(std::string_view text, std::size_t least) {
  return text.size() >= least && text.size() <= kMaxCredential &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != ':'; });
}

}  // namespace

Agent::Agent(AgentConfig config, crypto::Random random, PacketPool& pool)
    : timing_(config.timing),
      random_(std::move(random)),
      pool_(pool),
      role_(config.lite ? Role::kControlled : config.role),
      tie_breaker_(random_.u64()),
      lite_(config.lite),
      local_(std::move(config.local)),
      remotes_(kMaxRemoteCandidates, kMaxPeerReflexive, kMaxUnresolvedCandidates),
      gatherer_(timing_, at_most(std::move(config.stun_servers), kMaxStunServers)),
      pacer_(timing_.pacing, timing_.pacing_burst),
      checks_(timing_, kMaxPairs),
      error_pacer_(timing_.pacing, kErrorBurst) {
  if (local_.ufrag.empty() || local_.pwd.empty()) local_ = generate_credentials(random_);
}

Result<> Agent::set_remote_credentials(const Credentials& remote, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  if (remote_ == remote) return {};
  if (remote_) return Error{ErrorCode::kInvalidState, "the peer's ICE credentials changed without a restart"};
  if (!has_credential_form(remote.ufrag, kMinUfrag) || !has_credential_form(remote.pwd, kMinPwd)) {
    return Error{ErrorCode::kSyntax, "the peer's ICE ufrag or pwd is too short, too long or malformed"};
  }
  remote_ = remote;
  // RFC 8445 §7.2.2: the ufrag of the peer, a colon, our own.
  username_ = remote.ufrag + ":" + local_.ufrag;
  started_ = true;
  for (const std::uint32_t dropped : remotes_.drop_other_generations(remote.ufrag)) checks_.remove_remote(dropped);
  revive(now);
  drive(now);
  return {};
}

void Agent::set_remote_lite(Timestamp now) {
  if (state_ == State::kClosed) return;
  remote_is_lite_ = true;
  // RFC 8445 §6.1.1: the full agent controls.
  if (role_ == Role::kControlled && !lite_) yield_role(Role::kControlled);
  drive(now);
}

Result<> Agent::add_remote_candidate(const Candidate& candidate, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  const bool other_generation = remote_ && !candidate.ufrag.empty() && candidate.ufrag != remote_->ufrag;
  // RFC 6544 §6.2: an active candidate is a port that nobody listens on; it comes to us.
  const bool useless_tcp = candidate.protocol == Protocol::kTcp && candidate.tcp_type != TcpType::kPassive;
  if (candidate.component != 1 || useless_tcp || candidate.address.port == 0 ||
      candidate.address.port == kDiscardPort || other_generation) {
    return {};
  }
  if (!candidate.host_name.empty()) {
    if (!is_mdns_name(candidate.host_name)) return {};
    const auto added = remotes_.add_unresolved(candidate);
    if (added == RemoteCandidates::Added::kFull) {
      return Error{ErrorCode::kOperation, "too many candidates with unresolved names"};
    }
    if (added == RemoteCandidates::Added::kNew) emit(ResolveName{candidate.host_name});
    return {};
  }
  if (!is_usable(candidate.address)) return {};
  const bool added = add_resolved(candidate, now);
  drive(now);
  if (!added) return Error{ErrorCode::kOperation, "too many remote candidates"};
  return {};
}

bool Agent::add_resolved(const Candidate& candidate, Timestamp now) {
  auto added = remotes_.add(candidate);
  if (added == RemoteCandidates::Added::kFull && forget_oldest_remote(false)) added = remotes_.add(candidate);
  const RemoteCandidates::Entry* entry = remotes_.find(candidate.address, candidate.protocol);
  if (entry == nullptr) return false;
  // What was learnt from a check was learnt on one base only.
  if (added != RemoteCandidates::Added::kKnown) pair_with_bases(*entry);
  if (added == RemoteCandidates::Added::kNew) revive(now);
  if (added == RemoteCandidates::Added::kUpgraded) {
    checks_.set_remote_priority(entry->id, entry->candidate.priority, role_);
    for (const Pair& pair : checks_.pairs()) {
      if (pair.remote_id != entry->id || !is_selected(pair)) continue;
      selected_->remote = entry->candidate;
      selected_->priority = pair.priority;
    }
  }
  return true;
}

void Agent::remote_name_resolved(std::string_view name, const std::optional<IpAddress>& address, Timestamp now) {
  if (state_ == State::kClosed) return;
  for (Candidate& candidate : remotes_.take_unresolved(name)) {
    if (!address) continue;
    candidate.address.ip = *address;
    candidate.host_name.clear();
    if (is_usable(candidate.address) && !add_resolved(candidate, now)) ++stats_.dropped_table_full;
  }
  drive(now);
}

void Agent::end_of_remote_candidates(Timestamp now) {
  if (state_ == State::kClosed) return;
  remote_candidates_ended_ = true;
  drive(now);
}

Result<> Agent::set_role(Role role, Timestamp now) {
  // A lite agent is controlled, whatever the descriptions say (RFC 8445 §6.1.1).
  if (role == role_ || lite_) return {};
  if (state_ == State::kClosed || started_) {
    return Error{ErrorCode::kInvalidState, "the ICE role cannot be set once checks have begun"};
  }
  change_role(role);
  drive(now);
  return {};
}

void Agent::restart(Credentials local, Timestamp now) {
  if (state_ == State::kClosed) return;
  if (local.ufrag.empty() || local.pwd.empty()) local = generate_credentials(random_);
  previous_local_ = std::exchange(local_, std::move(local));
  remote_.reset();
  username_.clear();
  remotes_.clear();
  checks_.clear();
  remote_candidates_ended_ = false;
  selected_is_of_old_generation_ = selected_.has_value();
  failed_ = completed_ = was_connected_ = lost_consent_ = false;
  stop_recovering();
  // The streams of pairs that are no more; the one in use stays until its pair is replaced.
  std::erase_if(streams_, [&](const Stream& stream) {
    if (selected_ && selected_->stream == stream.id) return false;
    emit(CloseStream{stream.id});
    return true;
  });
  checking_since_.reset();
  for (LocalCandidate& known : locals_) {
    known.candidate.ufrag = local_.ufrag;
    emit(LocalCandidateFound{known.candidate});
  }
  drive(now);
}

void Agent::close(Timestamp) {
  if (state_ == State::kClosed) return;
  checks_.clear();
  remotes_.clear();
  for (const Stream& stream : std::exchange(streams_, {})) emit(CloseStream{stream.id});
  consent_.reset();
  selected_.reset();
  next_timeout_ = kNever;
  set_state(State::kClosed, {});
}

void Agent::pair_with_bases(const RemoteCandidates::Entry& remote) {
  for (std::size_t base = 0; base < bases_.size(); ++base) add_pair(base, remote);
}

// A long call meets many networks, and nothing tells which of the peer's addresses are gone: once a pair is in use, the
// oldest one gives way to a new one.
bool Agent::forget_oldest_remote(bool peer_reflexive) {
  if (!selected_ || !selected_->nominated || selected_is_of_old_generation_) return false;
  const RemoteCandidates::Entry* in_use = remotes_.find(selected_->remote_address, selected_->remote.protocol);
  const RemoteCandidates::Entry* oldest = remotes_.oldest(peer_reflexive, in_use != nullptr ? in_use->id : 0);
  if (oldest == nullptr) return false;
  checks_.remove_remote(oldest->id);
  remotes_.remove(oldest->id);
  return true;
}

void Agent::add_pair(std::size_t base, const RemoteCandidates::Entry& remote, StreamId stream) {
  const Base& from = bases_[base];
  if (from.gone || checks_.find(base, remote.id) != nullptr) return;
  if (stream == StreamId{} && !can_pair(from.candidate, from.address.ip, remote.candidate)) return;
  Pair pair{.base = base, .remote_id = remote.id, .protocol = from.candidate.protocol};
  pair.route = {from.address, as_seen_from(from.address, remote.candidate.address), stream};
  pair.local_priority = from.candidate.priority;
  pair.remote_priority = remote.candidate.priority;
  pair.to_relay = remote.candidate.type == CandidateType::kRelayed;
  if (!checks_.add(std::move(pair), role_)) ++stats_.dropped_table_full;
}

// What comes late gives a failed agent another chance (RFC 8863 §3, RFC 8838 §8).
void Agent::revive(Timestamp now) {
  if (!remote_ || (checking_since_ && !failed_)) return;
  failed_ = false;
  checking_since_ = now;
}

void Agent::change_role(Role role) {
  role_ = role;
  checks_.reprioritise(role);
  for (Pair& pair : checks_.pairs()) pair.nominate = pair.nominated_by_peer = false;
}

std::vector<Candidate> Agent::local_candidates() const {
  std::vector<Candidate> candidates;
  for (const LocalCandidate& local : locals_) candidates.push_back(local.candidate);
  return candidates;
}

std::vector<Candidate> Agent::remote_candidates() const {
  std::vector<Candidate> candidates;
  for (const RemoteCandidates::Entry& entry : remotes_.entries()) candidates.push_back(entry.candidate);
  return candidates;
}

std::vector<PairInfo> Agent::pairs() const {
  std::vector<PairInfo> rows;
  for (const Pair& pair : checks_.pairs()) rows.push_back({describe(pair), pair.state, is_selected(pair)});
  return rows;
}

}  // namespace tidewire::ice
