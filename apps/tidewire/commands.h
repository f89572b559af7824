// The verbs of the program. Each gives the process's exit status: 0 for success, 1 for failure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::app {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  bool json = false;
};
int serve(const ServeOptions& options);

struct CallOptions {
  std::string room_url;
  std::string name;
  std::string video = "synthetic";  // synthetic, none or a file
  std::string audio = "synthetic";
  std::string play;  // window, none; empty: a window when there is a display
  std::optional<Duration> duration;
  bool json = false;
};
int call(const CallOptions& options);

struct DemoOptions {
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

}  // namespace tidewire::app
