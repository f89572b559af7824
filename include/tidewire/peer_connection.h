// A peer-to-peer call. https://www.w3.org/TR/webrtc/#rtcpeerconnection-interface
//
// The names and their meaning are the W3C's, in the project's case. What is asynchronous in a browser only because
// of its process model (offers, answers, descriptions) answers at once here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/configuration.h"
#include "tidewire/connection_state.h"
#include "tidewire/data_channel.h"
#include "tidewire/event_loop.h"
#include "tidewire/failure.h"
#include "tidewire/rtp_transceiver.h"
#include "tidewire/session.h"
#include "tidewire/stats.h"
#include "tidewire/udp_port.h"

namespace tidewire {

// Used on the loop that it is made with; callbacks run there, never inside a method of this class. Any object may
// be destroyed in any callback. After close() or destruction no callback runs any more.
class PeerConnection {
 public:
  explicit PeerConnection(EventLoop& loop, Configuration configuration = {});
  ~PeerConnection();
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // Negotiation. Errors change nothing.
  Result<SessionDescription> create_offer(const OfferOptions& options = {});
  Result<SessionDescription> create_answer();
  // Without an argument: an offer or an answer, whichever is due (perfect negotiation).
  Result<> set_local_description();
  Result<> set_local_description(const SessionDescription& description);
  // Implicitly rolls back an own offer when both sides have offered.
  Result<> set_remote_description(const SessionDescription& description);
  // An empty candidate string is the end of candidates.
  Result<> add_ice_candidate(const IceCandidateInit& candidate);
  // The newest of each side, with the candidates known so far.
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;
  // The next offer starts ICE anew.
  void restart_ice();

  SignalingState signaling_state() const;
  IceGatheringState ice_gathering_state() const;
  IceConnectionState ice_connection_state() const;
  PeerConnectionState connection_state() const;
  // While connection_state() is failed: the cause, the evidence, and one sentence that says what to do.
  const std::optional<Failure>& failure() const;

  // Media.
  Result<std::shared_ptr<RtpSender>> add_track(std::shared_ptr<MediaStreamTrack> track,
                                               std::vector<std::string> stream_ids = {});
  Result<> remove_track(const std::shared_ptr<RtpSender>& sender);
  Result<std::shared_ptr<RtpTransceiver>> add_transceiver(MediaKind kind, TransceiverInit init = {});
  std::vector<std::shared_ptr<RtpTransceiver>> transceivers() const;

  // Data.
  Result<std::shared_ptr<DataChannel>> create_data_channel(std::string label, DataChannelInit init = {});
  // What carries them; nothing until both descriptions have it.
  std::optional<SctpTransport> sctp() const;

  // What is known now.
  StatsReport get_stats() const;

  // Ends the call; the other side is told.
  void close();

  UniqueFunction<void()> on_negotiation_needed;
  UniqueFunction<void(const IceCandidateInit&)> on_ice_candidate;
  // A STUN or TURN server could not be used. The others go on.
  UniqueFunction<void(const IceCandidateError&)> on_ice_candidate_error;
  UniqueFunction<void()> on_signaling_state_change;
  UniqueFunction<void()> on_ice_gathering_state_change;
  UniqueFunction<void()> on_ice_connection_state_change;
  UniqueFunction<void()> on_connection_state_change;
  UniqueFunction<void(const TrackEvent&)> on_track;
  // The path lets what is sent pause, or go on, or have another size.
  UniqueFunction<void(const QualityLimitationEvent&)> on_quality_limitation_change;
  UniqueFunction<void(std::shared_ptr<DataChannel>)> on_data_channel;
  UniqueFunction<void()> on_sctp_state_change;  // W3C: sctp.onstatechange

 private:
  std::shared_ptr<PeerConnectionImpl> impl_;
};

}  // namespace tidewire
