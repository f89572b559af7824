#include "io/udp_socket.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <numeric>
#include <string>

#include "base/bounded_queue.h"
#include "io/os_random.h"
#include "io/socket_address.h"
#include "io/socket_options.h"

namespace tidewire::io {
namespace {

constexpr std::size_t kBatch = 32;
// After this many batches the loop gets its turn, so that a flood on one socket does not starve the others.
constexpr int kBatchesPerTurn = 8;

struct Outgoing {
  Packet packet;
  SocketAddress remote;
};

// One call of recvmmsg: packets to fill, and where they came from. Packets that nobody took stay for the next.
struct ReceiveBatch {
  std::array<Datagram, kBatch> datagrams;
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors{};
  std::array<SystemAddress, kBatch> addresses{};

  void prepare(PacketPool& pool) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      Packet& packet = datagrams[i].packet;
      if (!packet) packet = pool.make();
      // A packet that the owner left may have been shortened at either end.
      if (packet.headroom() != Packet::kHeadroom) packet = pool.make();
      static_cast<void>(packet.resize(Packet::kMaxPayload));
      vectors[i] = {packet.data(), packet.size()};
      headers[i].msg_hdr = msghdr{};
      headers[i].msg_hdr.msg_name = &addresses[i];
      headers[i].msg_hdr.msg_namelen = sizeof addresses[i];
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

// One call of sendmmsg. What the kernel did not take yet stays at the front.
struct SendBatch {
  std::array<Outgoing, kBatch> items;
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors{};
  std::array<SystemAddress, kBatch> addresses{};
  std::size_t begin = 0;
  std::size_t end = 0;

  bool empty() const { return begin == end; }
  void fill(BoundedQueue<Outgoing>& queue) {
    begin = end = 0;
    while (end < kBatch && !queue.empty()) {
      Outgoing& item = items[end];
      item = *queue.pop();
      vectors[end] = {item.packet.data(), item.packet.size()};
      headers[end].msg_hdr = msghdr{};
      headers[end].msg_hdr.msg_name = &addresses[end];
      headers[end].msg_hdr.msg_namelen = to_system(item.remote, addresses[end]);
      headers[end].msg_hdr.msg_iov = &vectors[end];
      headers[end].msg_hdr.msg_iovlen = 1;
      ++end;
    }
  }
  void drop_front() { items[begin++].packet = Packet(); }
};

Error cannot_bind(const SocketAddress& address, int error) {
  return {ErrorCode::kNetwork, "cannot open UDP socket " + address.to_string() + ": " + system_message(error)};
}

// Each port of a range once. The first one is evenly distributed; the step from one to the next is random too, and
// shares no factor with the size of the range.
class PortsInRandomOrder {
 public:
  explicit PortsInRandomOrder(PortRange range) : first_(range.first), size_(range.last - range.first + 1U) {
    crypto::Random random = os_random();
    at_ = random.below(size_);
    do step_ = 1 + random.below(size_);
    while (std::gcd(step_, size_) != 1);
  }
  std::size_t size() const { return size_; }
  std::uint16_t next() {
    at_ = (at_ + step_) % size_;
    return static_cast<std::uint16_t>(first_ + at_);
  }

 private:
  std::uint32_t first_;
  std::uint32_t size_;
  std::uint32_t at_ = 0;
  std::uint32_t step_ = 1;
};

}  // namespace

struct UdpSocket::Impl : std::enable_shared_from_this<UdpSocket::Impl> {
  Impl(EventLoop& event_loop, const Options& options)
      : loop(event_loop), descriptor(event_loop.context()), queue(options.send_queue) {}

  // 0, or the system's error.
  int bind_to(const SocketAddress& wanted) {
    SystemAddress address;
    const socklen_t length = to_system(wanted, address);
    if (::bind(descriptor.native_handle(), &address.any, length) != 0) return errno;
    socklen_t size = sizeof address;
    if (getsockname(descriptor.native_handle(), &address.any, &size) != 0) return errno;
    local = from_system(address);
    return 0;
  }

  void start(OnDatagrams callback) {
    on_datagrams = std::move(callback);
    wait_readable();
  }

