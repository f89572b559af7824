// The ledger of a service whose machines live on several threads: the same, under a lock.
#pragma once

#include <mutex>

#include "turn/ledger.h"

namespace tidewire::server {

class SharedLedger final : public turn::Ledger {
 public:
  using Ledger::Ledger;

  Answer take(const Wish& wish, crypto::Random& random, Timestamp now) override {
    const std::lock_guard lock(mutex_);
    return Ledger::take(wish, random, now);
  }
  Answer redeem(std::uint64_t token, std::string_view account, Timestamp now) override {
    const std::lock_guard lock(mutex_);
    return Ledger::redeem(token, account, now);
  }
  void end_allocation(std::string_view account) override {
    const std::lock_guard lock(mutex_);
    Ledger::end_allocation(account);
  }
  std::optional<std::uint16_t> take_another(turn::Family family, turn::PortSet::Want want,
                                            crypto::Random& random) override {
    const std::lock_guard lock(mutex_);
    return Ledger::take_another(family, want, random);
  }
  void release_port(turn::Family family, std::uint16_t port) override {
    const std::lock_guard lock(mutex_);
    Ledger::release_port(family, port);
  }
  bool is_taken(turn::Family family, std::uint16_t port) const override {
    const std::lock_guard lock(mutex_);
    return Ledger::is_taken(family, port);
  }
  Timestamp expire(Timestamp now) override {
    const std::lock_guard lock(mutex_);
    return Ledger::expire(now);
  }
  void set_limits(const turn::ServerConfig& config) override {
    const std::lock_guard lock(mutex_);
    Ledger::set_limits(config);
  }
  std::size_t allocations() const override {
    const std::lock_guard lock(mutex_);
    return Ledger::allocations();
  }
  std::size_t users() const override {
    const std::lock_guard lock(mutex_);
    return Ledger::users();
  }

 private:
  mutable std::mutex mutex_;
};

}  // namespace tidewire::server
