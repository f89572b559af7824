#include "tidewire/udp_port.h"

#include <utility>

#include "io/interfaces.h"
#include "peer/udp_port_impl.h"

namespace tidewire {

Result<std::shared_ptr<UdpPort>> UdpPort::open(EventLoop& loop, std::uint16_t port, bool include_loopback) {
  const auto interfaces = io::list_interfaces();
  if (!interfaces) return interfaces.error();
  auto impl = std::make_unique<Impl>();
  Error last{ErrorCode::kNetwork, "this machine has no network address; bring an interface up"};
  for (const io::HostAddress& host : io::ice_host_addresses(*interfaces, include_loopback)) {
    auto shared = io::SharedUdpPort::bind(loop.impl(), {host.ip, port}, {});
    if (!shared) {
      last = shared.error();
      continue;
    }
    // When the system chose the first one, the others take the same.
    port = shared->local_address().port;
    impl->ports.emplace(host.ip, std::move(*shared));
  }
  if (impl->ports.empty()) return last;
  return std::shared_ptr<UdpPort>(new UdpPort(std::move(impl)));
}

UdpPort::UdpPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpPort::~UdpPort() = default;

std::uint16_t UdpPort::port() const { return impl_->ports.begin()->second.local_address().port; }

}  // namespace tidewire
