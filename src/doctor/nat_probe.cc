#include "doctor/nat_probe.h"

#include <algorithm>

namespace tidewire::doctor {
namespace {

// RFC 5780 §7.2
constexpr std::uint32_t kChangeAddress = 0x04;
constexpr std::uint32_t kChangePort = 0x02;

// Once a round trip is known, a request is sent again after two of them, but not sooner than this.
constexpr Duration kMinRto = std::chrono::milliseconds(100);

}  // namespace

std::string_view to_string(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::kUnknown: return "unknown";
    case Behaviour::kEndpointIndependent: return "endpoint_independent";
    case Behaviour::kAddressDependent: return "address_dependent";
    case Behaviour::kAddressAndPortDependent: return "address_and_port_dependent";
  }
  return "";
}

NatProbe::NatProbe(NatProbeConfig config, crypto::Random random, PacketPool& pool)
    : config_(std::move(config)), questions_(config_.local, {}, std::move(random), pool) {
  findings_.local = config_.local;
  std::erase_if(config_.servers,
                [&](const SocketAddress& server) { return server.ip.is_v6() != config_.local.ip.is_v6(); });
  if (config_.servers.size() > kMaxServers) config_.servers.resize(kMaxServers);
}

void NatProbe::start(Timestamp now) {
  if (phase_ != Phase::kNew) return;
  phase_ = Phase::kBasic;
  ask_next_server(now);
  proceed(now);
}

void NatProbe::handle_input(const Datagram& datagram, Timestamp now) {
  if (questions_.handle_input(datagram, now)) proceed(now);
}

void NatProbe::handle_timeout(Timestamp now) {
  questions_.handle_timeout(now);
  proceed(now);
}

std::optional<NatFindings> NatProbe::poll_event() {
  if (phase_ != Phase::kDone) return std::nullopt;
  phase_ = Phase::kTold;
  return findings_;
}

void NatProbe::proceed(Timestamp now) {
  while (questions_.are_settled() && step(now)) {
  }
}

// All questions of the phase are settled: on to the next one. False at the end.
bool NatProbe::step(Timestamp now) {
  switch (phase_) {
    case Phase::kBasic: read_basic(now); return true;
    case Phase::kFiltering:
      read_filtering();
      ask_mapping(now);
      return true;
    case Phase::kMapping: read_mapping(); return false;
    case Phase::kNew:
    case Phase::kDone:
    case Phase::kTold: return false;
  }
  return false;
}

Question NatProbe::question_to(const SocketAddress& server) const {
  return {.to = server, .from = server, .rto = rto_, .patience = config_.patience};
}

bool NatProbe::is_asked(const SocketAddress& server) const {
  const auto end = config_.servers.begin() + static_cast<std::ptrdiff_t>(next_server_);
  return std::find(config_.servers.begin(), end, server) != end;
}

// RFC 5780 §4.2. One server after the other: whatever has been sent anything may send back through the NAT.
void NatProbe::ask_next_server(Timestamp now) {
  if (next_server_ >= config_.servers.size()) {
    basic_.reset();
    return;
  }
  basic_ = questions_.ask(question_to(config_.servers[next_server_++]), now);
}

void NatProbe::read_basic(Timestamp now) {
  if (!basic_) {  // there are no more servers
    if (findings_.answered) return ask_mapping(now);
    phase_ = Phase::kDone;
    return;
  }
  const SocketAddress server = config_.servers[next_server_ - 1];
  const auto& answer = questions_.answer(*basic_);
  if (!answer || !answer->mapped) return ask_next_server(now);
  if (answer->measured) rto_ = std::max(kMinRto, 2 * answer->round_trip);
  sights_.push_back({server, *answer->mapped});
  const auto& other = answer->other_address;
  const bool has_other =
      other && other->ip.is_v6() == server.ip.is_v6() && other->ip != server.ip && other->port != server.port;
  if (!findings_.answered || has_other) {
    findings_.answered = true;
    findings_.server = server;
    findings_.mapped = *answer->mapped;
  }
  if (!has_other) return ask_next_server(now);
  primary_ = server;
  other_ = other;
  ask_filtering(now);
}

