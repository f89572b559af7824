// One STUN or TURN URL at one address: first whether it answers and how fast, then whether it relays.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "doctor/binding_probe.h"
#include "doctor/driver.h"
#include "doctor/findings.h"
#include "doctor/relay_probe.h"
#include "io/ice_url.h"

namespace tidewire::doctor {

struct ServerCheckOptions {
  std::string username;
  std::string credential;
  std::string ca_file;
  Duration timeout = std::chrono::seconds(5);
};

class ServerCheck {
 public:
  using OnDone = UniqueFunction<void()>;

  // `next_stream` numbers streams; it and the options are the owner's and outlive the check.
  ServerCheck(io::EventLoop& loop, const ServerCheckOptions& options, std::uint32_t& next_stream, const io::IceUrl& url,
              const SocketAddress& address);

  // Calls back once, from the loop.
  void reach(OnDone on_done);
  // Then, when it is a relay that may be there: an allocation, and data through it. `seen_as` is how the world sees the
  // UDP sockets of this machine, if it does.
  bool can_relay() const;
  void relay(const std::optional<SocketAddress>& seen_as, OnDone on_done);

  const ServerFinding& finding() const { return finding_; }

 private:
  template <typename M>
  StreamId open_stream(Driver<M>& driver, UniqueFunction<void(const SocketAddress& local)> on_open);
  void reach_over_stream();
  void found_binding(const BindingFindings& found);
  void relay_over_streams(RelayProbeConfig config);
  void begin_relay(const RelayProbeConfig& config);
  void found_relay(const RelayFindings& found);
  void broke(const std::string& reason);
  void fail(Problem problem, const std::string& what);
  void done();
  IpAddress any_address() const;

  io::EventLoop& loop_;
  const ServerCheckOptions& options_;
  std::uint32_t& next_stream_;
  io::IceUrl url_;
  SocketAddress address_;
  ServerFinding finding_;
  OnDone on_done_;
  Timestamp started_{};
  bool is_stream_ = false;
  bool begun_ = false;  // the machine runs, and hears of closed streams by itself
  std::unique_ptr<Driver<BindingProbe>> binding_;
  std::unique_ptr<Driver<RelayProbe>> relay_;
};

}  // namespace tidewire::doctor
