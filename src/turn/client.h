// A TURN client: one allocation on a server, over UDP or a stream, with the permissions and channels of its peers
// (RFC 8656). An allocation has a relayed address of IPv4, IPv6 or both; what a peer may be sent depends on it. It
// stands between an ICE agent and a socket: what goes to a peer is wrapped, what comes is unwrapped.
//
//   client.start(now);                                    Allocate, 401, Allocate again …
//   … event::Allocated: its relayed addresses are candidates
//   client.allow(peer, now);                              for each remote candidate
//   if (auto out = client.wrap(packet, peer, now)) send(*out);   after what poll_transmit() has
//   if (client.wants(datagram)) {
//     if (auto data = client.handle_input(std::move(datagram), now)) …   local = relayed, of the peer's family
//   }
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/bounded_queue.h"
#include "base/datagram.h"
#include "base/machine.h"
#include "crypto/random.h"
#include "stun/builder.h"
#include "stun/message.h"
#include "turn/client_credentials.h"
#include "turn/client_types.h"
#include "turn/peer_table.h"
#include "turn/request.h"

namespace tidewire::turn {

class Client {
 public:
  static constexpr std::size_t kMaxPeers = PeerTable::kMaxPeers;
  // Requests that wait to be sent. More are counted as lost on the way.
  static constexpr std::size_t kMaxTransmitQueue = 128;
  // The least important event, a refused permission, is dropped beyond this.
  static constexpr std::size_t kMaxEventQueue = 128;
  // ChannelBind requests in flight; the others wait for their answers.
  static constexpr std::size_t kMaxOpenBinds = 16;
  // Peers in one CreatePermission request.
  static constexpr std::size_t kMaxPermissionsPerRequest = 16;
  // Challenges (401, 438) that one request answers before it gives up.
  static constexpr int kMaxChallenges = 4;

  // `pool` outlives the client.
  Client(ClientConfig config, crypto::Random random, PacketPool& pool);

  // Asks for the allocation. Once.
  void start(Timestamp now);
  // A peer's address has become known: permission and channel are made at once, or as soon as the allocation stands
  // (RFC 8656 §9, §12). At most kMaxPeers; the least recently used one makes room.
  void allow(const SocketAddress& peer, Timestamp now);
  // What is to be sent to a peer: ChannelData once the channel is bound, else a Send indication; in place when the
  // packet has the room. Calls allow() for a new peer. Nothing, and the packet is gone, while there is no allocation
  // or when the peer may not be reached.
  std::optional<Datagram> wrap(Packet packet, const SocketAddress& peer, Timestamp now);

  // Cheap: whether bytes from the server can be meant for a TURN client. Binding messages are not.
  static bool looks_like_turn(ByteView datagram);
  // Whether a datagram is for this client's handle_input.
  bool wants(const Datagram& datagram) const;
  // A datagram from the server. What a peer sent comes back in the same buffer, from the peer to the relayed address
  // of its family; everything else is consumed.
  std::optional<Datagram> handle_input(Datagram datagram, Timestamp now);
  // Asks now whether the allocation still stands, rather than when its next refresh is due: something hints that the
  // server has lost us. Failed, with the cause kLost, follows when it has.
  void refresh(Timestamp now);
  // The stream could not be made, or has ended.
  void handle_stream_closed(Timestamp now);

  // Gives the allocation back (RFC 8656 §8: a Refresh with a lifetime of 0). kClosed when the server has answered, or
  // will not; a client may also be dropped before.
  void close(Timestamp now);

  ClientState state() const { return state_; }
  const ClientConfig& config() const { return config_; }
  // While allocated; as in event::Allocated.
  const std::optional<SocketAddress>& relayed_address() const { return relayed_; }
  const std::optional<SocketAddress>& relayed_v6_address() const { return relayed_v6_; }
  const std::optional<SocketAddress>& mapped_address() const { return mapped_; }
  // For the next client of this server, once it has challenged.
  const std::optional<KnownRealm>& known_realm() const { return credentials_.known_realm(); }
  const ClientStats& stats() const { return stats_; }

  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return deadline_; }
  std::optional<Datagram> poll_transmit() { return transmits_.pop(); }
  std::optional<Event> poll_event() { return events_.pop(); }