  void wait_readable() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!error && self->open) self->receive();
                          });
  }

  void receive() {
    for (int i = 0; i < kBatchesPerTurn && open; ++i) {
      incoming.prepare(loop.packet_pool());
      const int n = recvmmsg(descriptor.native_handle(), incoming.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
      // An ICMP error that the kernel kept for this socket comes as an error of one call: it says nothing that
      // the protocols above would not find out.
      if (n < 0 && errno != EAGAIN && errno != EINTR) continue;
      if (n <= 0) break;
      deliver(static_cast<std::size_t>(n));
      if (static_cast<std::size_t>(n) < kBatch) break;
    }
    if (open) wait_readable();
  }

  void deliver(std::size_t n) {
    ++stats.receive_calls;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const mmsghdr& header = incoming.headers[i];
      if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        ++stats.dropped_oversize;
        continue;
      }
      static_cast<void>(incoming.datagrams[i].packet.resize(header.msg_len));
      std::swap(incoming.datagrams[kept].packet, incoming.datagrams[i].packet);
      incoming.datagrams[kept].remote = from_system(incoming.addresses[i]);
      incoming.datagrams[kept].local = local;
      ++kept;
    }
    stats.datagrams_received += kept;
    if (kept > 0) on_datagrams(std::span(incoming.datagrams.data(), kept));
  }

  void schedule_flush() {
    if (flush_scheduled || waiting_writable) return;
    flush_scheduled = true;
    boost::asio::post(loop.context(), [self = shared_from_this()] {
      self->flush_scheduled = false;
      self->flush();
    });
  }

  void flush() {
    while (open && !waiting_writable) {
      if (outgoing.empty()) outgoing.fill(queue);
      if (outgoing.empty()) return;
      const auto count = static_cast<unsigned>(outgoing.end - outgoing.begin);
      const int n = sendmmsg(descriptor.native_handle(), &outgoing.headers[outgoing.begin], count, MSG_DONTWAIT);
      if (n >= 0) {
        ++stats.send_calls;
        stats.datagrams_sent += static_cast<std::uint64_t>(n);
        for (int i = 0; i < n; ++i) outgoing.drop_front();
      } else if (errno == EAGAIN) {
        wait_writable();
      } else if (errno != EINTR) {
        // The error is that of the first datagram (sendmmsg(2)): it alone is given up.
        ++stats.dropped_error;
        outgoing.drop_front();
      }
    }
  }

  void wait_writable() {
    waiting_writable = true;
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                          [self = shared_from_this()](boost::system::error_code) {
                            self->waiting_writable = false;
                            self->flush();
                          });
  }

  void close() {
    // The farewells of a connection that ends with its program.
    flush();
    open = false;
    boost::system::error_code ignored;
    descriptor.close(ignored);
    queue.clear();
  }

  EventLoop& loop;
  boost::asio::posix::stream_descriptor descriptor;
  OnDatagrams on_datagrams;
  SocketAddress local;
  BoundedQueue<Outgoing> queue;
  ReceiveBatch incoming;
  SendBatch outgoing;
  Stats stats;
  bool open = true;
  bool flush_scheduled = false;
  bool waiting_writable = false;
};

// A socket that is not bound yet.
Result<std::shared_ptr<UdpSocket::Impl>> UdpSocket::open(EventLoop& loop, const SocketAddress& local, Options options) {
  const int family = local.ip.is_v4() ? AF_INET : AF_INET6;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot_bind(local, errno);
  auto impl = std::make_shared<Impl>(loop, options);
  boost::system::error_code failure;
  impl->descriptor.assign(fd, failure);  // owns it from here
  if (failure) {
    ::close(fd);
    return cannot_bind(local, failure.value());
  }
  const int yes = 1;
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options.send_buffer, sizeof options.send_buffer);
  if (options.forbid_fragments) forbid_fragments(fd, family);
  return impl;
}

Result<UdpSocket> UdpSocket::bind(EventLoop& loop, const SocketAddress& local, OnDatagrams on_datagrams) {
  return bind(loop, local, std::move(on_datagrams), Options());
}

Result<UdpSocket> UdpSocket::bind(EventLoop& loop, const SocketAddress& local, OnDatagrams on_datagrams,
                                  Options options) {
  Result<std::shared_ptr<Impl>> opened = open(loop, local, options);
  if (!opened) return opened.error();
  const std::shared_ptr<Impl> impl = *std::move(opened);
  if (const int error = impl->bind_to(local); error != 0) return cannot_bind(local, error);
  impl->start(std::move(on_datagrams));
  return UdpSocket(impl);
}

Result<UdpSocket> UdpSocket::bind_in_range(EventLoop& loop, const IpAddress& local, PortRange ports,
                                           OnDatagrams on_datagrams, Options options) {
  const std::string range = std::to_string(ports.first) + "-" + std::to_string(ports.last);
  if (ports.first == 0 || ports.last < ports.first) {
    return Error{ErrorCode::kRange,
                 "no UDP port lies in the range " + range + "; it must not begin at 0 or run backwards"};
  }
  Result<std::shared_ptr<Impl>> opened = open(loop, {local, ports.first}, options);
  if (!opened) return opened.error();
  const std::shared_ptr<Impl> impl = *std::move(opened);
  PortsInRandomOrder order(ports);
  const std::size_t attempts = std::min(order.size(), kMaxPortAttempts);
  for (std::size_t i = 0; i < attempts; ++i) {
    const SocketAddress address{local, order.next()};
    const int error = impl->bind_to(address);  // a socket whose bind failed may try another port
    if (error != 0 && error != EADDRINUSE) return cannot_bind(address, error);
    if (error != 0) continue;
    impl->start(std::move(on_datagrams));
    return UdpSocket(impl);
  }
  const std::string taken =
      attempts == order.size() ? "all of them are" : std::to_string(attempts) + " that were tried are";
  return Error{ErrorCode::kNetwork,
               "no UDP port of " + local.to_string() + " in the range " + range + " is free: " + taken + " taken"};
}

UdpSocket::UdpSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpSocket::~UdpSocket() { close(); }
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

SocketAddress UdpSocket::local_address() const { return impl_->local; }

bool UdpSocket::send(Packet packet, const SocketAddress& remote) {
  if (!impl_->open || !impl_->queue.push({std::move(packet), remote})) {
    ++impl_->stats.dropped_queue;
    return false;
  }
  impl_->schedule_flush();
  return true;
}

void UdpSocket::flush() { impl_->flush(); }
const UdpSocket::Stats& UdpSocket::stats() const { return impl_->stats; }

void UdpSocket::close() {
  if (impl_) impl_->close();
}

}  // namespace tidewire::io
