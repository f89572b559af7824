#include "tidewire/packet.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tidewire {

struct Packet::Core {
  std::vector<std::unique_ptr<std::uint8_t[]>> idle;
  std::size_t keep = 0;
  std::uint64_t allocations = 0;
};

Packet::Packet(Packet&& other) noexcept
    : block_(std::move(other.block_)),
      core_(std::move(other.core_)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

Packet& Packet::operator=(Packet&& other) noexcept {
  Packet moved(std::move(other));
  std::swap(block_, moved.block_);
  std::swap(core_, moved.core_);
  std::swap(begin_, moved.begin_);
  std::swap(end_, moved.end_);
  return *this;
}

Packet::~Packet() {
  // `idle` reserved room for `keep` blocks when the pool was made: this never allocates.
  if (block_ && core_->idle.size() < core_->keep) core_->idle.push_back(std::move(block_));
}

bool Packet::resize(std::size_t size) {
  if (!block_ || size > kCapacity - begin_) return false;
  end_ = begin_ + size;
  return true;
}

bool Packet::prepend(std::size_t n) {
  if (n > begin_) return false;
  begin_ -= n;
  return true;
}

void Packet::remove_prefix(std::size_t n) { begin_ += std::min(n, size()); }

void Packet::remove_suffix(std::size_t n) { end_ -= std::min(n, size()); }

bool Packet::append(ByteView bytes) {
  if (bytes.size() > tailroom()) return false;
  if (!bytes.empty()) std::memcpy(block_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
  return true;
}

PacketPool::PacketPool(std::size_t keep) : core_(std::make_shared<Packet::Core>()) {
  core_->keep = keep;
  core_->idle.reserve(keep);
}

Packet PacketPool::make() {
  Packet packet;
  if (core_->idle.empty()) {
    packet.block_ = std::unique_ptr<std::uint8_t[]>(new std::uint8_t[Packet::kCapacity]);
    ++core_->allocations;
  } else {
    packet.block_ = std::move(core_->idle.back());
    core_->idle.pop_back();
  }
  packet.core_ = core_;
  packet.begin_ = packet.end_ = Packet::kHeadroom;
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
