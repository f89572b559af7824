// Packet buffers and the pool that they return to.
//
// A Packet is one datagram with free room before and after it, so that layers add headers and authentication
// tags in place. It is moved from owner to owner and goes back to its pool when the last owner drops it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tidewire/bytes.h"
#include "tidewire/bytes_pool.h"

namespace tidewire {

class PacketPool;

// What is to become of a datagram that is larger than the path's MTU.
enum class Fragmentation : std::uint8_t {
  kAsUsual,    // what the socket does with all datagrams
  kForbidden,  // it is lost: a probe of the path (RFC 8899 §3)
  kAllowed,    // it may go in fragments: it was cut for a path that was larger (RFC 9260 §6.9)
};

// Explicit congestion notification: the lower two bits of the traffic class, as they are in an IP header (RFC 3168 §5,
// RFC 9331 §4.1).
enum class Ecn : std::uint8_t {
  kNotEct = 0,  // routers drop
  kEct1 = 1,    // they mark, early and often (L4S)
  kEct0 = 2,    // they mark where they would drop
  kCe = 3,      // one has marked it
};

class Packet {
 public:
  // Every packet holds this much, headroom included: an Ethernet datagram, with room for what layers add.
  static constexpr std::size_t kCapacity = 2112;
  // Enough for an RTP header with extensions put before a payload (12 + 4 + 64), or for DTLS framing.
  static constexpr std::size_t kHeadroom = 192;
  static constexpr std::size_t kMaxPayload = kCapacity - kHeadroom;

  // An empty handle, of no pool.
  Packet() = default;
  Packet(Packet&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        core_(other.core_),
        end_(std::exchange(other.end_, 0)),
        begin_(std::exchange(other.begin_, std::uint16_t{0})),
        fragmentation_(other.fragmentation_),
        ecn_(other.ecn_) {}
  Packet& operator=(Packet&& other) noexcept {
    Packet moved(std::move(other));
    std::swap(block_, moved.block_);
    std::swap(core_, moved.core_);
    std::swap(end_, moved.end_);
    std::swap(begin_, moved.begin_);
    std::swap(fragmentation_, moved.fragmentation_);
    std::swap(ecn_, moved.ecn_);
    return *this;
  }
  ~Packet() {
    if (block_ != nullptr) give_back();
  }

  explicit operator bool() const { return block_ != nullptr; }

  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::uint8_t* data() { return block_ + begin_; }
  const std::uint8_t* data() const { return block_ + begin_; }
  ByteView bytes() const { return {data(), size()}; }
  MutableByteView bytes() { return {data(), size()}; }
  std::size_t headroom() const { return begin_; }
  std::size_t tailroom() const { return block_ != nullptr ? kCapacity - end_ : 0; }
  // Of the datagram that it leaves in.
  Fragmentation fragmentation() const { return fragmentation_; }
  void set_fragmentation(Fragmentation fragmentation) { fragmentation_ = fragmentation; }
  // Of the datagram that it came in, or is to leave in.
  Ecn ecn() const { return ecn_; }
  void set_ecn(Ecn ecn) { ecn_ = ecn; }

  // Grows or shrinks at the end; new bytes are not initialised. False, unchanged, when there is no room.
  [[nodiscard]] bool resize(std::size_t size);
  // Puts n uninitialised bytes before the first one. False, unchanged, when there is no room.
  [[nodiscard]] bool prepend(std::size_t n);
  // Drops the first n bytes (at most all of them).
  void remove_prefix(std::size_t n);
  // Drops the last n bytes (at most all of them).
  void remove_suffix(std::size_t n);
  // Copies bytes to the end. False, unchanged, when there is no room.
  [[nodiscard]] bool append(ByteView bytes);

 private:
  friend class PacketPool;
  struct Core;

  void give_back();

  // Small and without a count of its own: a packet changes hands a dozen times on its way.
  std::uint8_t* block_ = nullptr;
  Core* core_ = nullptr;
  std::uint32_t end_ = 0;
  std::uint16_t begin_ = 0;
  Fragmentation fragmentation_ = Fragmentation::kAsUsual;
  Ecn ecn_ = Ecn::kNotEct;
};

// A free list of packet blocks, and of memory for messages; one per event loop. Not thread-safe: packets are made and
// dropped on the loop's thread. Packets may outlive the pool.
class PacketPool {
 public:
  // `keep` is how many idle blocks are held for reuse; more than that are freed.
  explicit PacketPool(std::size_t keep = 4096);
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // An empty packet with the standard headroom.
  Packet make();
  // A packet that holds a copy of `bytes`; an empty handle when they exceed Packet::kMaxPayload.
  Packet copy_of(ByteView bytes);

  // Blocks that have been allocated from the heap since the start: stays constant in the steady state.
  std::uint64_t allocations() const;

  BytesPool& messages() { return messages_; }

 private:
  BytesPool messages_;
  Packet::Core* core_;  // goes with the pool or with the last packet, whichever is later
};

}  // namespace tidewire
