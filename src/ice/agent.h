// The ICE agent: finds a path to the peer, keeps it alive, and says when it is gone.
//
// RFC 8445 (full agent and lite, one data stream, component 1 only: rtcp-mux), RFC 6544 (TCP), RFC 8838 (trickle),
// RFC 8863 (patience), RFC 7675 (consent). A machine: see base/machine.h. Everything that comes from the network is
// checked for integrity before it changes any state; what fails is counted in stats() and dropped.
//
// Typical life:
//   Agent agent({.role = Role::kControlling, .local = generate_credentials(random)}, random.fork(), pool);
//   agent.add_local_socket({.bound = bound}, now); …; agent.end_of_local_sockets(now);
//   agent.set_remote_credentials(…, now); agent.add_remote_candidate(…, now); …
//   STUN from the sockets -> handle_input; poll_transmit -> sockets; poll_event -> owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bounded_queue.h"
#include "base/datagram.h"
#include "base/machine.h"
#include "base/packet.h"
#include "crypto/random.h"
#include "ice/candidate.h"
#include "ice/check_list.h"
#include "ice/consent.h"
#include "ice/gatherer.h"
#include "ice/pacer.h"
#include "ice/remote_candidates.h"
#include "ice/types.h"
#include "stun/message.h"
#include "tidewire/result.h"

namespace tidewire::ice {

class Agent {
 public:
  // Bounds. What exceeds them is dropped and counted (stats().dropped_table_full) or, for the owner's calls, refused.
  static constexpr std::size_t kMaxLocalSockets = 32;
  static constexpr std::size_t kMaxStunServers = Gatherer::kMaxServers;
  static constexpr std::size_t kMaxRemoteCandidates = 64;      // signalled
  static constexpr std::size_t kMaxPeerReflexive = 32;         // learnt from authentic checks
  static constexpr std::size_t kMaxPairs = 100;                // RFC 8445 §6.1.2.5
  static constexpr std::size_t kMaxUnresolvedCandidates = 32;  // that have a name in place of an address
  static constexpr std::size_t kMaxStreams = 32;               // TCP connections, of both directions
  static constexpr std::size_t kMaxTransmits = 128;            // datagrams that wait for poll_transmit
  static constexpr std::size_t kMaxEvents = 256;               // events that wait for poll_event
  // The agent names streams 1, 3, 5, …; the even ids are its owner's.
  static constexpr std::uint32_t kStreamStep = 2;

  // `pool` outlives the agent and is where outgoing packets come from. An empty ufrag or pwd in config.local is
  // replaced by generated credentials.
  Agent(AgentConfig config, crypto::Random random, PacketPool& pool);

  // --- What the owner tells ------------------------------------------------------------------------------------

  // Sockets and relays may come and go at any time: the network changes. A new one is paired with the candidates that
  // the peer has given, and announced.

  // A bound UDP socket: makes a host candidate and, for each STUN server of its family, asks for a server-reflexive
  // one. kInvalidState when closed; kOperation when there are too many or it is known; kType for an address that
  // nobody can send to.
  Result<> add_local_socket(const LocalSocket& socket, Timestamp now);
  Result<> add_local_socket(const SocketAddress& bound, std::uint16_t preference, Timestamp now) {
    return add_local_socket(LocalSocket{.bound = bound, .preference = preference}, now);
  }
  // RFC 6544: a listening TCP socket, whose connections come by stream_accepted(). Errors as above.
  Result<> add_tcp_listener(const LocalSocket& socket, Timestamp now);
  // RFC 6544: connections may be made from this address: the event OpenStream asks for them. Errors as above.
  // The port of `socket` does not count.
  Result<> add_tcp_active(const LocalSocket& socket, Timestamp now);
  // A relayed address that a TURN client holds: datagrams with `relayed` as their local address are the TURN
  // client's to carry. `mapped` is its raddr. Errors as above.
  Result<> add_local_relay(const SocketAddress& relayed, const SocketAddress& mapped, std::uint16_t preference,
                           Timestamp now);
  // The socket, listener or relay of this address is gone, and its pairs with it. When the selected pair was one of
  // them, all others are tried at once. Nothing happens when it is not known.
  void remove_local(const SocketAddress& bound, Timestamp now);
  // A server-reflexive address that something else than the agent has learnt for this socket (a TURN client).
  void add_server_reflexive(const SocketAddress& bound, const SocketAddress& mapped, const SocketAddress& server,
                            Timestamp now);
  // A server whose address was not known when the agent was made (its name had to be looked up). The sockets that are
  // there ask it too. kInvalidState when closed, kOperation when there are too many.
  Result<> add_stun_server(const SocketAddress& server, Timestamp now);
  // No more sockets and servers for now: gathering completes when the STUN servers have answered or were given up.
  // A later socket begins it anew, and is an end by itself.
  void end_of_local_sockets(Timestamp now);

