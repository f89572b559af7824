// Tells when the machine's interfaces, addresses or default routes change (rtnetlink(7)): a cable, a Wi-Fi network, a
// VPN. What changed is for the owner to find out, with list_interfaces().
#pragma once

#include <memory>

#include "io/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::io {

class InterfaceMonitor {
 public:
  // A change comes as several messages (link up, address, routes): those of this long are one call.
  static constexpr Duration kCoalesce = std::chrono::milliseconds{20};

  // Something may have changed since the last call; there are false alarms (an IPv6 address that got a new lifetime).
  using OnChange = UniqueFunction<void()>;

  // An error where the system does not let one listen (some sandboxes): the owner goes on with the interfaces that it
  // found at the start.
  static Result<InterfaceMonitor> open(EventLoop& loop, OnChange on_change);

  // No callback after this. Legal in the callback.
  ~InterfaceMonitor();
  InterfaceMonitor(InterfaceMonitor&&) noexcept;
  InterfaceMonitor& operator=(InterfaceMonitor&&) noexcept;

 private:
  struct Impl;
  explicit InterfaceMonitor(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
