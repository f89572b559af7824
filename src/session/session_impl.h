// What a Session is made of. Its methods are spread by subject: session.cc (commands), session_data.cc (the commands
// for channels), negotiation.cc (descriptions to transport, media and channels), routing.cc (what comes out of each
// part and where it goes), closing.cc (states, failure, the end), send_parameters.cc,
// session_stats.cc.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/ring.h"
#include "crypto/certificate.h"
#include "crypto/random.h"
#include "sdp/negotiator.h"
#include "session/data_transport.h"
#include "session/media_transport.h"
#include "session/transport.h"
#include "tidewire/session.h"

namespace tidewire {

struct Session::Impl {
  // Events that wait for poll_event(), and the bytes of messages in them. When it is full, what is in the parts stays
  // there, and their bounds hold.
  static constexpr std::size_t kMaxEvents = 256;
  static constexpr std::size_t kMaxEventBytes = 4 * 1024 * 1024;

  explicit Impl(SessionConfig config);

  // negotiation.cc
  Result<> apply(Result<sdp::Applied> applied, Timestamp now);
  void apply_transport(const sdp::NegotiatedTransport& remote, Timestamp now);
  void apply_media(Timestamp now);
  void start_data_if_ready(Timestamp now);
  void announce_sctp_state();
  void announce_tracks(const sdp::Applied& applied);
  void announce_sending();
  bool data_waits() const { return data.transfers(); }
  void announce_negotiation_needed();
  void announce_local_candidate(std::string candidate);
  void release_local_candidates();
  Result<> add_remote_candidate(const IceCandidateInit& candidate, Timestamp now);

  // routing.cc
  void pump(Timestamp now);
  bool pump_packets(Timestamp now);
  bool pump_transport(Timestamp now);
  bool pump_data();
  bool pump_media();
  void route(session::TransportEvent event, Timestamp now);
  void handle_ice_state(const ice::StateChanged& change);
  void handle_keyed(session::Keying::Connected connected, Timestamp now);
  void tell(datachannel::Event event);
  void tell(media::Event event);
  void emit(SessionEvent event) { events.push_back(std::move(event)); }
  bool has_room() const { return events.size() < kMaxEvents && event_bytes < kMaxEventBytes; }
  void fill_transport(Timestamp now);
  void fill_data(Timestamp now);
  Timestamp next_data_timeout() const;

  // closing.cc
  void update_connection_state();
  void fail(const session::Keying::Failed& failed, Timestamp now);
  void peer_closed(Timestamp now);
  void close(Timestamp now);
  PeerConnectionState computed_state() const;

  // session_data.cc
  std::optional<SctpTransport> sctp_transport() const;

  // send_parameters.cc
  RtpSendParameters send_parameters(TransceiverId transceiver) const;
  const std::vector<sdp::NegotiatedCodec>& negotiated_codecs(TransceiverId transceiver) const;

  // session_stats.cc
  StatsReport report(Timestamp now) const;
  TransportStats transport_report() const;
  std::optional<IceCandidatePairStats> pair_report() const;
  RtpStats rtp_report(Timestamp now) const;

  SessionConfig config;
  crypto::Random random;
  PacketPool pool;
  std::shared_ptr<const crypto::Certificate> certificate;
  sdp::Negotiator negotiator;
  session::Transport transport;
  session::MediaTransport media;
  session::DataTransport data;

  Ring<SessionEvent> events;
  std::size_t event_bytes = 0;
  Timestamp now{};
  PeerConnectionState state = PeerConnectionState::kNew;
  std::optional<Failure> failure;
  bool closed = false;
  bool negotiation_needed = false;
  std::optional<SctpTransportState> sctp_state;

  Timestamp next_data{};  // when a transfer may go on, beside media

  std::uint32_t selected_pair_changes = 0;
  std::string dtls_version;
  std::string dtls_cipher;
  std::string srtp_profile;

  // Candidates of ours that were found before the first local description.
  std::vector<std::string> waiting_candidates;
  bool end_of_candidates_waiting = false;
  // Remote candidates of the present generation that the agent has been given.
  std::set<std::string> known_remote_candidates;
  std::uint32_t remote_ice_generation = 0;
  // Our offer restarted ICE: the peer's credentials of before are not to be used again.
  bool awaiting_remote_restart = false;
  std::map<TransceiverId, std::vector<SendEncoding>> announced_sending;
  std::map<TransceiverId, std::uint64_t> parameter_changes;
};

}  // namespace tidewire
