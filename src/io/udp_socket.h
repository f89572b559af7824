// A UDP socket that moves packets in batches: recvmmsg into the loop's packet pool, sendmmsg out of it. Equal datagrams
// in a row to one remote leave as one train (UDP_SEGMENT), and trains that the kernel has put together (UDP_GRO) are
// taken apart; where the kernel or the device cannot do that, they go one by one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/datagram.h"
#include "io/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::io {

// The ports from the first to the last, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

class UdpSocket {
 public:
  // After this many taken ports bind_in_range() gives up, so that a large range that is full does not hold up the loop.
  static constexpr std::size_t kMaxPortAttempts = 4096;

  struct Options {
    // Asked of the kernel, which may give less (net.core.rmem_max).
    int receive_buffer = 4 << 20;
    int send_buffer = 4 << 20;
    // Datagrams that wait while the kernel's buffer is full. More are dropped and counted.
    std::size_t send_queue = 1024;
    // Nothing is fragmented, neither here nor on the way, and what the system believes of the path counts for nothing:
    // for finding out what passes (RFC 8899 §4.1). What the interface cannot carry is dropped.
    bool forbid_fragments = false;
  };
  struct Stats {
    std::uint64_t datagrams_received = 0;
    std::uint64_t datagrams_sent = 0;
    std::uint64_t receive_calls = 0;         // recvmmsg calls that brought something
    std::uint64_t send_calls = 0;            // sendmmsg calls that took something
    std::uint64_t coalesced_receives = 0;    // trains that arrived
    std::uint64_t segmented_sends = 0;       // trains that left
    std::uint64_t segmentation_refused = 0;  // trains whose datagrams had to go one by one
    std::uint64_t dropped_oversize = 0;      // arrived longer than a packet holds
    std::uint64_t dropped_queue = 0;         // not sent: the queue was full
    std::uint64_t dropped_error = 0;         // not sent: the system refused (no route, administratively forbidden, ...)
  };
  // A batch that arrived. The callback may move the packets out; what it leaves is reused. `local` is the
  // socket's bound address.
  using OnDatagrams = UniqueFunction<void(std::span<Datagram> batch)>;

  // Binds to the address; port 0 lets the system choose. An IPv6 socket takes no IPv4. The error says in one
  // sentence which address could not be used and why.
  static Result<UdpSocket> bind(EventLoop& loop, const SocketAddress& local, OnDatagrams on_datagrams, Options options);
  static Result<UdpSocket> bind(EventLoop& loop, const SocketAddress& local, OnDatagrams on_datagrams);
  // Binds to a free port of the range. RFC 6056 §3.3.1: in random order, so that nobody foresees the port; each port is
  // tried once at most. The error tells a range that is empty from one whose ports are all taken.
  static Result<UdpSocket> bind_in_range(EventLoop& loop, const IpAddress& local, PortRange ports,
                                         OnDatagrams on_datagrams, Options options);

  // Closes. Legal in its own callback.
  ~UdpSocket();
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;

  // The bound address with the port that the system chose.
  SocketAddress local_address() const;

  // Queues a datagram to `remote`; it leaves with the next flush. False when it was dropped because the queue
  // is full. An error of the network is no error here: the protocols above find out by silence. That it is longer than
  // the path takes is one of these; Packet::fragmentation() says what is done about it.
  bool send(Packet packet, const SocketAddress& remote);
  // Sends what is queued now. Without it the queue goes out at the end of the present turn of the loop.
  void flush();

  const Stats& stats() const;

  // No callback after this.
  void close();

 private:
  struct Impl;
  explicit UdpSocket(std::shared_ptr<Impl> impl);
  static Result<std::shared_ptr<Impl>> open(EventLoop& loop, const SocketAddress& local, Options options);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
