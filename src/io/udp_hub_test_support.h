// What the tests of UdpHub share: a handler of functions, and sockets of the system that know nothing of trains.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/socket_address.h"
#include "io/udp_hub.h"
#include "io/udp_segments.h"

namespace tidewire::io {

struct HubHandler final : UdpHub::Handler {
  using OnDatagram = UniqueFunction<void(UdpHub::SocketId socket, const SocketAddress& remote, ByteView bytes)>;

  void on_datagram(UdpHub::SocketId socket, const SocketAddress& remote, ByteView bytes) override {
    if (datagram) datagram(socket, remote, bytes);
  }
  void on_batch_end() override {
    if (batch_end) batch_end();
  }

  OnDatagram datagram;
  UniqueFunction<void()> batch_end;
};

// The descriptor of the socket with this address, for options that the hub does not offer.
inline int descriptor_of(const SocketAddress& address) {
  for (int fd = 3; fd < 1024; ++fd) {
    SystemAddress system;
    socklen_t length = sizeof system;
    if (getsockname(fd, &system.any, &length) == 0 && from_system(system) == address) return fd;
  }
  return -1;
}

class PlainSocket {
 public:
  explicit PlainSocket(const SocketAddress& local) : fd_(::socket(family_of(local), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    SystemAddress system;
    const socklen_t length = to_system(local, system);
    EXPECT_EQ(::bind(fd_, &system.any, length), 0);
    const int size = 4 << 20;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  ~PlainSocket() { ::close(fd_); }
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;

  SocketAddress address() const {
    SystemAddress system;
    socklen_t length = sizeof system;
    EXPECT_EQ(getsockname(fd_, &system.any, &length), 0);
    return from_system(system);
  }
  bool send(const std::string& bytes, const SocketAddress& to) const { return send_train(bytes, 0, to); }
  // With 0 no train.
  bool send_train(std::string bytes, std::uint16_t segment, const SocketAddress& to) const {
    if (segment > 0) {
      const int wanted = segment;
      if (setsockopt(fd_, SOL_UDP, UDP_SEGMENT, &wanted, sizeof wanted) != 0) return false;
    }
    SystemAddress system;
    const socklen_t length = to_system(to, system);
    const auto sent = sendto(fd_, bytes.data(), bytes.size(), 0, &system.any, length);
    const int none = 0;
    setsockopt(fd_, SOL_UDP, UDP_SEGMENT, &none, sizeof none);
    return sent == static_cast<ssize_t>(bytes.size());
  }
  // The next datagram that has arrived.
  std::optional<std::string> receive() const {
    std::string bytes(65'536, '\0');
    const auto size = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }
  // Takes what has arrived; true once it is so many datagrams.
  bool collect(std::vector<std::string>& heard, std::size_t count) const {
    while (auto bytes = receive()) heard.push_back(*std::move(bytes));
    return heard.size() >= count;
  }

 private:
  static int family_of(const SocketAddress& address) { return address.ip.is_v4() ? AF_INET : AF_INET6; }
  int fd_;
};

class UdpHubTest : public testing::TestWithParam<const char*> {
 protected:
  using SocketId = UdpHub::SocketId;

  SocketAddress any_port() const { return {*IpAddress::parse(GetParam()), 0}; }
  SocketId open(UdpHub& hub, UdpHub::SocketOptions options = {}) const {
    const auto socket = hub.open(any_port(), options);
    EXPECT_TRUE(socket) << socket.error().message;
    return *socket;
  }
  bool until(UniqueFunction<bool()> done) {
    return loop_.run_until(std::move(done), EventLoop::now() + std::chrono::seconds{20});
  }
  // Until the far end has so many datagrams; the loop goes on meanwhile.
  std::vector<std::string> heard_by(const PlainSocket& socket, std::size_t count) {
    std::vector<std::string> heard;
    keep_turning();
    EXPECT_TRUE(until([&] { return socket.collect(heard, count); })) << heard.size() << " of " << count;
    return heard;
  }
  // Posts work without end, so that `done` is asked again and again.
  void keep_turning() {
    turning_ = std::make_shared<int>(0);
    turn_again(turning_);
  }

  EventLoop loop_;
  HubHandler handler_;
  std::shared_ptr<int> turning_;

 private:
  void turn_again(const std::weak_ptr<int>& wanted) {
    loop_.post([this, wanted] {
      if (!wanted.expired()) turn_again(wanted);
    });
  }
};

}  // namespace tidewire::io
