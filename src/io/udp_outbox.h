// What a UdpSocket has queued, and how it leaves: in trains where it can. For udp_socket.cc only.
#pragma once

#include "base/bounded_queue.h"
#include "io/udp_segments.h"
#include "io/udp_socket.h"

namespace tidewire::io {

class UdpOutbox {
 public:
  UdpOutbox(std::size_t limit, UdpSocket::Stats& stats) : queue_(limit), stats_(stats) {}

  // False when it is full.
  bool push(Packet packet, const SocketAddress& remote) { return queue_.push({std::move(packet), remote}); }
  // Sends what is queued. False when the kernel has no room for the rest, which stays.
  bool flush(int fd);
  void clear() { queue_.clear(); }

 private:
  struct Outgoing {
    Packet packet;
    SocketAddress remote;
  };
  struct Batch;

  void fill(Batch& batch);
  int send(int fd, Batch& batch);
  SegmentTrain add_train(Batch& batch, std::size_t first, bool alone);
  void refused(std::uint32_t datagrams, int error);
  void drop_front(std::uint32_t datagrams);

  BoundedQueue<Outgoing> queue_;
  UdpSocket::Stats& stats_;
  bool trains_ = true;           // false once the kernel has said that the way out of this socket cannot do it
  bool marks_ = true;            // false once it has refused one that was to be marked
  std::uint32_t alone_ = 0;      // so many from the front on make no trains
  bool refused_before_ = false;  // the one at the front
};

}  // namespace tidewire::io
