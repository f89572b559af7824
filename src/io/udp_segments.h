// Trains of datagrams in one system call (udp(7)): what older headers lack, and the limits. For the files of src/io.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tidewire/packet.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace tidewire::io {

// The kernel takes no longer trains (UDP_MAX_SEGMENTS in linux/udp.h; newer ones take 128).
inline constexpr std::size_t kMaxTrainSegments = 64;
// All of a train, headers included, has to fit the length field of an IP packet.
inline constexpr std::size_t kMaxTrainBytes = 65'000;

// Which datagrams in a row make a train: equal ones, and a shorter one may end it.
class SegmentTrain {
 public:
  explicit SegmentTrain(std::size_t first) : segment_(first), bytes_(first) {}

  // True when the next one goes with it.
  bool take(std::size_t size) {
    if (ended_ || count_ == kMaxTrainSegments || size > segment_ || size == 0 || bytes_ + size > kMaxTrainBytes) {
      return false;
    }
    ended_ = size < segment_;
    bytes_ += size;
    ++count_;
    return true;
  }
  std::uint32_t count() const { return count_; }
  std::uint16_t segment() const { return static_cast<std::uint16_t>(segment_); }

 private:
  std::size_t segment_;
  std::size_t bytes_;
  std::uint32_t count_ = 1;
  bool ended_ = false;
};

// What tells sendmsg() to take a message apart, and how its datagrams are marked.
class SegmentControl {
 public:
  // A train of one is no train, and kNotEct is what the system sends by itself.
  void attach(msghdr& message, const SegmentTrain& train, Ecn ecn = Ecn::kNotEct, bool v4 = true) {
    message.msg_control = nullptr;
    message.msg_controllen = 0;
    if (train.count() > 1) add(message, SOL_UDP, UDP_SEGMENT, train.segment());
    if (ecn == Ecn::kNotEct) return;
    // ip(7), ipv6(7): the whole traffic class, of which nobody here sets the rest.
    add(message, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, static_cast<int>(ecn));
  }

 private:
  template <typename Value>
  void add(msghdr& message, int level, int type, Value value) {
    std::uint8_t* at = bytes_.data() + message.msg_controllen;
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof value);
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + CMSG_LEN(0), &value, sizeof value);
    message.msg_control = bytes_.data();
    message.msg_controllen += CMSG_SPACE(sizeof value);
  }

  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t)) + CMSG_SPACE(sizeof(int))> bytes_;
};

// The kernel, or the device, cannot take a train apart, or not one with datagrams of this size. Of these errors, that
// of a missing checksum offload (EIO) is one of the device; the others depend on the path and on the sizes.
inline bool refuses_train(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

// The system does not let datagrams be marked.
inline bool refuses_marks(int error) { return error == EINVAL || error == ENOPROTOOPT || error == EOPNOTSUPP; }

}  // namespace tidewire::io
