// What the server machines of one service share: who holds how much, which relayed ports are taken, and which are set
// aside for a RESERVATION-TOKEN (RFC 8656 §7.2), which may come to another machine than the one that gave it.
//
// A plain value without locks. A service with a machine on each of several threads derives one that holds a lock during
// each of the virtual functions: each is whole in itself, and none is called for data.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "crypto/random.h"
#include "stun/message.h"
#include "tidewire/time.h"
#include "turn/allocation.h"

namespace tidewire::turn {

struct ServerConfig;

// The relayed ports of one address, each free or taken.
class PortSet {
 public:
  enum class Want { kAny, kEven, kEvenAndNext };

  // `first` to `last`, both included; none when last < first.
  PortSet(std::uint16_t first, std::uint16_t last);

  // RFC 8656 §7.2: a random free port. With kEvenAndNext the next one is taken too.
  std::optional<std::uint16_t> take(Want want, crypto::Random& random);
  void release(std::uint16_t port);
  bool is_taken(std::uint16_t port) const {
    return port >= first_ && std::size_t{port} - first_ < taken_.size() && taken_[std::size_t{port} - first_];
  }

 private:
  bool fits(std::size_t at, Want want) const;

  std::uint16_t first_;
  std::size_t count_taken_ = 0;
  std::vector<bool> taken_;
};

class Ledger {
 public:
  static constexpr std::size_t kMaxReservations = 1024;
  static constexpr Duration kReservationLifetime = std::chrono::seconds(30);  // RFC 8656 §7.2: at least

  struct Wish {
    std::string_view account;        // see Credentials::account()
    std::array<bool, 2> families{};  // one port of each; by Family
    PortSet::Want port = PortSet::Want::kAny;
  };
  struct Grant {
    std::array<std::uint16_t, 2> ports{};  // by Family; 0: none was free
    std::uint64_t token = 0;               // of the next port, which kEvenAndNext set aside; 0: none
  };
  using Answer = std::variant<Grant, stun::ErrorNumber>;

  // The limits and the ports are those of the configuration, which is that of all the machines.
  explicit Ledger(const ServerConfig& config);
  virtual ~Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // One more allocation of an account, with at least one port: or 486 or 508, and nothing has changed.
  virtual Answer take(const Wish& wish, crypto::Random& random, Timestamp now);
  // The same with the port that was set aside for this account: or 508.
  virtual Answer redeem(std::uint64_t token, std::string_view account, Timestamp now);
  // It has ended. Its ports are given back on their own.
  virtual void end_allocation(std::string_view account);

  // A port in place of one that somebody outside has.
  virtual std::optional<std::uint16_t> take_another(Family family, PortSet::Want want, crypto::Random& random);
  // Not before nothing listens on it any longer.
  virtual void release_port(Family family, std::uint16_t port);

  virtual bool is_taken(Family family, std::uint16_t port) const {
    return ports_[static_cast<std::size_t>(family)].is_taken(port);
  }

  // Frees the ports that were set aside for too long; tells when to ask again. Any machine may.
  virtual Timestamp expire(Timestamp now);

  // The limits of this configuration from now on. What is held already stays.
  virtual void set_limits(const ServerConfig& config);

  virtual std::size_t allocations() const { return allocations_; }
  virtual std::size_t users() const { return held_.size(); }

 private:
  struct Reservation {
    std::uint64_t token = 0;
    Family family{};
    std::uint16_t port = 0;
    std::string account;  // counted for it while it is here
    Timestamp expires{};
  };

  PortSet& ports(Family family) { return ports_[static_cast<std::size_t>(family)]; }
  void hold(std::string_view account, std::size_t count) { held_[std::string(account)] += count; }
  void let_go(std::string_view account);
  void drop_expired(Timestamp now);

  std::size_t max_allocations_;
  std::size_t max_per_account_;
  std::array<PortSet, 2> ports_;
  std::size_t allocations_ = 0;
  std::unordered_map<std::string, std::size_t> held_;  // allocations and reservations; nobody who holds none
  std::deque<Reservation> reservations_;               // at most kMaxReservations; the first to end first
};

}  // namespace tidewire::turn
