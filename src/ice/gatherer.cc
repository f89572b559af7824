#include "ice/gatherer.h"

#include <algorithm>
#include <utility>

namespace tidewire::ice {
namespace {

// RFC 8445 §5.1.1.1: loopback and link-local addresses have nothing to learn from a server elsewhere.
bool can_reach(const IpAddress& base, const IpAddress& server) {
  return base.is_v4() == server.is_v4() && base.is_loopback() == server.is_loopback() &&
         (!base.is_link_local() || server.is_link_local());
}

}  // namespace

Gatherer::Gatherer(const Timing& timing, std::vector<SocketAddress> servers)
    : timing_(timing), servers_(std::move(servers)) {}

void Gatherer::add(const SocketAddress& base) {
  for (const SocketAddress& server : servers_) {
    if (can_reach(base.ip, server.ip)) queries_.push_back({.base = base, .server = server});
  }
}

bool Gatherer::add_server(const SocketAddress& server, std::span<const SocketAddress> bases) {
  if (servers_.size() >= kMaxServers) return false;
  servers_.push_back(server);
  for (const SocketAddress& base : bases) {
    if (can_reach(base.ip, server.ip)) queries_.push_back({.base = base, .server = server});
  }
  return true;
}

bool Gatherer::settled() const {
  return std::all_of(queries_.begin(), queries_.end(), [](const Query& query) { return query.settled; });
}

Gatherer::Query* Gatherer::next_new() {
  const auto found =
      std::find_if(queries_.begin(), queries_.end(), [](const Query& query) { return query.waiting_to_start; });
  return found == queries_.end() ? nullptr : &*found;
}

void Gatherer::start(Query& query, crypto::Random& random, Timestamp now) {
  query.waiting_to_start = false;
  // RFC 8445 §14.3: the RTO grows with the number of requests that share the pace.
  const Duration rto = std::max(timing_.min_rto, timing_.pacing * static_cast<int>(queries_.size()));
  query.transaction = Transaction{.id = random_transaction_id(random), .rto = rto};
  query.transaction.sent(now);
  query.give_up = now + timing_.gathering_timeout;
}

Gatherer::Query* Gatherer::next_retransmission(Timestamp now) {
  for (Query& query : queries_) {
    if (query.give_up <= now || (query.transaction.deadline <= now && query.transaction.exhausted(now))) {
      // Given up: perhaps the server answers at the next refresh.
      query.give_up = query.transaction.deadline = kNever;
      query.settled = true;
      query.refresh_at = now + timing_.binding_refresh;
    } else if (query.transaction.deadline <= now) {
      query.transaction.sent(now);
      return &query;
    }
  }
  return nullptr;
}

void Gatherer::refresh(bool wanted, Timestamp now) {
  if (!wanted) return;
  for (Query& query : queries_) {
    if (query.refresh_at > now) continue;
    query.refresh_at = kNever;
    query.waiting_to_start = true;
  }
}

void Gatherer::ask_again() {
  for (Query& query : queries_) {
    if (query.settled && query.transaction.deadline == kNever) query.waiting_to_start = true;
  }
}

void Gatherer::remove(const SocketAddress& base) {
  std::erase_if(queries_, [&](const Query& query) { return query.base == base; });
}

Gatherer::Match Gatherer::handle_response(const stun::MessageView& response, const SocketAddress& base,
                                          const SocketAddress& from, Timestamp now, std::optional<Found>& found) {
  const stun::TransactionId id = response.transaction_id();
  for (Query& query : queries_) {
    if (query.transaction.deadline == kNever || query.transaction.id != id) continue;
    // RFC 8489 §6.3.3: an answer comes from where the request went.
    if (query.base != base || query.server != from) continue;
    query.give_up = query.transaction.deadline = kNever;
    query.settled = true;
    query.refresh_at = now + timing_.binding_refresh;
    const auto mapped = response.mapped_address();
    if (response.message_class() == stun::MessageClass::kSuccess && mapped) {
      found = Found{base, query.server, *mapped};
    }
    return Match::kConsumed;
  }
  return Match::kNone;
}

Timestamp Gatherer::deadline(bool refresh_wanted) const {
  Timestamp earliest = kNever;
  for (const Query& query : queries_) {
    earliest = std::min({earliest, query.give_up, query.transaction.deadline});
    if (refresh_wanted) earliest = std::min(earliest, query.refresh_at);
  }
  return earliest;
}

}  // namespace tidewire::ice
