// The allocations of a TURN server, by 5-tuple and by when they end, and by relayed port.
#pragma once

#include <memory>
#include <vector>

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

  template <typename Visit>  // of an Allocation&
  void for_each(Visit visit) {
    for (const auto& allocation : heap_) visit(*allocation);
  }

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

// Whose each relayed port of one address is, of those that belong to this machine.
class PortOwners {
 public:
  // `first` to `last`, both included; none when last < first.
  PortOwners(std::uint16_t first, std::uint16_t last)
      : first_(first), owners_(last < first ? 0U : static_cast<std::size_t>(last - first) + 1) {}

  std::size_t size() const { return owners_.size(); }
  bool in_range(std::uint16_t port) const { return port >= first_ && index(port) < owners_.size(); }
  void set(std::uint16_t port, Allocation* owner) {
    if (in_range(port)) owners_[index(port)] = owner;
  }
  Allocation* find(std::uint16_t port) const { return in_range(port) ? owners_[index(port)] : nullptr; }

 private:
  std::size_t index(std::uint16_t port) const { return static_cast<std::size_t>(port) - first_; }

  std::uint16_t first_;
  std::vector<Allocation*> owners_;
};

}  // namespace tidewire::turn
