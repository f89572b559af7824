// What a UdpHub has queued, and how it leaves: in trains where it can. For udp_hub.cc only.
#pragma once

#include <sys/uio.h>

#include <array>
#include <vector>

#include "io/socket_address.h"
#include "io/udp_hub.h"
#include "io/udp_segments.h"

namespace tidewire::io {

class UdpSendQueue {
 public:
  static constexpr std::size_t kMaxQueued = 1024;
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  // What is queued on one socket, in order.
  struct Line {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    bool trains = true;  // false once the kernel has said that the way out of this socket cannot do it
    bool empty() const { return first == kNone; }
  };

  explicit UdpSendQueue(UdpHub::Stats& stats);

  bool full() const { return used_ == kMaxQueued; }
  // Only when it is not full.
  void push(Line& line, const SocketAddress& to, ByteView prefix, ByteView body, std::size_t padding);
  void push(Line& line, const SocketAddress& to, Packet packet);
  // Sends what is queued on one socket, or drops it: the line is empty after this.
  void flush(int fd, Line& line);
  // Makes room; when all lines are empty.
  void clear();

 private:
  // Two lines of the cache.
  struct alignas(64) Entry {
    const std::uint8_t* body;
    std::uint32_t body_size;
    std::uint32_t size;  // of all three pieces
    std::uint32_t next;
    socklen_t remote_length;
    SystemAddress remote;
    std::uint8_t prefix_size;
    std::uint8_t padding;
    bool follows;  // the one before it on this line goes to the same remote
    std::array<std::uint8_t, UdpHub::kMaxPrefix> prefix;
  };
  // One call of sendmmsg.
  static constexpr std::size_t kMaxMessages = 64;
  static constexpr std::size_t kMaxVectors = 1024;  // as many as one message may have: UIO_MAXIOV
  static constexpr std::size_t kVectorsPerEntry = 3;
  struct Batch {
    bool has_room() const { return size < kMaxMessages && vectors_used + kVectorsPerEntry <= kMaxVectors; }
    std::array<mmsghdr, kMaxMessages> headers{};
    std::array<SegmentControl, kMaxMessages> controls{};
    std::array<std::uint32_t, kMaxMessages> next{};    // the first entry that is not in the message
    std::array<std::uint32_t, kMaxMessages> counts{};  // how many are
    std::array<iovec, kMaxVectors> vectors{};
    std::size_t size = 0;
    std::size_t vectors_used = 0;
  };

  // Fills the batch from the entry on; the first `alone` entries make no trains.
  void fill(std::uint32_t entry, std::uint32_t alone);
  void add_message(std::uint32_t entry, bool alone);
  void append(const Entry& entry);
  // Where a flush is: the entry to go on with, and how many from there on make no trains.
  struct Progress {
    std::uint32_t entry;
    std::uint32_t alone;
    bool retried = false;
  };
  // After so many messages of the batch are done with, whether or not they have left.
  void advance(Progress& progress, std::size_t messages) const;
  // The kernel took these.
  void count_sent(std::size_t messages);
  // It refused the first one of the batch.
  void refused(Line& line, Progress& progress, int error);
  std::uint32_t length_from(std::uint32_t entry) const;

  UdpHub::Stats& stats_;
  std::vector<Entry> entries_;
  std::vector<Packet> packets_;
  Batch batch_;
  std::size_t used_ = 0;
};

}  // namespace tidewire::io