  // Answers to OpenStream, and the end of any stream.
  void stream_opened(StreamId stream, const SocketAddress& local, Timestamp now);
  void stream_closed(StreamId stream, Timestamp now);
  // A connection to a listener. Its id is in the answer; kOperation when there are too many or no such listener. One
  // that has brought no authentic check for some seconds gives way to a new one.
  Result<StreamId> stream_accepted(const SocketAddress& local, const SocketAddress& remote, Timestamp now);

  // From the peer's description. Checks learnt before are continued at once. The same ones again: nothing happens.
  // kInvalidState for different ones without a restart(), kSyntax for ones that RFC 8839 §5.4 does not allow.
  Result<> set_remote_credentials(const Credentials& remote, Timestamp now);
  // RFC 8445 §2.5: the peer said a=ice-lite. We take the controlling role.
  void set_remote_lite(Timestamp now);
  // A trickled candidate, before or after the credentials. Silently skipped are: components other than 1, active TCP,
  // port 0 and 9, addresses that cannot be reached, names that are not .local, an ufrag of another generation.
  // A .local name gives the event ResolveName. kInvalidState when closed, kOperation when there are too many.
  Result<> add_remote_candidate(const Candidate& candidate, Timestamp now);
  // The answer to ResolveName; nothing when the name is unknown, which drops its candidates.
  void remote_name_resolved(std::string_view name, const std::optional<IpAddress>& address, Timestamp now);
  // RFC 8838 §13: no more candidates will be signalled.
  void end_of_remote_candidates(Timestamp now);

  // RFC 8445 §6.1.1; only before checks, otherwise the conflict rules decide. kInvalidState when too late.
  Result<> set_role(Role role, Timestamp now);
  // RFC 8445 §9: a new generation. Remote credentials, candidates and checks are forgotten (give them again);
  // sockets and local candidates stay and are announced again, and the selected pair stays in use until a new one
  // is selected. Empty credentials are generated.
  void restart(Credentials local, Timestamp now);
  // Stops everything; the state becomes kClosed. Idempotent.
  void close(Timestamp now);

  // --- The machine ---------------------------------------------------------------------------------------------

  // A STUN message that came in by this route; local is the socket's bound address.
  void handle_input(const Route& route, ByteView stun_message, Timestamp now);
  void handle_input(const SocketAddress& local, const SocketAddress& remote, ByteView stun_message, Timestamp now) {
    handle_input(Route{local, remote, {}}, stun_message, now);
  }
  // An authentic packet of another protocol came in by this route: its path lives. O(1).
  void note_packet(const Route& route, Timestamp now) {
    if (consent_ && consent_->path().route == route && consent_->note_packet(now)) update_deadline(now);
  }
  void handle_timeout(Timestamp now);
  std::optional<Datagram> poll_transmit() { return transmits_.pop(); }
  std::optional<Event> poll_event() { return events_.pop(); }
  Timestamp next_timeout() const { return next_timeout_; }

  // --- What the owner may ask ----------------------------------------------------------------------------------

  // What to send media and DTLS on: the nominated pair or, before nomination, the best one that has proved to
  // work (RFC 8445 §12.1.1). Nothing before that, and after failure. O(1).
  const std::optional<CandidatePair>& selected_pair() const { return selected_; }
  State state() const { return state_; }
  GatheringState gathering_state() const { return gathering_state_; }
  // Why it failed: the path that was there stopped answering, rather than that none was found.
  bool lost_consent() const { return lost_consent_; }
  Role role() const { return role_; }
  const Credentials& local_credentials() const { return local_; }
  const std::optional<Credentials>& remote_credentials() const { return remote_; }
  // Every candidate found so far, as announced by LocalCandidateFound.
  std::vector<Candidate> local_candidates() const;
  std::vector<Candidate> remote_candidates() const;
  std::vector<PairInfo> pairs() const;
  const AgentStats& stats() const { return stats_; }

 private:
  // Where packets leave from: a socket, a relay, or an address that TCP connections are made from; each with the
  // candidate that it is. The place of one that is gone is used again.
  struct Base {
    SocketAddress address;
    std::uint16_t preference = 0;
    Candidate candidate;
    bool gone = false;
  };
  struct Stream {
    StreamId id;
    std::size_t base = 0;
    bool open = false;
    Timestamp since{};
  };
  struct LocalCandidate {
    SocketAddress base;
    Candidate candidate;
  };
  // What an authentic request said.
  struct IncomingCheck {
    std::size_t base = 0;
    Route route;
    std::string_view remote_ufrag;
    std::uint32_t priority = 0;
    bool use_candidate = false;
  };

  // agent.cc: the owner's calls about the peer, and pairs.
  bool add_resolved(const Candidate& candidate, Timestamp now);
  void pair_with_bases(const RemoteCandidates::Entry& remote);
  bool forget_oldest_remote(bool peer_reflexive);
  void add_pair(std::size_t base, const RemoteCandidates::Entry& remote, StreamId stream = {});
  void change_role(Role role);
  void revive(Timestamp now);

