#include "io/udp_hub.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cassert>
#include <cerrno>

#include "io/socket_options.h"
#include "io/udp_hub_receive.h"
#include "io/udp_hub_send.h"

namespace tidewire::io {
namespace {

// So many sockets are told of by one epoll_wait. Were more than these ready at a time, none would be seen to be behind.
constexpr std::size_t kMaxEvents = 2048;
// A socket may be read so often, datagrams or trains, before all others that have something get their turn.
constexpr std::uint32_t kMaxReads = 32;
// A batch ends after so much too, so that it is still in the processor's cache when it leaves.
constexpr std::size_t kMaxBatchBytes = 512 * 1024;
// After so many reads the loop serves what else it has: timers, TCP, posted work. The datagrams of a train cost as much
// as one more read for every four of them, by measurement.
constexpr std::size_t kReadsPerTurn = 512;
constexpr std::size_t kDatagramsPerRead = 4;

Error cannot_open(const SocketAddress& address, int error) {
  return {ErrorCode::kNetwork, "cannot open UDP socket " + address.to_string() + ": " + system_message(error)};
}

struct alignas(64) Socket {
  int fd = -1;
  std::uint32_t ask =
      1;  // how many reads the next call asks for: one that finds nothing costs as much as one that does
  std::uint32_t last_pass = 0;
  UdpSendQueue::Line line;
  SocketAddress local;
};

// 0, or the system's error.
int set_up(int fd, const SocketAddress& local, const UdpHub::SocketOptions& options, bool trains) {
  const int family = local.ip.is_v4() ? AF_INET : AF_INET6;
  const int yes = 1;
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (options.reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0) return errno;
  if (options.forbid_fragments) forbid_fragments(fd, family);
  if (options.receive_buffer > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  if (options.send_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options.send_buffer, sizeof options.send_buffer);
  if (trains) setsockopt(fd, SOL_UDP, UDP_GRO, &yes, sizeof yes);  // without it, trains arrive taken apart
  SystemAddress address;
  const socklen_t length = to_system(local, address);
  return ::bind(fd, &address.any, length) == 0 ? 0 : errno;
}

}  // namespace

struct UdpHub::Impl : std::enable_shared_from_this<UdpHub::Impl> {
  Impl(EventLoop& loop, Handler& given_handler, Options given)
      : handler(given_handler),
        options(given),
        descriptor(loop.context()),
        slots(std::max(given.receive_slots, std::size_t{1})) {}

  void start() {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
      setup_error = errno;
      return;
    }
    boost::system::error_code failure;
    descriptor.assign(epoll, failure);  // owns it from here
    if (failure) {
      ::close(epoll);
      epoll = -1;
      setup_error = failure.value();
      return;
    }
    wait();
  }

