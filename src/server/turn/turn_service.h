// The STUN and TURN service: a machine (src/turn/server.h) on each of its threads, and the sockets around it.
//
// Every thread has its own socket on each listening address; the kernel steers a client's 5-tuple always to the same
// one (SO_REUSEPORT), so that no packet ever crosses threads. What the machines share is in shared_ledger.h.
#pragma once

#include <memory>
#include <vector>

#include "server/operations/log.h"
#include "server/turn/turn_options.h"
#include "server/turn/turn_stats.h"
#include "tidewire/result.h"

namespace tidewire::server {

class TurnService {
 public:
  // Listens and serves from here on. The error says in one sentence what could not be done: which address, why.
  // `log` may be null; it must outlive the service.
  static Result<TurnService> start(TurnOptions options, Log* log);
  // Ends all allocations.
  ~TurnService();
  TurnService(TurnService&&) noexcept;
  TurnService& operator=(TurnService&&) noexcept;

  // The addresses that clients are served on, with the ports that the system chose.
  const std::vector<SocketAddress>& udp_addresses() const;
  const std::vector<SocketAddress>& tcp_addresses() const;
  const std::vector<SocketAddress>& tls_addresses() const;

  // Users, secrets, quotas, lifetimes, peers and the certificate count from now on; allocations live on. An error names
  // what cannot change without a restart; then nothing has changed.
  Result<> reconfigure(const TurnOptions& options);
  // No new allocations from now on (508); those that are there go on.
  void drain();
  std::size_t allocations() const;

  // Summed over the threads, which are asked and answer within a turn of their loops. Not from one of them.
  TurnStats stats() const;

 private:
  class Impl;
  explicit TurnService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::server
