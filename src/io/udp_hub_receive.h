// The slots that a UdpHub reads into. For udp_hub.cc only.
#pragma once

#include <sys/uio.h>

#include <array>
#include <memory>
#include <vector>

#include "io/socket_address.h"
#include "io/udp_segments.h"

namespace tidewire::io {

class UdpReceiveSlots {
 public:
  // A datagram, or several of one sender: each of `segment` bytes, only the last may be shorter.
  struct Train {
    SocketAddress remote;
    ByteView bytes;
    std::size_t segment;
    Ecn ecn = Ecn::kNotEct;  // of a socket that was asked to tell (tell_marks())
  };

  explicit UdpReceiveSlots(std::size_t count);

  std::size_t size() const { return headers_.size(); }
  std::size_t used() const { return used_; }
  std::size_t free() const { return size() - used_; }

  // Reads into at most `want` free slots: how many were filled, the last of used(). 0 when there was nothing, and after
  // an error, which tells a server nothing that it would not find out (udp(7): ICMP errors that the kernel kept).
  std::size_t receive(int fd, std::size_t want);
  Train at(std::size_t slot) const;
  // Frees all slots.
  void reset();

 private:
  // Neither a datagram nor a train is longer. The slots begin at different lines of the processor's caches, whose sets
  // would otherwise hold the first lines of all of them and nothing else.
  static constexpr std::size_t kSlotSize = 65'536;
  static constexpr std::size_t kSlotStride = kSlotSize + std::size_t{17} * 64;

  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, 2 * CMSG_SPACE(sizeof(int))> bytes;
  };

  void prepare(std::size_t slot);

  std::unique_ptr<std::uint8_t[]> memory_;  // not initialised: the system gives pages when they are written
  std::vector<mmsghdr> headers_;
  std::vector<iovec> vectors_;
  std::vector<SystemAddress> addresses_;
  std::vector<Control> controls_;
  std::size_t used_ = 0;
};

}  // namespace tidewire::io
