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

// What tells sendmsg() to take a message apart.
class SegmentControl {
 public:
  SegmentControl() {
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    header.cmsg_level = SOL_UDP;
    header.cmsg_type = UDP_SEGMENT;
    std::memcpy(bytes_.data(), &header, sizeof header);
  }

  // A train of one is no train.
  void attach(msghdr& message, const SegmentTrain& train) {
    message.msg_control = nullptr;
    message.msg_controllen = 0;
    if (train.count() == 1) return;
    const std::uint16_t segment = train.segment();
    std::memcpy(bytes_.data() + CMSG_LEN(0), &segment, sizeof segment);
    message.msg_control = bytes_.data();
    message.msg_controllen = bytes_.size();
  }

 private:
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> bytes_{};
};

// The kernel, or the device, cannot take a train apart, or not one with datagrams of this size. Of these errors, that
// of a missing checksum offload (EIO) is one of the device; the others depend on the path and on the sizes.
inline bool refuses_train(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

}  // namespace tidewire::io
