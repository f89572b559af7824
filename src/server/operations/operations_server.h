// What a server's operator asks it over HTTP, on an address of its own that the public does not reach:
//   /metrics  what it counts (Prometheus)      /healthz  200 while it is alive      /readyz  200 while it takes clients
#pragma once

#include <cstdint>
#include <memory>

#include "io/event_loop.h"
#include "server/operations/metrics.h"
#include "tidewire/address.h"
#include "tidewire/result.h"
#include "tidewire/unique_function.h"

namespace tidewire::server {

class HttpListener;

enum class Readiness : std::uint8_t { kStarting, kReady, kDraining };

class OperationsServer {
 public:
  struct Options {
    SocketAddress listen{IpAddress::v4({127, 0, 0, 1}), 9464};  // port 0: the system chooses
    // Asked for each scrape, on the loop's thread. `process` and `ready` are filled in afterwards.
    UniqueFunction<ServerSnapshot()> snapshot;
  };

  // The error is one sentence: "cannot listen on 127.0.0.1:9464: Address already in use".
  static Result<OperationsServer> start(io::EventLoop& loop, Options options);
  // Breaks off what is still connected.
  ~OperationsServer();
  OperationsServer(OperationsServer&&) noexcept;
  OperationsServer& operator=(OperationsServer&&) noexcept;

  SocketAddress local_address() const;
  // kStarting until said otherwise. While draining, whoever balances load sends nobody any more.
  void set_readiness(Readiness readiness);

 private:
  class Impl;
  OperationsServer(std::shared_ptr<Impl> impl, std::shared_ptr<HttpListener> listener);
  std::shared_ptr<Impl> impl_;
  std::shared_ptr<HttpListener> listener_;
};

}  // namespace tidewire::server