  void wait() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!error && self->alive) self->turn();
                          });
  }

  // Passes over the sockets that have something, until none has. A pass that the end of a turn cuts short goes on in
  // the next turn: the sockets at its end would not be served otherwise while those before them are flooded. A socket
  // that was closed in between costs an empty read of the one that has its place.
  void turn() {
    in_turn = true;
    std::size_t reads = 0;
    if (next_event == events_found) ++pass;
    while (alive && reads < kReadsPerTurn) {
      if (next_event == events_found && !find_events()) break;
      reads += serve(events[next_event++].data.u32);
    }
    if (alive) end_batch();
    in_turn = false;
    free_sockets.insert(free_sockets.end(), closed_in_turn.begin(), closed_in_turn.end());
    closed_in_turn.clear();
    if (alive) wait();
  }

  bool find_events() {
    const int n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 0);
    next_event = 0;
    events_found = static_cast<std::size_t>(std::max(n, 0));
    ++pass;
    return events_found > 0;
  }

  // Reads once from a socket and hands on what came; how many reads that was worth.
  std::size_t serve(std::uint32_t id) {
    if (slots.free() == 0 || bytes_in_batch >= kMaxBatchBytes) end_batch();
    if (!alive || sockets[id].fd < 0) return 1;
    Socket& socket = sockets[id];
    // Ready again although it gave all that it was asked for: there is more than that.
    if (socket.last_pass + 1 == pass) socket.ask = std::min(socket.ask * 2, kMaxReads);
    socket.last_pass = pass;
    const std::size_t want = std::min<std::size_t>(socket.ask, slots.free());
    const std::size_t first = slots.used();
    const std::size_t n = slots.receive(socket.fd, want);
    if (n < want) socket.ask = static_cast<std::uint32_t>(std::max(n, std::size_t{1}));
    if (n == 0) return 1;
    ++stats.receive_calls;
    const std::uint64_t before = stats.datagrams_received;
    for (std::size_t i = first; i < first + n; ++i) {
      if (!deliver(id, slots.at(i))) break;
    }
    return n + static_cast<std::size_t>(stats.datagrams_received - before) / kDatagramsPerRead;
  }

  // False when the socket was closed.
  bool deliver(std::uint32_t id, const UdpReceiveSlots::Train& train) {
    if (train.bytes.size() > train.segment) ++stats.coalesced_receives;
    bytes_in_batch += train.bytes.size();
    ByteView rest = train.bytes;
    do {  // a datagram may be empty
      const std::size_t size = std::min(train.segment, rest.size());
      ++stats.datagrams_received;
      handler.on_datagram(SocketId(id), train.remote, rest.first(size));
      if (!alive || sockets[id].fd < 0) return false;
      rest = rest.subspan(size);
    } while (!rest.empty());
    return true;
  }

  void end_batch() {
    if (slots.used() > 0) handler.on_batch_end();
    if (!alive) return;
    flush();
    slots.reset();
    bytes_in_batch = 0;
  }

  Result<SocketId> open(const SocketAddress& local, const SocketOptions& socket_options) {
    if (setup_error != 0) return cannot_open(local, setup_error);
    const int family = local.ip.is_v4() ? AF_INET : AF_INET6;
    const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return cannot_open(local, errno);
    int failure = set_up(fd, local, socket_options, options.trains);
    SystemAddress bound;
    socklen_t length = sizeof bound;
    if (failure == 0 && getsockname(fd, &bound.any, &length) != 0) failure = errno;
    const std::uint32_t id = failure == 0 ? take_id() : 0;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = id;
    if (failure == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
      failure = errno;
      free_sockets.push_back(id);
    }
    if (failure != 0) {
      ::close(fd);
      return cannot_open(local, failure);
    }
    sockets[id] = {};
    sockets[id].fd = fd;
    sockets[id].line.trains = options.trains;
    sockets[id].local = from_system(bound);
    return SocketId(id);
  }

  std::uint32_t take_id() {
    if (free_sockets.empty()) {
      sockets.emplace_back();
      return static_cast<std::uint32_t>(sockets.size() - 1);
    }
    const std::uint32_t id = free_sockets.back();
    free_sockets.pop_back();
    return id;
  }

  bool is_open(SocketId id) const { return id.value() < sockets.size() && sockets[id.value()].fd >= 0; }

  void close(SocketId id) {
    if (!is_open(id)) return;
    Socket& socket = sockets[id.value()];
    queue.flush(socket.fd, socket.line);
    ::close(socket.fd);  // leaves the epoll too
    socket = {};
    (in_turn ? closed_in_turn : free_sockets).push_back(id.value());
  }

  // The line to queue on, or nothing when the datagram cannot be sent.
  UdpSendQueue::Line* line_to(SocketId from, const SocketAddress& to) {
    if (!is_open(from) || to.port == 0 || to.ip.is_v4() != sockets[from.value()].local.ip.is_v4()) {
      ++stats.dropped_error;
      return nullptr;
    }
    if (queue.full()) flush();
    UdpSendQueue::Line& line = sockets[from.value()].line;
    if (line.empty()) queued_on.push_back(from.value());
    return &line;
  }

  void flush() {
    for (const std::uint32_t id : queued_on) {
      Socket& socket = sockets[id];
      if (!socket.line.empty()) queue.flush(socket.fd, socket.line);
    }
    queued_on.clear();
    queue.clear();
  }

  void shut_down() {
    alive = false;
    for (const Socket& socket : sockets) {
      if (socket.fd >= 0) ::close(socket.fd);
    }
    boost::system::error_code ignored;
    descriptor.close(ignored);
  }

  Handler& handler;
  Options options;
  Stats stats;
  int epoll = -1;
  int setup_error = 0;
  boost::asio::posix::stream_descriptor descriptor;

  std::vector<Socket> sockets;
  std::vector<std::uint32_t> free_sockets;
  std::vector<std::uint32_t> closed_in_turn;

  UdpReceiveSlots slots;
  std::size_t bytes_in_batch = 0;
  std::array<epoll_event, kMaxEvents> events{};
  std::size_t next_event = 0;
  std::size_t events_found = 0;
  std::uint32_t pass = 0;

  UdpSendQueue queue{stats};
  std::vector<std::uint32_t> queued_on;  // sockets, of which some may have been closed since

  bool in_turn = false;
  bool alive = true;
};

UdpHub::UdpHub(EventLoop& loop, Handler& handler, Options options)
    : impl_(std::make_shared<Impl>(loop, handler, options)) {
  impl_->start();
}
UdpHub::UdpHub(EventLoop& loop, Handler& handler) : UdpHub(loop, handler, Options()) {}
UdpHub::~UdpHub() { impl_->shut_down(); }

Result<UdpHub::SocketId> UdpHub::open(const SocketAddress& local, SocketOptions options) {
  return impl_->open(local, options);
}
Result<UdpHub::SocketId> UdpHub::open(const SocketAddress& local) { return open(local, SocketOptions()); }
void UdpHub::close(SocketId socket) { impl_->close(socket); }

SocketAddress UdpHub::local_address(SocketId socket) const {
  return impl_->is_open(socket) ? impl_->sockets[socket.value()].local : SocketAddress{};
}

void UdpHub::send(SocketId from, const SocketAddress& to, ByteView prefix, ByteView body, std::size_t padding) {
  if (UdpSendQueue::Line* line = impl_->line_to(from, to)) impl_->queue.push(*line, to, prefix, body, padding);
}

void UdpHub::send(SocketId from, const SocketAddress& to, Packet packet) {
  if (UdpSendQueue::Line* line = impl_->line_to(from, to)) impl_->queue.push(*line, to, std::move(packet));
}

void UdpHub::flush() { impl_->flush(); }
const UdpHub::Stats& UdpHub::stats() const { return impl_->stats; }

}  // namespace tidewire::io
