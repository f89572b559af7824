// The owner's calls: sockets, the peer's description, candidates, restart.
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
constexpr std::size_t kMaxLocalCandidates = 256;

std::vector<SocketAddress> at_most(std::vector<SocketAddress> servers, std::size_t limit) {
  if (servers.size() > limit) servers.resize(limit);
  return servers;
}

bool is_usable(const SocketAddress& address) {
  return address.port != 0 && !address.ip.is_unspecified() && !address.ip.is_multicast();
}

bool is_mdns_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".local";
  return name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
}

bool is_link_local_v6(const IpAddress& ip) { return ip.is_v6() && ip.is_link_local(); }

// RFC 8445 §6.1.2.2: the same family, and link-local with link-local only.
bool can_pair(const IpAddress& base, const IpAddress& remote) {
  return base.is_v4() == remote.is_v4() && is_link_local_v6(base) == is_link_local_v6(remote);
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
      role_(config.role),
      tie_breaker_(random_.u64()),
      local_(std::move(config.local)),
      remotes_(kMaxRemoteCandidates, kMaxPeerReflexive, kMaxUnresolvedCandidates),
      gatherer_(timing_, at_most(std::move(config.stun_servers), kMaxStunServers)),
      pacer_(timing_.pacing, timing_.pacing_burst),
      checks_(timing_, kMaxPairs),
      error_pacer_(timing_.pacing, kErrorBurst) {
  if (local_.ufrag.empty() || local_.pwd.empty()) local_ = generate_credentials(random_);
}

Result<> Agent::add_local_socket(const SocketAddress& bound, std::uint16_t preference, Timestamp now) {
  Base base{.address = bound, .preference = preference};
  base.candidate.type = CandidateType::kHost;
  base.candidate.foundation = foundation(CandidateType::kHost, bound.ip, Protocol::kUdp);
  if (auto added = add_base(std::move(base)); !added) return added;
  gatherer_.add(bound);
  drive(now);
  return {};
}

Result<> Agent::add_local_relay(const SocketAddress& relayed, const SocketAddress& mapped, std::uint16_t preference,
                                Timestamp now) {
  Base base{.address = relayed, .preference = preference};
  base.candidate.type = CandidateType::kRelayed;
  base.candidate.foundation = foundation(CandidateType::kRelayed, relayed.ip, Protocol::kUdp);
  base.candidate.related_address = mapped;
  if (auto added = add_base(std::move(base)); !added) return added;
  drive(now);
  return {};
}

Result<> Agent::add_base(Base base) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  if (local_sockets_ended_) return Error{ErrorCode::kInvalidState, "local sockets were said to be complete"};
  if (!is_usable(base.address)) {
    return Error{ErrorCode::kType, base.address.to_string() + " is no address that a peer can send to"};
  }
  if (find_base(base.address)) {
    return Error{ErrorCode::kOperation, base.address.to_string() + " was added before"};
  }
  if (bases_.size() >= kMaxLocalSockets) return Error{ErrorCode::kOperation, "too many local sockets"};
  base.candidate.address = without_scope(base.address);
  base.candidate.priority = candidate_priority(base.candidate.type, base.preference);
  bases_.push_back(std::move(base));
  set_gathering_state(GatheringState::kGathering);
  announce(bases_.back().address, bases_.back().candidate);
  for (const RemoteCandidates::Entry& remote : remotes_.entries()) add_pair(bases_.size() - 1, remote);
  return {};
}

void Agent::announce(const SocketAddress& base, Candidate candidate) {
  candidate.ufrag = local_.ufrag;
  locals_.push_back({base, candidate});
  emit(LocalCandidateFound{std::move(candidate)});
}

// RFC 8445 §5.1.1.2, and §5.1.3: equal address and base is redundant.
void Agent::add_server_reflexive(const Gatherer::Found& found) {
  const auto base = find_base(found.base);
  if (!base || !is_usable(found.mapped) || found.mapped.ip.is_v4() != found.base.ip.is_v4()) return;
  const bool redundant = std::any_of(locals_.begin(), locals_.end(), [&](const LocalCandidate& local) {
    return local.base == found.base && local.candidate.address == found.mapped;
  });
  if (redundant || locals_.size() >= kMaxLocalCandidates) return;
  Candidate candidate;
  candidate.type = CandidateType::kServerReflexive;
  candidate.foundation = foundation(candidate.type, found.base.ip, Protocol::kUdp, found.server);
  candidate.priority = candidate_priority(candidate.type, bases_[*base].preference);
  candidate.address = found.mapped;
  candidate.related_address = without_scope(found.base);
  announce(found.base, std::move(candidate));
}

Result<> Agent::add_stun_server(const SocketAddress& server, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  if (local_sockets_ended_) return Error{ErrorCode::kInvalidState, "local sockets were said to be complete"};
  std::vector<SocketAddress> bases;
  for (const Base& base : bases_) {
    if (base.candidate.type == CandidateType::kHost) bases.push_back(base.address);
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
  if (role_ == Role::kControlled) yield_role(Role::kControlled);
  drive(now);
}

Result<> Agent::add_remote_candidate(const Candidate& candidate, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  const bool other_generation = remote_ && !candidate.ufrag.empty() && candidate.ufrag != remote_->ufrag;
  if (candidate.component != 1 || candidate.protocol != Protocol::kUdp || candidate.address.port == 0 ||
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
  const auto added = remotes_.add(candidate);
  const RemoteCandidates::Entry* entry = remotes_.find(candidate.address);
  if (entry == nullptr) return false;
  // What was learnt from a check was learnt on one base only.
  if (added != RemoteCandidates::Added::kKnown) pair_with_bases(*entry);
  if (added == RemoteCandidates::Added::kNew) revive(now);
  if (added == RemoteCandidates::Added::kUpgraded) {
    checks_.set_remote_priority(entry->id, entry->candidate.priority, role_);
    if (selected_ && !selected_is_of_old_generation_ &&
        without_scope(selected_->remote_address) == entry->candidate.address) {
      selected_->remote = entry->candidate;
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
  if (role == role_) return {};
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
  trying_other_pairs_ = failed_ = completed_ = false;
  settled_at_.reset();
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
  consent_.reset();
  selected_.reset();
  next_timeout_ = kNever;
  set_state(State::kClosed, {});
}

void Agent::pair_with_bases(const RemoteCandidates::Entry& remote) {
  for (std::size_t base = 0; base < bases_.size(); ++base) add_pair(base, remote);
}

void Agent::add_pair(std::size_t base, const RemoteCandidates::Entry& remote) {
  const Base& from = bases_[base];
  if (!can_pair(from.address.ip, remote.candidate.address.ip) || checks_.find(base, remote.id) != nullptr) return;
  Pair pair{.base = base, .remote_id = remote.id, .local_address = from.address};
  pair.remote_address = as_seen_from(from.address, remote.candidate.address);
  pair.local_priority = from.candidate.priority;
  pair.remote_priority = remote.candidate.priority;
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

std::optional<std::size_t> Agent::find_base(const SocketAddress& local) const {
  const auto found =
      std::find_if(bases_.begin(), bases_.end(), [&](const Base& base) { return base.address == local; });
  if (found == bases_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - bases_.begin());
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
