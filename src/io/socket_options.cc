#include "io/socket_options.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

namespace tidewire::io {

void forbid_fragments(int fd, int family) {
  const int v4 = IP_PMTUDISC_PROBE;
  const int v6 = IPV6_PMTUDISC_PROBE;
  if (family == AF_INET) setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
}

void tell_marks(int fd, int family) {
  const int on = 1;
  if (family == AF_INET) setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on);
}

FragmentationOf::FragmentationOf(int fd, int family, Fragmentation fragmentation)
    : fd_(fd), v4_(family == AF_INET), fragmentation_(fragmentation) {
  if (fragmentation_ == Fragmentation::kAsUsual) return;
  socklen_t size = sizeof usual_;
  const int known = v4_ ? getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &usual_, &size)
                        : getsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &usual_, &size);
  if (known != 0) fragmentation_ = Fragmentation::kAsUsual;  // another family: it will be refused anyway
  if (fragmentation_ == Fragmentation::kForbidden) forbid_fragments(fd, family);
  if (fragmentation_ != Fragmentation::kAllowed) return;
  const int v4 = IP_PMTUDISC_DONT;
  if (v4_) {
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
    return;
  }
  // RFC 8200 §4.5, §5: the source alone makes fragments, and 1280 bytes pass everywhere.
  const int v6 = IPV6_PMTUDISC_DONT;
  const int least = 1280;
  setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
  setsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &least, sizeof least);
}

FragmentationOf::~FragmentationOf() {
  if (fragmentation_ == Fragmentation::kAsUsual) return;
  if (v4_) {
    setsockopt(fd_, IPPROTO_IP, IP_MTU_DISCOVER, &usual_, sizeof usual_);
    return;
  }
  const int any = 0;
  setsockopt(fd_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &usual_, sizeof usual_);
  if (fragmentation_ == Fragmentation::kAllowed) setsockopt(fd_, IPPROTO_IPV6, IPV6_MTU, &any, sizeof any);
}

void steer_by_source(int fd, int family, unsigned count) {
  if (count < 2) return;
  // Where the source's first words lie, from the beginning of the IP header (RFC 791 §3.1, RFC 8200 §3).
  const auto header = static_cast<std::uint32_t>(SKF_NET_OFF);
  const std::uint32_t first = header + (family == AF_INET ? 12 : 8);
  const std::uint32_t second = header + 12;
  constexpr std::uint32_t kGoldenRatio = 0x9e3779b1;  // spreads neighbours
  std::array<sock_filter, 9> program{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, first},
      {BPF_ALU | BPF_MUL | BPF_K, 0, 0, kGoldenRatio},
      {BPF_MISC | BPF_TAX, 0, 0, 0},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, second},
      {BPF_ALU | BPF_XOR | BPF_X, 0, 0, 0},
      {BPF_ALU | BPF_MUL | BPF_K, 0, 0, kGoldenRatio},
      {BPF_ALU | BPF_RSH | BPF_K, 0, 0, 16},
      {BPF_ALU | BPF_MOD | BPF_K, 0, 0, count},
      {BPF_RET | BPF_A, 0, 0, 0},
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter);
}

void share_port(int fd) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

void send_at_once(int fd) {
  constexpr int kUnsentInKernel = 32 * 1024;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernel, sizeof kUnsentInKernel);
}

}  // namespace tidewire::io