 private:
  // A refused request in words.
  struct Refusal {
    std::uint16_t code = 0;
    std::string reason;
    std::optional<SocketAddress> alternate_server;
    std::string alternate_domain;
  };
  // A request in flight, and the peer when it is a ChannelBind.
  struct Match {
    Request* request = nullptr;
    Peer* peer = nullptr;
  };

  // client.cc
  bool reliable() const { return config_.stream != StreamId{}; }
  bool active() const;
  std::optional<Datagram> to_server(Packet packet) const;
  void send_bytes(ByteView message);
  bool is_from_server(const Datagram& datagram) const;
  std::optional<Datagram> receive_channel_data(Datagram datagram, Timestamp now);
  std::optional<Datagram> receive_indication(Datagram datagram, const stun::MessageView& message, Timestamp now);
  const SocketAddress* relayed_for(const IpAddress& peer) const;
  bool may_reach(const IpAddress& peer) const;
  std::optional<Datagram> deliver(Datagram datagram, const SocketAddress& peer, ByteView data);
  void fail(Cause cause, Refusal refusal);
  void update_deadline();

  // client_requests.cc
  stun::TransactionId random_id();
  template <typename AddAttributes>
  void send_request(Request& request, stun::Method method, Timestamp now, AddAttributes add_attributes);
  void run_request(const Match& match, Timestamp now);
  Match find_request(const stun::TransactionId& id);
  void handle_response(const stun::MessageView& response, Timestamp now);
  bool believable(const Request& request, const stun::MessageView& response) const;
  bool answer_challenge(const Match& match, const stun::MessageView& challenge, Timestamp now);
  void repeat(const Match& match, Timestamp now);
  void succeeded(const Match& match, const stun::MessageView& response, Timestamp now);
  void refused(const Match& match, const Refusal& refusal, Timestamp now);

  // client_allocation.cc
  void send_allocate(Timestamp now);
  void send_refresh(Timestamp now);
  bool asks_for_both() const { return config_.family == RelayedFamily::kBoth && !both_refused_; }
  bool ask_for_one(const Refusal& refusal, Timestamp now);
  void allocated(const stun::MessageView& response, Timestamp now);
  void refreshed(const stun::MessageView& response, Timestamp now);
  void refresh_refused(const Refusal& refusal, Timestamp now);
  void set_lifetime(Duration lifetime, Timestamp now);
  void finish_closing();
  void forget_allocation();

  // client_permissions.cc
  void ask_for_peers(Timestamp now);
  void send_bind(Peer& peer, Timestamp now);
  void send_create_permission(Timestamp now);
  bool choose_permissions(Timestamp now);
  bool awaits_bind(const Permission& permission) const;
  std::size_t open_binds() const;
  void bound(Peer& peer, Timestamp now);
  void bind_refused(Peer& peer, const Refusal& refusal, Timestamp now);
  void permissions_created(Timestamp now);
  void permissions_refused(const Refusal& refusal);
  void refuse(Permission& permission, const Refusal& refusal);
  Timestamp peers_deadline() const;

  ClientConfig config_;
  crypto::Random random_;
  PacketPool& pool_;
  ClientCredentials credentials_;
  ClientState state_ = ClientState::kNew;
  std::optional<SocketAddress> relayed_;
  std::optional<SocketAddress> relayed_v6_;  // beside one of IPv4
  bool both_refused_ = false;                // then IPv4 is asked for
  std::optional<SocketAddress> mapped_;
  Request allocation_request_;  // Allocate, then Refresh
  Request permission_request_;  // CreatePermission
  Timestamp refresh_at_ = kNever;
  Timestamp expires_at_ = kNever;
  Timestamp last_heard_ = kLongAgo;  // of the server, authentically
  PeerTable peers_;
  Timestamp deadline_ = kNever;
  BoundedQueue<Datagram> transmits_{kMaxTransmitQueue};
  BoundedQueue<Event> events_{kMaxEventQueue};
  ClientStats stats_;
};

static_assert(Machine<Client>);

}  // namespace tidewire::turn
