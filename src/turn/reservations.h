// Ports that EVEN-PORT set aside for a client's second allocation (RFC 8656 §7.2).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "tidewire/time.h"
#include "turn/allocation.h"

namespace tidewire::turn {

struct Reservation {
  std::uint64_t token = 0;
  Family family{};
  std::uint16_t port = 0;
  Account* account = nullptr;  // counted for it while it is here
  Timestamp expires{};
};

class Reservations {
 public:
  static constexpr std::size_t kMax = 1024;
  static constexpr Duration kLifetime = std::chrono::seconds(30);  // RFC 8656 §7.2: at least

  bool full() const { return held_.size() >= kMax; }
  // All live equally long, so that the first is the first to end. Only when not full().
  void add(const Reservation& reservation) { held_.push_back(reservation); }
  // Only for the user who made it.
  std::optional<Reservation> claim(std::uint64_t token, std::string_view account, Timestamp now) {
    const auto found = std::find_if(held_.begin(), held_.end(), [&](const Reservation& held) {
      return held.token == token && held.expires > now && held.account->name == account;
    });
    if (found == held_.end()) return std::nullopt;
    const Reservation claimed = *found;
    held_.erase(found);
    return claimed;
  }
  std::optional<Reservation> pop_expired(Timestamp now) {
    if (held_.empty() || held_.front().expires > now) return std::nullopt;
    const Reservation expired = held_.front();
    held_.pop_front();
    return expired;
  }
  Timestamp next_expiry() const { return held_.empty() ? kNever : held_.front().expires; }

 private:
  std::deque<Reservation> held_;
};

}  // namespace tidewire::turn
