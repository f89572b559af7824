// The allocations of a TURN server, by 5-tuple and by when they end; and its relayed ports.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crypto/random.h"
#include "turn/allocation.h"

namespace tidewire::turn {

class AllocationTable {
 public:
  explicit AllocationTable(std::uint64_t hash_key) : hash_(hash_key), slots_(kMinSlots) {}

  std::size_t size() const { return heap_.size(); }
  Allocation* find(const FiveTuple& client) {
    if (recent_ != nullptr && recent_->made_by.client == client) return recent_;
    return find_in_slots(client);
  }
  // The client must not have one.
  Allocation& insert(std::unique_ptr<Allocation> allocation);
  void erase(Allocation& allocation);

  void set_expiry(Allocation& allocation, Timestamp expires);
  Timestamp next_expiry() const { return heap_.empty() ? kNever : heap_.front()->expires; }
  Allocation* first_to_expire() const { return heap_.empty() ? nullptr : heap_.front().get(); }

 private:
  // By its hash beside it, a slot is passed over without a look at the allocation.
  struct Slot {
    std::uint64_t hash = 0;
    Allocation* allocation = nullptr;
  };
  static constexpr std::size_t kMinSlots = 64;  // a power of two, as all sizes

  Allocation* find_in_slots(const FiveTuple& client);
  std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & (slots_.size() - 1); }
  std::size_t next(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }
  void put_in_slot(Allocation& allocation);
  void grow();
  void put(std::size_t place, std::unique_ptr<Allocation> allocation);
  void settle(std::size_t place);

  FiveTupleHash hash_;
  std::vector<Slot> slots_;                        // open addressing, at most half full
  std::vector<std::unique_ptr<Allocation>> heap_;  // binary, by `expires`; owns them
  Allocation* recent_ = nullptr;                   // the one found last: data comes in runs
};

// The relayed ports of one address, each free, in use, held for a reservation, or being closed.
class RelayPorts {
 public:
  enum class Want { kAny, kEven, kEvenAndNext };

  // `first` to `last`, both included; none when last < first.
  RelayPorts(std::uint16_t first, std::uint16_t last);

  std::size_t size() const { return slots_.size(); }
  bool in_range(std::uint16_t port) const { return port >= first_ && index(port) < slots_.size(); }
  // RFC 8656 §7.2: a random free port, which is the caller's until release(). With kEvenAndNext the next one too.
  std::optional<std::uint16_t> take(Want want, crypto::Random& random);
  void assign(std::uint16_t port, Allocation* allocation) { slots_[index(port)].owner = allocation; }
  Allocation* find(std::uint16_t port) const { return in_range(port) ? slots_[index(port)].owner : nullptr; }
  void release(std::uint16_t port);

 private:
  struct Slot {
    Allocation* owner = nullptr;
    bool taken = false;
  };
  std::size_t index(std::uint16_t port) const { return static_cast<std::size_t>(port) - first_; }
  bool fits(std::size_t at, Want want) const;

  std::uint16_t first_;
  std::size_t taken_ = 0;
  std::vector<Slot> slots_;
};

// What each user holds. Nothing is kept of those who hold nothing.
class Accounts {
 public:
  std::size_t held_by(std::string_view name) const;
  Account& acquire(std::string_view name);
  void acquire(Account& account) { ++account.allocations; }
  void release(Account& account);
  std::size_t size() const { return accounts_.size(); }

 private:
  std::unordered_map<std::string, std::unique_ptr<Account>> accounts_;
};

}  // namespace tidewire::turn
