// Options of the system's sockets that more than one kind of socket here asks for. For the files of src/io.
#pragma once

#include "tidewire/packet.h"

namespace tidewire::io {

// While it lives, what the socket sends is treated as Packet::fragmentation() says. Nothing is asked of the system for
// kAsUsual.
class FragmentationOf {
 public:
  FragmentationOf(int fd, int family, Fragmentation fragmentation);
  ~FragmentationOf();
  FragmentationOf(const FragmentationOf&) = delete;
  FragmentationOf& operator=(const FragmentationOf&) = delete;

 private:
  int fd_;
  bool v4_;
  Fragmentation fragmentation_;
  int usual_ = 0;
};

// Nothing is fragmented, neither here nor on the way, and what the system believes of the path counts for nothing.
void forbid_fragments(int fd, int family);

// Each datagram that arrives brings its traffic class, where the system knows how.
void tell_marks(int fd, int family);

// The sockets that share one address (SO_REUSEPORT), of which there are `count`, in the order in which they began to
// listen: each is given all connections from one IPv4 address or IPv6 /64. With 0 or 1 nothing is asked for.
void steer_by_source(int fd, int family, unsigned count);
// Connections may be made from the port that this socket listens on (SO_REUSEPORT), once it is bound: nobody else could
// take it.
void share_port(int fd);
// What the kernel takes to be sent beyond what it can send is little (tcp(7), TCP_NOTSENT_LOWAT): queues are to be
// here, where they are bounded, and not there, where they are megabytes. And nothing waits for more to come.
void send_at_once(int fd);

}  // namespace tidewire::io
