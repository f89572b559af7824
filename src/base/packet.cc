#include "tidewire/packet.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace tidewire {

struct Packet::Core {
  std::vector<std::unique_ptr<std::uint8_t[]>> idle;
  std::size_t keep = 0;
  std::uint64_t allocations = 0;
  std::size_t in_use = 0;
  bool pool_is_gone = false;

  void delete_if_unused() {
    if (pool_is_gone && in_use == 0) delete this;
  }
};

void Packet::give_back() {
  std::unique_ptr<std::uint8_t[]> block(block_);
  --core_->in_use;
  // `idle` reserved room for `keep` blocks when the pool was made: this never allocates.
  if (!core_->pool_is_gone && core_->idle.size() < core_->keep) core_->idle.push_back(std::move(block));
  core_->delete_if_unused();
}

bool Packet::resize(std::size_t size) {
  if (block_ == nullptr || size > kCapacity - begin_) return false;
  end_ = begin_ + static_cast<std::uint32_t>(size);
  return true;
}

bool Packet::prepend(std::size_t n) {
  if (n > begin_) return false;
  begin_ = static_cast<std::uint16_t>(begin_ - n);
  return true;
}

void Packet::remove_prefix(std::size_t n) { begin_ = static_cast<std::uint16_t>(begin_ + std::min(n, size())); }

void Packet::remove_suffix(std::size_t n) { end_ -= static_cast<std::uint32_t>(std::min(n, size())); }

bool Packet::append(ByteView bytes) {
  if (bytes.size() > tailroom()) return false;
  if (!bytes.empty()) std::memcpy(block_ + end_, bytes.data(), bytes.size());
  end_ += static_cast<std::uint32_t>(bytes.size());
  return true;
}

PacketPool::PacketPool(std::size_t keep) : core_(new Packet::Core) {
  core_->keep = keep;
  core_->idle.reserve(keep);
}

PacketPool::~PacketPool() {
  core_->pool_is_gone = true;
  core_->idle.clear();
  core_->delete_if_unused();
}

Packet PacketPool::make() {
  Packet packet;
  if (core_->idle.empty()) {
    packet.block_ = new std::uint8_t[Packet::kCapacity];
    ++core_->allocations;
  } else {
    packet.block_ = core_->idle.back().release();
    core_->idle.pop_back();
  }
  ++core_->in_use;
  packet.core_ = core_;
  packet.end_ = packet.begin_ = Packet::kHeadroom;
  return packet;
}

Packet PacketPool::copy_of(ByteView bytes) {
  if (bytes.size() > Packet::kMaxPayload) return {};
  Packet packet = make();
  if (!packet.append(bytes)) return {};
  return packet;
}

std::uint64_t PacketPool::allocations() const { return core_->allocations; }

}  // namespace tidewire
