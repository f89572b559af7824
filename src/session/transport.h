// The one transport of a session: ICE for the path, DTLS for the keys, SRTP and DTLS records for what travels on it.
//
// Datagrams go in and out below; decrypted RTP, RTCP and SCTP packets come out above as events and go in as packets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "ice/agent.h"
#include "session/keying.h"
#include "tidewire/datagram.h"

namespace tidewire::session {

struct RtpReceived {
  Packet packet;
};
struct RtcpReceived {
  Packet packet;
};

// What the parts below tell, and the media that arrives.
using TransportEvent =
    std::variant<ice::LocalCandidateFound, ice::GatheringStateChanged, ice::StateChanged, ice::SelectedPairChanged,
                 ice::ResolveName, ice::RoleChanged, ice::OpenStream, ice::CloseStream, Keying::Connected,
                 Keying::DataReceived, Keying::Closed, Keying::Failed, RtpReceived, RtcpReceived>;

class Transport {
 public:
  // Decrypted media that waits for poll_event, and protected media that waits for poll_transmit. More is dropped, as
  // a full socket buffer drops it.
  static constexpr std::size_t kMaxMedia = 1024;

  struct Counters {
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t discarded = 0;  // of no protocol, not decryptable, or in excess of kMaxMedia
  };

  Transport(ice::AgentConfig config, std::shared_ptr<const crypto::Certificate> certificate, crypto::Random random,
            PacketPool& pool);

  ice::Agent& ice() { return ice_; }
  const ice::Agent& ice() const { return ice_; }
  Keying& keying() { return keying_; }
  const Keying& keying() const { return keying_; }
  const Counters& counters() const { return counters_; }

  // Protects and queues a packet in place. Dropped when there are no keys.
  void send_rtp(Packet packet);
  void send_rtcp(Packet packet);
  // One SCTP packet. Dropped when there is no DTLS connection.
  void send_data(Packet packet, Timestamp now);
  // True when send_rtp() would send.
  bool can_send_media() const { return keying_.srtp() != nullptr && ice_.selected_pair().has_value(); }

  void handle_input(Datagram datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return std::min(ice_.next_timeout(), keying_.next_timeout()); }
  std::optional<Datagram> poll_transmit();
  std::optional<TransportEvent> poll_event();

  void close(Timestamp now);

 private:
  bool handle_media(Packet packet, bool is_rtcp);
  std::optional<Datagram> on_selected_pair(std::optional<Packet> packet);
  Datagram count(Datagram datagram);
  void notice_path(Timestamp now);

  ice::Agent ice_;
  Keying keying_;
  BoundedQueue<Packet> media_out_{kMaxMedia};
  BoundedQueue<TransportEvent> media_in_{kMaxMedia};
  Counters counters_;
};

static_assert(Machine<Transport>);

}  // namespace tidewire::session
