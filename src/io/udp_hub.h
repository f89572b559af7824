// Many UDP sockets of one thread behind one epoll descriptor, for servers that pass on most of what they get: what came
// in on one socket may leave on another without being copied.
//
// A turn of the loop asks the kernel which sockets have something and reads from each of them into shared slots. When
// the slots are full, and at the end of the turn, a batch ends: everything that was queued leaves, one call per socket.
// Trains of datagrams that the kernel has put together (UDP_GRO) are taken apart without a copy, and equal datagrams in
// a row to one remote leave as a train (UDP_SEGMENT).
#pragma once

#include <cstdint>
#include <memory>

#include "io/event_loop.h"
#include "tidewire/address.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"
#include "tidewire/strong_id.h"

namespace tidewire::io {

class UdpHub {
 public:
  // Small and dense, for an owner's table. That of a closed socket comes again, but not in the turn that closed it.
  using SocketId = StrongId<struct UdpHubSocketTag, std::uint32_t>;

  struct Options {
    // Reads, each of a datagram or a train, until a batch ends: the more, the more of them leave by one call. Each
    // takes 64 KiB of address space, and of memory what the longest train that it ever held took.
    std::size_t receive_slots = 256;
    // False asks the kernel for no trains and sends none.
    bool trains = true;
  };
  struct SocketOptions {
    // Several sockets may have one address, each in a hub of its own; the kernel keeps a flow with one of them.
    bool reuse_port = false;
    // As UdpSocket::Options has it.
    bool forbid_fragments = false;
    // Asked of the kernel, which may give less. 0: what the system gives by itself.
    int receive_buffer = 0;
    int send_buffer = 0;
  };
  struct Stats {
    std::uint64_t datagrams_received = 0;
    std::uint64_t datagrams_sent = 0;
    std::uint64_t receive_calls = 0;         // recvmmsg calls that brought something
    std::uint64_t send_calls = 0;            // sendmmsg calls that took something
    std::uint64_t coalesced_receives = 0;    // trains that arrived
    std::uint64_t segmented_sends = 0;       // trains that left
    std::uint64_t segmentation_refused = 0;  // trains whose datagrams had to go one by one
    std::uint64_t dropped_no_room = 0;       // datagrams, not sent: the kernel's buffer was full
    std::uint64_t dropped_error = 0;         // not sent: closed socket, other family, port 0, or the system refused
  };

  // send() copies so much of a prefix.
  static constexpr std::size_t kMaxPrefix = 48;
  static constexpr std::size_t kMaxPadding = 3;

  // All calls of the hub are legal in these, and so is destroying it.
  class Handler {
   public:
    virtual ~Handler() = default;
    // One datagram. Its bytes stay until the batch has ended and what was queued has left.
    virtual void on_datagram(SocketId socket, const SocketAddress& remote, ByteView bytes) = 0;
    // After the last datagram of a batch, before what was queued leaves. A turn has one batch or a few.
    virtual void on_batch_end() = 0;
  };

  // The handler outlives the hub.
  UdpHub(EventLoop& loop, Handler& handler, Options options);
  UdpHub(EventLoop& loop, Handler& handler);
  // Closes every socket. What is queued then is dropped.
  ~UdpHub();
  UdpHub(const UdpHub&) = delete;
  UdpHub& operator=(const UdpHub&) = delete;

  // Port 0 lets the system choose. An IPv6 socket takes no IPv4. The error says which address could not be used and
  // why.
  Result<SocketId> open(const SocketAddress& local, SocketOptions options);
  Result<SocketId> open(const SocketAddress& local);
  // What is queued on it leaves first. No datagram of it is delivered after this.
  void close(SocketId socket);
  // The bound address with the port that the system chose; 0.0.0.0:0 of a closed one.
  SocketAddress local_address(SocketId socket) const;

  // Queues a datagram of three pieces. The prefix, of at most kMaxPrefix bytes, is copied. The body is not: it lies in
  // a datagram of this batch, or lives until the next flush. Then come up to kMaxPadding zeros. In a callback of the
  // handler that is all; outside, flush() has to follow. When the queue is full, it leaves at once.
  //
  // What the kernel has no room for is dropped: media that waited is worth less than media that is lost early, and the
  // congestion control of those who send sees the loss. The same goes for errors, each of which costs its datagram
  // only.
  void send(SocketId from, const SocketAddress& to, ByteView prefix, ByteView body, std::size_t padding = 0);
  // The hub keeps the packet until it has left.
  void send(SocketId from, const SocketAddress& to, Packet packet);
  // Sends what is queued now.
  void flush();

  const Stats& stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
