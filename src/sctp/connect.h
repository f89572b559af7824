// Chapter 5 of RFC 9260: the handshake of four chunks, from both sides at once, with all state of the passive side in a
// signed cookie.
#pragma once

#include <array>
#include <cstdint>

#include "sctp/core.h"

namespace tidewire::sctp {

class Connect {
 public:
  explicit Connect(Core& core);

  void start();
  void handle_init(const ChunkView& chunk);
  void handle_init_ack(const ChunkView& chunk);
  // False: the rest of the packet belongs to no association.
  bool handle_cookie_echo(const ChunkView& chunk);
  void handle_cookie_ack();
  void handle_stale_cookie();
  void handle_timeout();

 private:
  struct Cookie;

  Bytes init_value(ByteView cookie) const;
  void send_init();
  void send_cookie_echo();
  void adopt_peer(const Cookie& peer);
  void establish();
  Bytes seal(const Cookie& cookie) const;
  std::optional<Cookie> unseal(ByteView bytes) const;
  void restart_timer();

  Core& core_;
  std::array<std::uint8_t, 32> secret_{};
  Bytes cookie_;  // the peer's, while it has to be echoed
  Duration timeout_{};
  Timestamp init_sent_{};
  int retransmits_ = 0;
};

}  // namespace tidewire::sctp
