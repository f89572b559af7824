#include "turn/allocation_table.h"

#include <cassert>
#include <utility>

namespace tidewire::turn {

Allocation* AllocationTable::find_in_slots(const FiveTuple& client) {
  const std::uint64_t hash = hash_(client);
  for (std::size_t i = home(hash); slots_[i].allocation != nullptr; i = next(i)) {
    if (slots_[i].hash != hash || slots_[i].allocation->made_by.client != client) continue;
    return recent_ = slots_[i].allocation;
  }
  return nullptr;
}

Allocation& AllocationTable::insert(std::unique_ptr<Allocation> allocation) {
  Allocation& inserted = *allocation;
  assert(find(inserted.made_by.client) == nullptr);
  inserted.hash = hash_(inserted.made_by.client);
  if (2 * (heap_.size() + 1) > slots_.size()) grow();
  put_in_slot(inserted);
  heap_.push_back(std::move(allocation));
  inserted.heap_place = heap_.size() - 1;
  settle(inserted.heap_place);
  return inserted;
}

void AllocationTable::put_in_slot(Allocation& allocation) {
  std::size_t i = home(allocation.hash);
  while (slots_[i].allocation != nullptr) i = next(i);
  slots_[i] = {allocation.hash, &allocation};
}

void AllocationTable::grow() {
  slots_.assign(slots_.size() * 2, {});
  for (const auto& allocation : heap_) put_in_slot(*allocation);
}

void AllocationTable::erase(Allocation& allocation) {
  recent_ = nullptr;
  std::size_t hole = home(allocation.hash);
  while (slots_[hole].allocation != &allocation) hole = next(hole);
  // What follows without a gap moves up, unless it would come to lie before its home.
  for (std::size_t i = next(hole); slots_[i].allocation != nullptr; i = next(i)) {
    const std::size_t wrap = slots_.size() - 1;
    if (((i - home(slots_[i].hash)) & wrap) < ((i - hole) & wrap)) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {};

  const std::size_t place = allocation.heap_place;
  std::unique_ptr<Allocation> erased = std::move(heap_[place]);
  std::unique_ptr<Allocation> last = std::move(heap_.back());
  heap_.pop_back();
  if (!last) return;  // it was the last itself
  put(place, std::move(last));
  settle(place);
}

void AllocationTable::set_expiry(Allocation& allocation, Timestamp expires) {
  allocation.expires = expires;
  settle(allocation.heap_place);
}

void AllocationTable::put(std::size_t place, std::unique_ptr<Allocation> allocation) {
  allocation->heap_place = place;
  heap_[place] = std::move(allocation);
}

void AllocationTable::settle(std::size_t place) {
  std::unique_ptr<Allocation> moving = std::move(heap_[place]);
  for (; place > 0 && moving->expires < heap_[(place - 1) / 2]->expires; place = (place - 1) / 2) {
    put(place, std::move(heap_[(place - 1) / 2]));
  }
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child + 1 < heap_.size() && heap_[child + 1]->expires < heap_[child]->expires) ++child;
    if (child >= heap_.size() || moving->expires <= heap_[child]->expires) break;
    put(place, std::move(heap_[child]));
    place = child;
  }
  put(place, std::move(moving));
}

}  // namespace tidewire::turn
