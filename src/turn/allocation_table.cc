#include "turn/allocation_table.h"

#include <cassert>
#include <utility>

namespace tidewire::turn {

Allocation* AllocationTable::find(const FiveTuple& client) const {
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? nullptr : found->second.get();
}

Allocation& AllocationTable::insert(std::unique_ptr<Allocation> allocation) {
  Allocation& inserted = *allocation;
  assert(!by_client_.contains(inserted.made_by.client));
  by_client_[inserted.made_by.client] = std::move(allocation);
  heap_.push_back(nullptr);
  put(heap_.size() - 1, &inserted);
  settle(inserted.heap_place);
  return inserted;
}

void AllocationTable::erase(Allocation& allocation) {
  const std::size_t place = allocation.heap_place;
  Allocation* last = heap_.back();
  heap_.pop_back();
  if (last != &allocation) {
    put(place, last);
    settle(place);
  }
  const FiveTuple client = allocation.made_by.client;
  by_client_.erase(client);
}

void AllocationTable::set_expiry(Allocation& allocation, Timestamp expires) {
  allocation.expires = expires;
  settle(allocation.heap_place);
}

void AllocationTable::put(std::size_t place, Allocation* allocation) {
  heap_[place] = allocation;
  allocation->heap_place = place;
}

void AllocationTable::settle(std::size_t place) {
  Allocation* moving = heap_[place];
  for (; place > 0 && moving->expires < heap_[(place - 1) / 2]->expires; place = (place - 1) / 2) {
    put(place, heap_[(place - 1) / 2]);
  }
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child + 1 < heap_.size() && heap_[child + 1]->expires < heap_[child]->expires) ++child;
    if (child >= heap_.size() || moving->expires <= heap_[child]->expires) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, moving);
}

RelayPorts::RelayPorts(std::uint16_t first, std::uint16_t last)
    : first_(first), slots_(last < first ? 0U : static_cast<std::size_t>(last - first) + 1) {}

bool RelayPorts::fits(std::size_t at, Want want) const {
  if (slots_[at].taken) return false;
  if (want == Want::kAny) return true;
  if ((first_ + at) % 2 != 0) return false;
  return want == Want::kEven || (at + 1 < slots_.size() && !slots_[at + 1].taken);
}

std::optional<std::uint16_t> RelayPorts::take(Want want, crypto::Random& random) {
  if (taken_ == slots_.size()) return std::nullopt;
  const std::size_t start = random.below(static_cast<std::uint32_t>(slots_.size()));
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const std::size_t at = (start + i) % slots_.size();
    if (!fits(at, want)) continue;
    const std::size_t count = want == Want::kEvenAndNext ? 2 : 1;
    for (std::size_t j = at; j < at + count; ++j) slots_[j].taken = true;
    taken_ += count;
    return static_cast<std::uint16_t>(first_ + at);
  }
  return std::nullopt;
}

void RelayPorts::release(std::uint16_t port) {
  Slot& slot = slots_[index(port)];
  if (slot.taken) --taken_;
  slot = {};
}

std::size_t Accounts::held_by(std::string_view name) const {
  const auto found = accounts_.find(std::string(name));
  return found == accounts_.end() ? 0 : found->second->allocations;
}

Account& Accounts::acquire(std::string_view name) {
  std::unique_ptr<Account>& account = accounts_[std::string(name)];
  if (!account) account = std::make_unique<Account>(Account{.name = std::string(name)});
  ++account->allocations;
  return *account;
}

void Accounts::release(Account& account) {
  if (--account.allocations > 0) return;
  const std::string name = account.name;
  accounts_.erase(name);
}

}  // namespace tidewire::turn
