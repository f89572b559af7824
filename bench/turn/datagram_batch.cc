#include "datagram_batch.h"

#include <netinet/udp.h>
#include <sys/resource.h>
#include <array>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "io/socket_address.h"

namespace tidewire::bench {

namespace {

constexpr int kSocketBuffer = 8 << 20;

void set_option(int fd, int level, int option, int value, const char* name) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0)
    give_up(std::string("cannot set ") + name + ": " + io::system_message(errno));
}

// Beyond the system's limit where we may, else up to it.
void set_buffer(int fd, int forced, int option) {
  if (setsockopt(fd, SOL_SOCKET, forced, &kSocketBuffer, sizeof kSocketBuffer) != 0)
    set_option(fd, SOL_SOCKET, option, kSocketBuffer, "the size of a socket's buffer");
}

}  // namespace

void give_up(const std::string& sentence) {
  std::cerr << "error: " << sentence << std::endl;
  std::exit(1);
}

sockaddr_in system_address(const SocketAddress& address) {
  if (!address.ip.is_v4()) give_up(address.to_string() + " is no IPv4 address, and this speaks IPv4 alone");
  io::SystemAddress system;
  io::to_system(address, system);
  return system.v4;
}

SocketAddress socket_address(const sockaddr_in& address) {
  std::array<std::uint8_t, 4> ip{};
  std::memcpy(ip.data(), &address.sin_addr, ip.size());
  return {IpAddress::v4(ip), ntohs(address.sin_port)};
}

int open_udp(const SocketAddress& local) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up("no socket: " + io::system_message(errno));
  const sockaddr_in address = system_address(local);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    give_up("cannot bind " + local.to_string() + ": " + io::system_message(errno));
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  return fd;
}

void connect_udp(int fd, const sockaddr_in& remote) {
  if (connect(fd, reinterpret_cast<const sockaddr*>(&remote), sizeof remote) != 0)
    give_up("cannot connect to " + socket_address(remote).to_string() + ": " + io::system_message(errno));
}

void receive_trains(int fd) { set_option(fd, SOL_UDP, UDP_GRO, 1, "UDP_GRO"); }

sockaddr_in local_address(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    give_up("getsockname: " + io::system_message(errno));
  return address;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = 100'000;
  rlimit more{.rlim_cur = wanted, .rlim_max = std::max(wanted, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &more) == 0) return;  // only the superuser raises the hard limit
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

DatagramBatch::DatagramBatch(std::size_t slots, std::size_t slot_size)
    : slot_size_(slot_size),
      buffers_(slots * slot_size),
      headers_(slots),
      iovecs_(slots),
      addresses_(slots),
      controls_(slots),
      segment_sizes_(slots) {
  for (std::size_t i = 0; i < slots; ++i) {
    iovecs_[i] = {.iov_base = room(i).data(), .iov_len = slot_size};
    headers_[i].msg_hdr.msg_iov = &iovecs_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

std::size_t DatagramBatch::receive(int fd, std::size_t first, std::size_t most) {
  for (std::size_t i = first; i < first + most; ++i) {
    iovecs_[i].iov_len = slot_size_;
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &addresses_[i];
    header.msg_namelen = sizeof addresses_[i];
    header.msg_control = &controls_[i];
    header.msg_controllen = sizeof controls_[i];
  }
  int count = -1;
  // An ICMP error of an earlier datagram is reported once, in place of data.
  for (int tries = 0; tries < 2 && count < 0; ++tries) {
    count = recvmmsg(fd, &headers_[first], static_cast<unsigned>(most), MSG_DONTWAIT, nullptr);
    if (count < 0 && errno != ECONNREFUSED) break;
  }
  if (count <= 0) return 0;
  const auto received = static_cast<std::size_t>(count);
  for (std::size_t i = first; i < first + received; ++i) {
    iovecs_[i].iov_len = headers_[i].msg_len;
    read_segment_size(i);
  }
  return received;
}

std::size_t DatagramBatch::send(int fd, std::size_t first, std::size_t count, bool named) {
  for (std::size_t i = first; i < first + count; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = named ? &addresses_[i] : nullptr;
    header.msg_namelen = named ? sizeof addresses_[i] : 0;
    write_segment_size(i);
  }
  std::size_t done = 0;
  int failures = 0;
  while (done < count) {
    const int sent = sendmmsg(fd, &headers_[first + done], static_cast<unsigned>(count - done), 0);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (++failures > 1) {
      break;
    }
  }
  return done;
}

void DatagramBatch::set_size(std::size_t slot, std::size_t size, std::size_t segment_size) {
  iovecs_[slot].iov_len = size;
  segment_sizes_[slot] = segment_size;
}

void DatagramBatch::read_segment_size(std::size_t slot) {
  segment_sizes_[slot] = 0;
  msghdr& header = headers_[slot].msg_hdr;
  const cmsghdr* control = CMSG_FIRSTHDR(&header);
  if (control == nullptr || control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) return;
  int size = 0;
  std::memcpy(&size, CMSG_DATA(control), sizeof size);
  const auto segment_size = static_cast<std::size_t>(size);
  if (segment_size < iovecs_[slot].iov_len) segment_sizes_[slot] = segment_size;
}

void DatagramBatch::write_segment_size(std::size_t slot) {
  msghdr& header = headers_[slot].msg_hdr;
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  if (segment_sizes_[slot] == 0) return;
  const auto size = static_cast<std::uint16_t>(segment_sizes_[slot]);
  header.msg_control = &controls_[slot];
  header.msg_controllen = CMSG_SPACE(sizeof size);
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof size);
  std::memcpy(CMSG_DATA(control), &size, sizeof size);
}

}  // namespace tidewire::bench
