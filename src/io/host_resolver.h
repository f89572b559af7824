// Resolves host names through the system's resolver (DNS, hosts file), without blocking the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/event_loop.h"
#include "tidewire/address.h"
#include "tidewire/result.h"

namespace tidewire::io {

class HostResolver {
 public:
  // All addresses in the system's order of preference, without duplicates; never empty when it is a value.
  using OnResolved = UniqueFunction<void(Result<std::vector<IpAddress>> addresses)>;

  explicit HostResolver(EventLoop& loop);
  // Outstanding look-ups end without a callback. Legal in a callback.
  ~HostResolver();
  HostResolver(const HostResolver&) = delete;
  HostResolver& operator=(const HostResolver&) = delete;

  // Calls back once, never inside this call. An address in textual form resolves to itself.
  void resolve(std::string host, OnResolved on_resolved);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
