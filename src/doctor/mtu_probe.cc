#include "doctor/mtu_probe.h"

#include <algorithm>

namespace tidewire::doctor {
namespace {

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

}  // namespace

MtuProbe::MtuProbe(const SocketAddress& local, const SocketAddress& server, crypto::Random random, PacketPool& pool)
    : server_(server), questions_(local, {}, std::move(random), pool) {}

void MtuProbe::start(Timestamp now) {
  const std::size_t headers = kUdpHeader + (server_.ip.is_v6() ? kIpv6Header : kIpv4Header);
  for (const std::size_t size : kPacketSizes)
    asked_.emplace_back(size, questions_.ask({.to = server_, .from = server_, .size = size - headers}, now));
}

void MtuProbe::handle_input(const Datagram& datagram, Timestamp now) {
  questions_.handle_input(datagram, now);
  // A larger packet has passed, so smaller ones would.
  if (!asked_.empty() && questions_.answer(asked_.back().second)) questions_.stop();
}

std::optional<std::size_t> MtuProbe::poll_event() {
  if (told_ || asked_.empty() || !questions_.are_settled()) return std::nullopt;
  told_ = true;
  std::size_t largest = 0;
  for (const auto& [size, id] : asked_)
    if (questions_.answer(id)) largest = std::max(largest, size);
  return largest;
}

}  // namespace tidewire::doctor
