// Everything that `tidewire serve` runs, from its start to its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/relay_host_check.h"
#include "serve_options.h"
#include "server/operations/log.h"
#include "server/operations/operations_server.h"
#include "server/signaling/signaling_server.h"
#include "server/turn/turn_service.h"
#include "tidewire/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::app {

class Serving {
 public:
  // Both outlive it.
  Serving(EventLoop& loop, server::Log& log) : loop_(loop), log_(log) {}
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  // An error says what could not be done, and which flag would help.
  Result<> start(const ServeOptions& options);
  // Says on standard output what is served, and what clients need to be told.
  void announce() const;
  // What the command line and the file say now. What cannot change is logged, and then nothing has changed.
  void reload(const Result<ServeOptions>& options);
  // Takes nobody any more and ends the loop when everybody has gone, or is no longer waited for.
  void shut_down();

 private:
  Result<std::optional<server::TurnOptions>> turn_options_of(const ServeOptions& options) const;
  Result<> change(const ServeOptions& options);
  Result<> start_turn();
  Result<> start_signaling();
  Result<> start_operations();
  void test_relays();
  void end_when_idle();
  std::optional<server::OwnTurn> own_turn() const;
  std::vector<IceServer> ice_servers() const;
  std::string turn_host() const;
  server::ServerSnapshot snapshot() const;

  EventLoop& loop_;
  server::Log& log_;
  ServeOptions options_;
  std::string own_secret_;  // of this run, when no flag names one
  // At the start: what a wildcard listens on does not change afterwards, though interfaces come and go.
  std::vector<IpAddress> own_addresses_;
  server::TurnOptions turn_options_;
  std::optional<server::TurnService> turn_;
  std::optional<server::SignalingServer> signaling_;
  std::optional<server::OperationsServer> operations_;
  std::vector<std::unique_ptr<doctor::RelayHostCheck>> checks_;
  bool signaling_is_over_ = true;
  Timestamp give_up_at_ = kNever;
};

}  // namespace tidewire::app
