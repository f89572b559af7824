#include "io/udp_hub_receive.h"

namespace tidewire::io {

UdpReceiveSlots::UdpReceiveSlots(std::size_t count)
    : memory_(std::make_unique_for_overwrite<std::uint8_t[]>(count * kSlotStride)),
      headers_(count),
      vectors_(count),
      addresses_(count),
      controls_(count) {
  for (std::size_t i = 0; i < count; ++i) {
    vectors_[i] = {memory_.get() + i * kSlotStride, kSlotSize};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &addresses_[i];
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = &controls_[i];
    prepare(i);
  }
}

// The kernel writes over the lengths.
void UdpReceiveSlots::prepare(std::size_t slot) {
  headers_[slot].msg_hdr.msg_namelen = sizeof(SystemAddress);
  headers_[slot].msg_hdr.msg_controllen = sizeof(Control);
}

std::size_t UdpReceiveSlots::receive(int fd, std::size_t want) {
  const int n = recvmmsg(fd, &headers_[used_], static_cast<unsigned>(want), MSG_DONTWAIT, nullptr);
  if (n <= 0) return 0;
  used_ += static_cast<std::size_t>(n);
  return static_cast<std::size_t>(n);
}

UdpReceiveSlots::Train UdpReceiveSlots::at(std::size_t slot) const {
  const std::size_t size = headers_[slot].msg_len;
  Train train{from_system(addresses_[slot]), {static_cast<const std::uint8_t*>(vectors_[slot].iov_base), size}, size};
  // CMSG_NXTHDR wants a header that it could change.
  msghdr header = headers_[slot].msg_hdr;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
      if (segment > 0) train.segment = static_cast<std::size_t>(segment);
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) {
      train.ecn = static_cast<Ecn>(*CMSG_DATA(control) & 3U);  // one byte (ip(7))
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS) {
      int traffic_class = 0;
      std::memcpy(&traffic_class, CMSG_DATA(control), sizeof traffic_class);
      train.ecn = static_cast<Ecn>(traffic_class & 3);
    }
  }
  return train;
}

void UdpReceiveSlots::reset() {
  for (std::size_t i = 0; i < used_; ++i) prepare(i);
  used_ = 0;
}

}  // namespace tidewire::io
