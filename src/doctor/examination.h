// The whole examination with sockets: interfaces, servers, NAT, MTU, relays, clock. Takes a few seconds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "doctor/findings.h"
#include "io/event_loop.h"
#include "io/ice_url.h"

namespace tidewire::doctor {

struct ExaminationOptions {
  std::vector<io::IceUrl> servers;  // at most kMaxServers are examined
  std::string username;             // for turn and turns
  std::string credential;
  std::string ca_file;                         // TLS: authorities in PEM; empty: those of the system
  std::string http_url;                        // whose clock to compare with; empty: nobody's
  Duration timeout = std::chrono::seconds(5);  // for each answer
};

class Examination {
 public:
  static constexpr std::size_t kMaxServers = 16;
  using OnDone = UniqueFunction<void(Findings findings)>;

  // Calls back once, from the loop.
  Examination(io::EventLoop& loop, ExaminationOptions options, OnDone on_done);
  // No callback after this. Legal in the callback.
  ~Examination();
  Examination(const Examination&) = delete;
  Examination& operator=(const Examination&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::doctor
