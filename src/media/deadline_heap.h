// The earliest deadline of many: a binary heap in which each key's deadline can be changed. The owner of many machines
// finds the one that is due without asking the others.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::media {

template <typename Key>
class DeadlineHeap {
 public:
  // kNever when nothing is due.
  Timestamp next() const { return heap_.empty() ? kNever : heap_.front().deadline; }
  // The key whose deadline that is. Only when next() is not kNever.
  const Key& key() const { return heap_.front().key; }

  // Also for a key that was not there. One whose deadline is kNever keeps its place, so that nothing is allocated.
  void set(const Key& key, Timestamp deadline) {
    const auto [found, is_new] = places_.try_emplace(key, heap_.size());
    if (is_new) heap_.push_back({kNever, key});
    const std::size_t place = found->second;
    if (heap_[place].deadline == deadline) return;
    heap_[place].deadline = deadline;
    settle(place);
  }
  void remove(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    const std::size_t place = found->second;
    const std::size_t last = heap_.size() - 1;
    if (place != last) swap(place, last);
    heap_.pop_back();
    places_.erase(found);
    if (place < heap_.size()) settle(place);
  }

 private:
  struct Item {
    Timestamp deadline;
    Key key;
  };

  void swap(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    places_[heap_[a].key] = a;
    places_[heap_[b].key] = b;
  }
  void rise(std::size_t place) {
    for (; place > 0 && heap_[place].deadline < heap_[(place - 1) / 2].deadline; place = (place - 1) / 2) {
      swap(place, (place - 1) / 2);
    }
  }
  void sink(std::size_t place) {
    for (;;) {
      std::size_t least = place;
      for (const std::size_t child : {2 * place + 1, 2 * place + 2}) {
        if (child < heap_.size() && heap_[child].deadline < heap_[least].deadline) least = child;
      }
      if (least == place) return;
      swap(place, least);
      place = least;
    }
  }
  void settle(std::size_t place) {
    rise(place);
    sink(place);
  }

  std::vector<Item> heap_;
  std::unordered_map<Key, std::size_t> places_;
};

}  // namespace tidewire::media
