#include "io/interface_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

#include "io/socket_address.h"
#include "tidewire/bytes.h"

namespace tidewire::io {
namespace {

constexpr int kMessagesPerTurn = 64;
// rtnetlink(7) wants 8 KiB at least, or a message is cut.
constexpr std::size_t kBufferSize = 16384;

// A value out of bytes of any alignment; zeroes when they are too few.
template <typename T>
T read_as(ByteView bytes) {
  T value{};
  if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool matters(const nlmsghdr& header, ByteView body) {
  switch (header.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
    case RTM_NEWADDR:
    case RTM_DELADDR: return true;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      // A router may have many thousand routes that come and go. The default one decides what the system picks as its
      // own address.
      return body.size() >= sizeof(rtmsg) && read_as<rtmsg>(body).rtm_dst_len == 0;
    default: return false;
  }
}

bool any_matters(ByteView datagram) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = read_as<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return false;
    if (matters(header, datagram.first(header.nlmsg_len).subspan(sizeof header))) return true;
    const std::size_t aligned = (header.nlmsg_len + NLMSG_ALIGNTO - 1U) & ~(NLMSG_ALIGNTO - 1U);
    datagram = datagram.subspan(std::min(aligned, datagram.size()));
  }
  return false;
}

Error cannot_listen(int error) {
  return {ErrorCode::kNotSupported,
          "cannot listen for changes of the network interfaces (netlink): " + system_message(error)};
}

}  // namespace

struct InterfaceMonitor::Impl : std::enable_shared_from_this<InterfaceMonitor::Impl> {
  Impl(EventLoop& loop, OnChange callback)
      : descriptor(loop.context()), on_change(std::move(callback)), timer(loop, [this](Timestamp) { on_change(); }) {}

  void wait_readable() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!error && self->descriptor.is_open()) self->receive();
                          });
  }

  void receive() {
    bool changed = false;
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      std::array<std::uint8_t, kBufferSize> buffer;
      sockaddr_nl from{};
      socklen_t size = sizeof from;
      const ssize_t n = recvfrom(descriptor.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &size);
      // netlink(7): messages were lost because the buffer was full. Some of them may have mattered.
      if (n < 0 && errno == ENOBUFS) changed = true;
      if (n < 0 && errno != ENOBUFS && errno != EINTR) break;
      // Only the kernel (0) speaks for the kernel.
      if (n > 0 && from.nl_pid == 0) changed |= any_matters({buffer.data(), static_cast<std::size_t>(n)});
    }
    if (changed && timer.deadline() == kNever) timer.set(EventLoop::now() + kCoalesce);
    wait_readable();
  }

  void close() {
    timer.cancel();
    boost::system::error_code ignored;
    descriptor.close(ignored);
  }

  boost::asio::posix::stream_descriptor descriptor;
  OnChange on_change;
  Timer timer;
};

Result<InterfaceMonitor> InterfaceMonitor::open(EventLoop& loop, OnChange on_change) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return cannot_listen(errno);
  auto impl = std::make_shared<Impl>(loop, std::move(on_change));
  boost::system::error_code failure;
  impl->descriptor.assign(fd, failure);  // owns it from here
  if (failure) {
    ::close(fd);
    return cannot_listen(failure.value());
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return cannot_listen(errno);
  impl->wait_readable();
  return InterfaceMonitor(std::move(impl));
}

InterfaceMonitor::InterfaceMonitor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
InterfaceMonitor::~InterfaceMonitor() {
  if (impl_) impl_->close();
}
InterfaceMonitor::InterfaceMonitor(InterfaceMonitor&&) noexcept = default;

InterfaceMonitor& InterfaceMonitor::operator=(InterfaceMonitor&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

}  // namespace tidewire::io
