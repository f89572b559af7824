// The verbs of the program. Each gives the process's exit status: 0 for success, 1 for failure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench_options.h"
#include "rate_options.h"
#include "serve_options.h"
#include "simulate_options.h"
#include "tidewire/result.h"
#include "tidewire/time.h"

namespace tidewire::app {

// `again` reads the command line and the file anew, for SIGHUP.
int serve(const ServeOptions& options, const std::function<Result<ServeOptions>()>& again);

// How connections are made.
struct IceOptions {
  std::vector<std::string> servers;  // URLs
  std::string username;
  std::string credential;
  std::string transport_policy = "all";  // all, relay
  std::string port_range;                // FIRST-LAST
  std::string public_ip;                 // ADDR, auto
  std::uint16_t udp_port = 0;            // one for all calls
  bool hide_addresses = false;
  bool no_tcp = false;
  std::string tls_ca;
};

struct CallOptions {
  IceOptions ice;
  RateOptions rates;
  PathOptions path;
  std::string room_url;
  std::string name;
  std::string video = "synthetic";  // synthetic, none or a file
  std::string audio = "synthetic";
  std::string video_codec;  // to be preferred; empty: the usual order
  std::string audio_codec;
  std::string play;  // window, none; empty: a window when there is a display
  std::optional<Duration> duration;
  bool interactive = false;  // takes commands and words from standard input also when that is no terminal
  bool json = false;
};
int call(const CallOptions& options);

struct DemoOptions {
  IceOptions ice;
  RateOptions rates;
  PathOptions path;
  std::string listen = "127.0.0.1:8080";
  std::string room = "demo";
  std::optional<Duration> duration;
  bool json = false;
};
int demo(const DemoOptions& options);

struct DoctorOptions {
  std::string server_url;  // http, https: whose clock to compare with; stun, turn, …: one more of `ice_servers`
  std::vector<std::string> ice_servers;
  std::string ice_username;
  std::string ice_credential;
  std::string tls_ca;  // a file of authorities in PEM
  Duration timeout = std::chrono::seconds(5);
  bool json = false;
};
// 0: calls from here will work; 1: some or all will not; 2: the options make no sense.
int doctor(const DoctorOptions& options);

int bench_data_channel(const BenchDataChannelOptions& options);

// 2: the options or the scenario make no sense.
int simulate(const SimulateOptions& options);

}  // namespace tidewire::app
