// Trains of datagrams in one system call (udp(7)): what older headers lack, and the limits. For the files of src/io.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstddef>

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

}  // namespace tidewire::io