  // agent_network.cc: the owner's calls about sockets, relays and servers.
  Result<> add_base(Base base, const LocalSocket& socket, Timestamp now);
  void announce(const SocketAddress& base, Candidate candidate);
  void add_reflexive(std::size_t base, const SocketAddress& mapped, const std::optional<SocketAddress>& server);
  std::optional<std::size_t> find_base(const SocketAddress& local, Protocol protocol = Protocol::kUdp) const;
  std::optional<std::size_t> base_of(const Route& route) const;

  // agent_streams.cc: ICE-TCP.
  Stream* find_stream(StreamId stream);
  void open_stream(Pair& pair);
  void close_stream(StreamId stream);
  void close_useless_streams();
  bool close_idle_stream(Timestamp now);
  void drop_streams_of(std::size_t base);

  // agent_drive.cc: what time brings: sending, state, deadlines.
  void drive(Timestamp now);
  void drive_gathering(Timestamp now);
  void drive_checks(Timestamp now);
  void drive_consent(Timestamp now);
  void update_state(Timestamp now);
  State wanted_state(Timestamp now) const;
  bool refresh_wanted() const;
  void check_for_failure(Timestamp now);
  void fail(std::string reason);
  void set_state(State state, std::string reason);
  void set_gathering_state(GatheringState state);
  void update_deadline(Timestamp now);
  std::optional<std::uint64_t> check_floor() const;
  void emit(Event event);
  void transmit(const Route& route, Packet packet);
  void send_check(Pair& pair);

  // agent_requests.cc: what comes from the peer as a request.
  void handle_request(const stun::MessageView& request, std::size_t base, const Route& route, Timestamp now);
  const Credentials* authenticate(const stun::MessageView& request, const Route& route, Timestamp now);
  void answer_error(const stun::MessageView& request, const Route& route, stun::ErrorNumber code,
                    std::optional<std::string_view> pwd, Timestamp now,
                    std::span<const stun::AttributeType> unknown = {});
  bool settle_role_conflict(const stun::MessageView& request);
  void learn_from_check(const IncomingCheck& check, Timestamp now);
  void learn_nomination(Pair& pair, Timestamp now);
  void note_verified(Pair& pair);

  // agent_responses.cc: answers to our requests.
  void handle_response(const stun::MessageView& response, const Route& route, Timestamp now);
  void handle_consent_response(const stun::MessageView& response, const Route& route, Timestamp now);
  void handle_check_response(const stun::MessageView& response, Pair& pair, const Route& route, Timestamp now);
  void handle_check_success(Pair& pair, bool use_candidate, const SocketAddress& mapped, Timestamp now);
  void handle_check_error(Pair& pair, Role stated_role, std::uint16_t code);
  void yield_role(Role stated_role);

  // agent_selection.cc: nomination, the selected pair and its loss.
  void nominate(Timestamp now);
  void accept_nomination(Pair& pair, Timestamp now);
  void select(const Pair& pair, Timestamp now);
  void retry_better(Timestamp now);
  CandidatePair describe(const Pair& pair) const;
  bool is_selected(const Pair& pair) const;
  bool is_healthy(Timestamp now) const;
  void lose_selected_pair(Timestamp now);
  void lose_path(Timestamp now);
  void recover(Timestamp now);
  void stop_recovering();
  void measure(Duration round_trip_time);

  Timing timing_;
  crypto::Random random_;
  PacketPool& pool_;
  Role role_;
  std::uint64_t tie_breaker_;
  bool lite_;
  bool remote_is_lite_ = false;

  Credentials local_;
  std::optional<Credentials> previous_local_;  // of the generation before: its checks are still answered
  std::optional<Credentials> remote_;
  std::string username_;  // of our checks; empty before the remote credentials

  std::vector<Base> bases_;
  std::vector<LocalCandidate> locals_;
  std::vector<Stream> streams_;
  std::uint32_t next_stream_ = 1;
  bool local_sockets_ended_ = false;
  RemoteCandidates remotes_;
  bool remote_candidates_ended_ = false;

  Gatherer gatherer_;
  Pacer pacer_;
  CheckList checks_;
  std::optional<Consent> consent_;  // of the selected pair
  std::optional<CandidatePair> selected_;
  bool selected_is_of_old_generation_ = false;
  std::optional<Timestamp> recover_again_at_;  // set while the path is broken and others are tried
  Timestamp retry_better_at_ = kNever;         // set while a better pair than the one in use is broken
  bool was_connected_ = false;                 // in this generation
  std::optional<Duration> round_trip_time_;    // the newest of any selected pair
  std::optional<Timestamp> checking_since_;    // RFC 8863 §3
  bool failed_ = false;
  bool lost_consent_ = false;
  bool completed_ = false;
  bool started_ = false;  // remote credentials have been known once
  std::string failure_;

  State state_ = State::kNew;
  GatheringState gathering_state_ = GatheringState::kNew;
  Timestamp next_timeout_ = kNever;
  Pacer error_pacer_;
  BoundedQueue<Datagram> transmits_{kMaxTransmits};
  BoundedQueue<Event> events_{kMaxEvents};
  AgentStats stats_;
};

static_assert(Machine<Agent>);

}  // namespace tidewire::ice
