#include "turn/ledger.h"

#include <algorithm>
#include <utility>

#include "turn/server_config.h"

namespace tidewire::turn {
namespace {

using stun::ErrorNumber;

PortSet ports_of(const ServerConfig& config, const std::optional<IpAddress>& ip) {
  return ip && config.first_relay_port > 0 ? PortSet(config.first_relay_port, config.last_relay_port) : PortSet(1, 0);
}

}  // namespace

PortSet::PortSet(std::uint16_t first, std::uint16_t last)
    : first_(first), taken_(last < first ? 0U : static_cast<std::size_t>(last - first) + 1) {}

bool PortSet::fits(std::size_t at, Want want) const {
  if (taken_[at]) return false;
  if (want == Want::kAny) return true;
  if ((first_ + at) % 2 != 0) return false;
  return want == Want::kEven || (at + 1 < taken_.size() && !taken_[at + 1]);
}

std::optional<std::uint16_t> PortSet::take(Want want, crypto::Random& random) {
  if (count_taken_ == taken_.size()) return std::nullopt;
  const std::size_t start = random.below(static_cast<std::uint32_t>(taken_.size()));
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const std::size_t at = (start + i) % taken_.size();
    if (!fits(at, want)) continue;
    const std::size_t count = want == Want::kEvenAndNext ? 2 : 1;
    for (std::size_t j = at; j < at + count; ++j) taken_[j] = true;
    count_taken_ += count;
    return static_cast<std::uint16_t>(first_ + at);
  }
  return std::nullopt;
}

void PortSet::release(std::uint16_t port) {
  if (!is_taken(port)) return;
  taken_[std::size_t{port} - first_] = false;
  --count_taken_;
}

Ledger::Ledger(const ServerConfig& config)
    : max_allocations_(config.max_allocations),
      max_per_account_(config.max_allocations_per_user),
      ports_{ports_of(config, config.relay_v4), ports_of(config, config.relay_v6)} {}

void Ledger::set_limits(const ServerConfig& config) {
  max_allocations_ = config.max_allocations;
  max_per_account_ = config.max_allocations_per_user;
}

Ledger::Answer Ledger::take(const Wish& wish, crypto::Random& random, Timestamp now) {
  drop_expired(now);
  const bool reserves = wish.port == PortSet::Want::kEvenAndNext;
  const auto held = held_.find(std::string(wish.account));
  if ((held == held_.end() ? 0 : held->second) + (reserves ? 2 : 1) > max_per_account_) {
    return ErrorNumber::kAllocationQuotaReached;
  }
  if (allocations_ >= max_allocations_) return ErrorNumber::kInsufficientCapacity;
  if (reserves && reservations_.size() >= kMaxReservations) return ErrorNumber::kInsufficientCapacity;
  Grant grant;
  for (const Family family : kFamilies) {
    const auto at = static_cast<std::size_t>(family);
    if (wish.families[at]) grant.ports[at] = ports(family).take(wish.port, random).value_or(0);
    // RFC 8656 §7.2: reservations are of one family.
    if (!reserves || grant.ports[at] == 0 || grant.token != 0) continue;
    grant.token = random.u64() | 1;
    reservations_.push_back({.token = grant.token,
                             .family = family,
                             .port = static_cast<std::uint16_t>(grant.ports[at] + 1),
                             .account = std::string(wish.account),
                             .expires = now + kReservationLifetime});
  }
  if (grant.ports == std::array<std::uint16_t, 2>{}) return ErrorNumber::kInsufficientCapacity;
  hold(wish.account, reserves ? 2 : 1);
  ++allocations_;
  return grant;
}

Ledger::Answer Ledger::redeem(std::uint64_t token, std::string_view account, Timestamp now) {
  drop_expired(now);
  const auto found = std::find_if(reservations_.begin(), reservations_.end(), [&](const Reservation& reservation) {
    return reservation.token == token && reservation.account == account;
  });
  // RFC 8656 §7.2: 508 when the token is not one of a port that waits.
  if (found == reservations_.end() || allocations_ >= max_allocations_) return ErrorNumber::kInsufficientCapacity;
  Grant grant;
  grant.ports[static_cast<std::size_t>(found->family)] = found->port;
  reservations_.erase(found);  // the allocation is held in its place
  ++allocations_;
  return grant;
}

void Ledger::end_allocation(std::string_view account) {
  --allocations_;
  let_go(account);
}

std::optional<std::uint16_t> Ledger::take_another(Family family, PortSet::Want want, crypto::Random& random) {
  return ports(family).take(want, random);
}

void Ledger::release_port(Family family, std::uint16_t port) { ports(family).release(port); }

Timestamp Ledger::expire(Timestamp now) {
  drop_expired(now);
  return reservations_.empty() ? kNever : reservations_.front().expires;
}

void Ledger::drop_expired(Timestamp now) {
  while (!reservations_.empty() && reservations_.front().expires <= now) {
    ports(reservations_.front().family).release(reservations_.front().port);
    let_go(reservations_.front().account);
    reservations_.pop_front();
  }
}

void Ledger::let_go(std::string_view account) {
  const auto held = held_.find(std::string(account));
  if (held != held_.end() && --held->second == 0) held_.erase(held);
}

}  // namespace tidewire::turn
