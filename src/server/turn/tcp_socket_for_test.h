// TCP sockets that wait, for tests of a service that has threads of its own.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "io/socket_address.h"

namespace tidewire::server {

class TcpSocket {
 public:
  TcpSocket() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  explicit TcpSocket(int fd) : fd_(fd) {}
  ~TcpSocket() { close(); }
  TcpSocket(TcpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TcpSocket& operator=(TcpSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  bool bind(const SocketAddress& address) {
    io::SystemAddress system;
    const socklen_t size = io::to_system(address, system);
    return ::bind(fd_, &system.any, size) == 0;
  }
  bool listen() { return ::listen(fd_, 8) == 0; }
  bool connect(const SocketAddress& address) {
    io::SystemAddress system;
    const socklen_t size = io::to_system(address, system);
    return ::connect(fd_, &system.any, size) == 0;
  }
  // As patient as the others: accept(2) heeds SO_RCVTIMEO, and what it makes inherits nothing.
  TcpSocket accept(SocketAddress& from) {
    io::SystemAddress system{};
    socklen_t size = sizeof system;
    TcpSocket accepted(::accept(fd_, &system.any, &size));
    from = io::from_system(system);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(accepted.fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return accepted;
  }
  SocketAddress local() const {
    io::SystemAddress system{};
    socklen_t size = sizeof system;
    getsockname(fd_, &system.any, &size);
    return io::from_system(system);
  }

  bool send(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // How much was taken before the other end would take no more, `most` at the most.
  std::size_t send_until_blocked(ByteView bytes, std::size_t most) {
    std::size_t total = 0;
    pollfd waiting{.fd = fd_, .events = POLLOUT, .revents = 0};
    while (total < most && poll(&waiting, 1, 500) > 0) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) break;
      total += static_cast<std::size_t>(sent);
    }
    return total;
  }
  // So many bytes, or fewer when the connection ends or nothing comes.
  Bytes read(std::size_t size) {
    Bytes bytes(size);
    std::size_t have = 0;
    while (have < size) {
      const ssize_t n = recv(fd_, bytes.data() + have, size - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
  }
  // Nothing more comes, because the other end has closed.
  bool is_at_end() {
    std::uint8_t byte = 0;
    const ssize_t n = recv(fd_, &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
  }
  void shut_down() { shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

}  // namespace tidewire::server
