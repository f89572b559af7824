// Data channels over SCTP: carries messages and resets between the channel table and the association, which do not
// know each other (RFC 8831).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/machine.h"
#include "datachannel/channel_table.h"
#include "dtls/endpoint.h"
#include "sctp/association.h"
#include "tidewire/packet.h"

namespace tidewire::session {

// Which SCTP packets path MTU discovery may try: what an Ethernet frame leaves of 1500 bytes after the headers of IPv4
// (20) and UDP (8), a DTLS record and a TURN channel (4: the room is kept for it, so that a call may go on over a relay
// with what was cut before). Packet has room for it.
inline constexpr std::size_t kMaxSctpPacket =
    (1500 - 20 - 8 - dtls::Endpoint::kMaxRecordOverhead - 4) & ~std::size_t{3};
static_assert(kMaxSctpPacket + dtls::Endpoint::kMaxRecordOverhead <= Packet::kMaxPayload);

class DataTransport {
 public:
  static constexpr std::size_t kFewMessages = 16 * 1024;

  DataTransport(PacketPool& pool, crypto::Random random, datachannel::Config config = {})
      : pool_(&pool), random_(std::move(random)), channels_(config) {}

  datachannel::ChannelTable& channels() { return channels_; }
  const datachannel::ChannelTable& channels() const { return channels_; }
  // Nothing before start().
  const sctp::Association* association() const { return association_ ? &*association_ : nullptr; }

  // DTLS is connected and both descriptions have the data section.
  void start(sctp::Config config, Timestamp now);
  bool started() const { return association_.has_value(); }
  // The transport below is gone.
  void stop(std::optional<RtcError> error);
  // Says goodbye; what is queued is lost.
  void abort(Timestamp now);

  // The packets take another way from now on.
  void path_changed(Timestamp now);

  // Media is sent on the same path.
  void set_beside_media(bool beside_media);

  // More waits than a few messages: a transfer.
  bool transfers() const { return association_ && association_->buffered_amount() > kFewMessages; }

  // One SCTP packet.
  void handle_input(ByteView packet, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const {
    return association_ ? std::min(association_->next_timeout(), channels_.next_timeout()) : kNever;
  }
  std::optional<Packet> poll_transmit();
  std::optional<datachannel::Event> poll_event();

  // Brings what the channels want to the association. Called after commands to channels().
  void flush(Timestamp now);

 private:
  void drain_association();
  void handle(sctp::Event event);
  void carry_out(datachannel::Action action, Timestamp now);

  PacketPool* pool_;
  crypto::Random random_;
  datachannel::ChannelTable channels_;
  std::optional<sctp::Association> association_;
  bool connected_ = false;
  bool beside_media_ = false;
  Timestamp now_{};
};

static_assert(Machine<DataTransport>);

}  // namespace tidewire::session
