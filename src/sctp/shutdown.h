// Chapter 9 of RFC 9260: the end, graceful (SHUTDOWN) or not (ABORT).
#pragma once

#include "sctp/core.h"

namespace tidewire::sctp {

class Shutdown {
 public:
  explicit Shutdown(Core& core) : core_(core) {}

  void begin();
  void handle_abort(const ChunkView& chunk);
  void handle_shutdown();
  void handle_shutdown_ack(const CommonHeader& header);
  void handle_shutdown_complete();
  void handle_timeout();
  void handle_guard_timeout();
  // DATA came although we have sent SHUTDOWN.
  void handle_late_data();
  // To be called after anything else: moves on when the last data is acknowledged. O(1).
  void progress();

 private:
  void send();

  Core& core_;
};

}  // namespace tidewire::sctp