// RFC 5780 §4.4: tests II and III. Both answers come from where nothing was sent to, so one does not help the other.
void NatProbe::ask_filtering(Timestamp now) {
  phase_ = Phase::kFiltering;
  const SocketAddress by_address = *other_;
  const SocketAddress by_port{primary_.ip, other_->port};
  // What an earlier question went to is let in by any NAT, and shows nothing.
  const bool spoilt = is_asked(by_address) || is_asked(by_port) || is_asked({other_->ip, primary_.port});
  if (spoilt) return;
  Question question = question_to(primary_);
  question.from = by_address;
  question.change = kChangeAddress | kChangePort;
  filter_address_ = questions_.ask(question, now);
  question.from = by_port;
  question.change = kChangePort;
  filter_port_ = questions_.ask(question, now);
}

void NatProbe::read_filtering() {
  if (!filter_address_) return;
  const auto& by_address = questions_.answer(*filter_address_);
  const auto& by_port = questions_.answer(*filter_port_);
  // A server that says "unknown attribute" has answered, but not the question.
  if ((by_address && by_address->refused) || (by_port && by_port->refused)) return;
  findings_.filtering = by_address ? Behaviour::kEndpointIndependent
                        : by_port  ? Behaviour::kAddressDependent
                                   : Behaviour::kAddressAndPortDependent;
}

// RFC 5780 §4.3, tests II and III; and §3.4, hairpinning. Independent of each other, since filtering is known by now.
void NatProbe::ask_mapping(Timestamp now) {
  phase_ = Phase::kMapping;
  std::vector<SocketAddress> more;
  if (other_) {
    more = {{other_->ip, primary_.port}, *other_};
  } else {
    // Many servers listen on the port after their first one, whether or not they have a second address.
    const SocketAddress& server = findings_.server;
    more = {{server.ip, static_cast<std::uint16_t>(server.port + 1)}};
  }
  for (const SocketAddress& server : more)
    if (!is_asked(server)) mapping_.emplace_back(server, questions_.ask(question_to(server), now));

  const bool is_own = std::ranges::count(config_.own, findings_.mapped.ip) > 0;
  findings_.port_preserved = findings_.mapped.port == config_.local.port;
  findings_.translated = !is_own || !findings_.port_preserved;
  if (findings_.translated) hairpin_ = questions_.ask(question_to(findings_.mapped), now);
}

void NatProbe::read_mapping() {
  bool other_answered = false;
  for (const auto& [server, id] : mapping_) {
    const auto& answer = questions_.answer(id);
    if (!answer || !answer->mapped) continue;
    sights_.push_back({server, *answer->mapped});
    other_answered = true;
  }
  // An answer that does not come from an address that never answers says nothing about filters.
  if (other_ && !other_answered && !mapping_.empty() && findings_.filtering != Behaviour::kEndpointIndependent)
    findings_.filtering = Behaviour::kUnknown;
  findings_.mapping = mapping_seen();
  findings_.one_address =
      std::ranges::all_of(sights_, [&](const Sight& sight) { return sight.mapped.ip == findings_.mapped.ip; });
  if (hairpin_) findings_.hairpinning = questions_.came_back(*hairpin_);
  phase_ = Phase::kDone;
}

// RFC 5780 §4.3, for as many endpoints as have told what they saw.
Behaviour NatProbe::mapping_seen() const {
  bool addresses_compared = false;
  bool address_counts = false;
  bool port_counts = false;
  for (const Sight& a : sights_) {
    for (const Sight& b : sights_) {
      if (a.server == b.server) continue;
      const bool differs = a.mapped != b.mapped;
      if (a.server.ip == b.server.ip) {
        port_counts |= differs;
      } else {
        addresses_compared = true;
        address_counts |= differs;
      }
    }
  }
  if (port_counts) return Behaviour::kAddressAndPortDependent;
  if (address_counts) return Behaviour::kAddressDependent;
  return addresses_compared ? Behaviour::kEndpointIndependent : Behaviour::kUnknown;
}

}  // namespace tidewire::doctor
