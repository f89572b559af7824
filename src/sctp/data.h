// Chapter 6 of RFC 9260, with RFC 3758: user data and its acknowledgement.
#pragma once

#include "sctp/core.h"

namespace tidewire::sctp {

class Data {
 public:
  explicit Data(Core& core) : core_(core) {}

  void handle_data(const ChunkView& chunk);
  void handle_sack(const ChunkView& chunk);
  void handle_forward_tsn(const ChunkView& chunk);
  // SHUTDOWN acknowledges, too.
  void handle_cumulative_ack(std::uint32_t cumulative_tsn_ack);
  // After the last chunk of a packet.
  void end_of_packet();

  void handle_retransmit_timeout();
  void handle_recovery_timeout();
  void handle_delayed_sack_timeout();

  // True when write() may have something.
  bool ready();
  // Bundles SACK, FORWARD TSN and DATA into the packet. `with_cookie`: it begins with COOKIE ECHO.
  void write(PacketBuilder& builder, bool with_cookie);

 private:
  void after_ack(Transmitter::SackResult result);
  void restart_retransmit_timer();
  void update_recovery_timer();
  bool may_send_data(bool with_cookie) const { return with_cookie || core_.sends_data(); }

  Core& core_;
  bool data_in_packet_ = false;
};

}  // namespace tidewire::sctp
