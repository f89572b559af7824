// UDP datagrams as the system moves them: many in one call, and trains of equal ones as one buffer. IPv4. What the load
// generator and the bare forwarder are made of; nothing is cheaper without leaving the socket interface.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/bytes.h"

namespace tidewire::bench {

// Prints the sentence and ends the program: a measurement that went wrong gives no number.
[[noreturn]] void give_up(const std::string& sentence);

sockaddr_in system_address(const SocketAddress& address);
SocketAddress socket_address(const sockaddr_in& address);
inline bool same_address(const sockaddr_in& a, const sockaddr_in& b) {
  return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

// A non-blocking socket with buffers of some megabytes. Port 0 takes a free one. Belongs to the caller until the end of
// the program, or close().
int open_udp(const SocketAddress& local);
void connect_udp(int fd, const sockaddr_in& remote);
// A train is then received as one buffer (UDP_GRO).
void receive_trains(int fd);
sockaddr_in local_address(int fd);
// As many descriptors as the system lets us have.
void raise_descriptor_limit();

// Slots of one size, each with the address and the segment size of what is in it.
class DatagramBatch {
 public:
  DatagramBatch(std::size_t slots, std::size_t slot_size);

  std::size_t slots() const { return headers_.size(); }
  // Without blocking, at most `most` into the slots from `first` on. How many came.
  std::size_t receive(int fd, std::size_t first, std::size_t most);
  // Sends the slots; `named`: each to its address, else where the socket is connected to. What the system does not take
  // is dropped. How many it took.
  std::size_t send(int fd, std::size_t first, std::size_t count, bool named);

  MutableByteView room(std::size_t slot) { return {buffers_.data() + slot * slot_size_, slot_size_}; }
  MutableByteView data(std::size_t slot) { return room(slot).first(iovecs_[slot].iov_len); }
  // Before sending: the size in all, and of each datagram of a train (0: it is one datagram).
  void set_size(std::size_t slot, std::size_t size, std::size_t segment_size);
  // Of what was received: the size of each datagram but the last, which may be shorter.
  std::size_t segment_size(std::size_t slot) const { return segment_sizes_[slot]; }
  sockaddr_in& address(std::size_t slot) { return addresses_[slot]; }

 private:
  // Room for one control message with a segment size.
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> bytes;
  };
  void read_segment_size(std::size_t slot);
  void write_segment_size(std::size_t slot);

  std::size_t slot_size_;
  std::vector<std::uint8_t> buffers_;
  std::vector<mmsghdr> headers_;
  std::vector<iovec> iovecs_;
  std::vector<sockaddr_in> addresses_;
  std::vector<Control> controls_;
  std::vector<std::size_t> segment_sizes_;
};

}  // namespace tidewire::bench
