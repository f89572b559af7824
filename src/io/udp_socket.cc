#include "io/udp_socket.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <numeric>
#include <string>
#include <utility>

#include "io/os_random.h"
#include "io/socket_address.h"
#include "io/socket_options.h"
#include "io/udp_inbox.h"
#include "io/udp_outbox.h"

namespace tidewire::io {
namespace {

// After so many calls or datagrams the loop gets its turn, so that a flood on one socket does not starve the others.
constexpr int kReadsPerTurn = 8;
constexpr std::uint64_t kDatagramsPerTurn = 512;

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
      : loop(event_loop), descriptor(event_loop.context()), outbox(options.send_queue, stats) {}

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
    const std::uint64_t first = stats.datagrams_received;
    for (int i = 0; i < kReadsPerTurn && open && stats.datagrams_received - first < kDatagramsPerTurn; ++i) {
      UdpInbox& inbox = loop.udp_inbox();
      const std::size_t want = reads_to_ask_for;
      inbox.slots.reset();
      const std::size_t n = inbox.slots.receive(descriptor.native_handle(), want);
      // An ICMP error that the kernel kept for this socket comes as an error of one call: it says nothing that
      // the protocols above would not find out.
      if (n == 0 && errno != EAGAIN && errno != EINTR) continue;
      // A read that finds nothing costs as much as one that does: who sends now and then is asked for one datagram.
      if (n <= 1 && n < want) reads_to_ask_for = 1;
      if (n == 0) break;
      ++stats.receive_calls;
      deliver(inbox, n);
      if (n < want) break;
      reads_to_ask_for = std::min(want * 2, trains_come ? UdpInbox::kReadsOfTrains : UdpInbox::kReads);
      // Answers do not wait for their turn in the loop, nor for a read that most likely finds nothing.
      if (want == 1 && flush_scheduled) flush();
    }
    if (!open) return;
    if (flush_scheduled) flush();
    wait_readable();
  }

  void deliver(UdpInbox& inbox, std::size_t reads) {
    trains_come = false;
    std::size_t filled = 0;
    for (std::size_t i = 0; i < reads && open; ++i) {
      const UdpReceiveSlots::Train train = inbox.slots.at(i);
      if (train.bytes.size() > train.segment) {
        trains_come = true;
        ++stats.coalesced_receives;
      }
      ByteView rest = train.bytes;
      do {  // a datagram may be empty
        const ByteView one = rest.first(std::min(train.segment, rest.size()));
        rest = rest.subspan(one.size());
        if (one.size() > Packet::kMaxPayload) {
          ++stats.dropped_oversize;
          continue;
        }
        Datagram& datagram = inbox.datagrams[filled];
        UdpInbox::put(datagram, one, loop.packet_pool());
        datagram.packet.set_ecn(train.ecn);
        datagram.remote = train.remote;
        datagram.local = local;
        if (++filled == inbox.datagrams.size()) hand_on(inbox, std::exchange(filled, 0));
      } while (open && !rest.empty());
    }
    if (open && filled > 0) hand_on(inbox, filled);
  }

  void hand_on(UdpInbox& inbox, std::size_t datagrams) {
    stats.datagrams_received += datagrams;
    on_datagrams(std::span(inbox.datagrams.data(), datagrams));
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
    if (open && !waiting_writable && !outbox.flush(descriptor.native_handle())) wait_writable();
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
    outbox.clear();
  }

  EventLoop& loop;
  boost::asio::posix::stream_descriptor descriptor;
  OnDatagrams on_datagrams;
  SocketAddress local;
  Stats stats;
  UdpOutbox outbox;
  bool open = true;
  bool trains_come = false;  // by the last read
  std::size_t reads_to_ask_for = 1;
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
  setsockopt(fd, SOL_UDP, UDP_GRO, &yes, sizeof yes);  // without it, trains arrive taken apart
  tell_marks(fd, family);
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
  if (!impl_->open || !impl_->outbox.push(std::move(packet), remote)) {
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
