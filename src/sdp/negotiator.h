// Offer and answer: JSEP (RFC 9429) as the W3C's RTCPeerConnection shows it, without I/O.
//
// Unified Plan, max-bundle (one transport for all), rtcp-mux always, DTLS always. The negotiator decides what to
// offer and answer and what was agreed; it moves no packet. The owner hands in capabilities and fingerprints,
// passes descriptions between it and the signaling channel, and after each set_… configures its transport and
// streams from negotiated().
//
// A call that returns an error has changed nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/random.h"
#include "sdp/capabilities.h"
#include "sdp/negotiated_session.h"
#include "tidewire/result.h"
#include "tidewire/session_description.h"

namespace tidewire::sdp {

struct NegotiatorConfig {
  Capabilities capabilities;
  // Of our certificate. At least one.
  std::vector<Fingerprint> fingerprints;
  // The first credentials; generated when not given.
  std::optional<IceCredentials> ice;
  // RFC 8839 §5.3: we answer checks and make none.
  bool ice_lite = false;
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size = 262144;
};

struct TransceiverInit {
  RtpTransceiverDirection direction = RtpTransceiverDirection::kSendrecv;
  std::vector<std::string> stream_ids;
  std::string track_id;  // of what is sent; generated when empty
  // Simulcast: one name for each encoding, in falling order of preference. None: a single encoding without a name.
  std::vector<std::string> rids{};
};

struct OfferOptions {
  bool ice_restart = false;
};

// A view of one transceiver as of now.
struct TransceiverState {
  TransceiverId id;
  MediaKind kind = MediaKind::kAudio;
  std::optional<std::string> mid;
  RtpTransceiverDirection direction = RtpTransceiverDirection::kSendrecv;  // kStopped once stopping
  std::optional<RtpTransceiverDirection> current_direction;
  bool stopped = false;
  std::string track_id;  // of the sender
  std::vector<std::string> stream_ids;
  std::vector<LocalEncoding> encodings;
  std::string remote_track_id;
  std::vector<std::string> remote_stream_ids;
};

// Where a remote candidate belongs.
struct RemoteCandidate {
  std::string candidate;  // empty: end of candidates
  std::string mid;
  std::size_t mline_index = 0;
  // False: nothing to do with it. It is of component 2 (RTCP), or of a section that shares the transport of another.
  bool usable = true;
};

class Negotiator {
 public:
  Negotiator(NegotiatorConfig config, crypto::Random random);
  ~Negotiator();
  Negotiator(Negotiator&&) noexcept;
  Negotiator& operator=(Negotiator&&) noexcept;

  // -- What shall be sent and received. Takes effect with the next offer or answer.

  // Errors: kInvalidState when closed, kType for direction kStopped, or for a rid that is none or stands twice.
  Result<TransceiverId> add_transceiver(MediaKind kind, TransceiverInit init);
  // W3C addTrack: reuses a transceiver of that kind that never sent, else adds one.
  Result<TransceiverId> add_track(MediaKind kind, TransceiverInit init);
  // W3C removeTrack: the transceiver stops sending; it stays.
  Result<> remove_track(TransceiverId id);
  // Errors: kNotFound; kInvalidState when stopping or closed; kType for kStopped.
  Result<> set_direction(TransceiverId id, RtpTransceiverDirection direction);
  Result<> set_streams(TransceiverId id, std::vector<std::string> stream_ids);
  // In order of preference; empty: all. Errors: kInvalidModification when one is not in the capabilities; its
  // parameters may be others than there, as wishes about what is received.
  const Capabilities& capabilities() const;
  Result<> set_codec_preferences(TransceiverId id, std::vector<CodecCapability> codecs);
  // W3C transceiver.stop(): the next negotiation rejects its section. Stopping twice is no error.
  Result<> stop(TransceiverId id);
  // Offers an m=application section. Again: no effect.
  Result<> add_data_section();
  // The next offer has new ICE credentials (W3C restartIce).
  Result<> restart_ice();
  // Credentials for the next ICE restart of either side, in place of generated ones.
  void set_next_ice_credentials(IceCredentials credentials);

  // -- Descriptions.

  Result<SessionDescription> create_offer(OfferOptions options = {});
  // Errors: kInvalidState unless a remote offer is pending.
  Result<SessionDescription> create_answer();
  // `sdp` is what create_… returned last, or empty for "create and apply" (kInvalidModification otherwise; W3C).
  Result<Applied> set_local_description(SdpType type, std::string_view sdp = {});
  // W3C setLocalDescription(): the type follows from the state.
  Result<Applied> set_local_description();
  // A remote offer that meets our own rolls ours back first (W3C: the polite side of perfect negotiation).
  // Errors: kInvalidState by the state table; kSyntax and kInvalidAccess for the text ("line N: …" or "mid M: …");
  // kNotSupported for a peer without BUNDLE or rtcp-mux.
  Result<Applied> set_remote_description(SdpType type, std::string_view sdp = {});

  // Errors: kInvalidState without a remote description; kType without mid and index; kOperation for a candidate
  // that does not parse, an unknown section or ufrag (W3C).
  Result<RemoteCandidate> add_remote_candidate(const IceCandidateInit& candidate);
  // A candidate of ours ("candidate:…"; empty: no more follow): shows in the local descriptions from now on.
  // Returns what to send to the other side. Errors: kInvalidState without a local description.
  Result<IceCandidateInit> add_local_candidate(std::string_view candidate);

  // Everything stops; every later call is an error.
  void close();

  // -- What is.

  SignalingState signaling_state() const;
  // W3C "check if negotiation is needed"; false unless stable. A pure function of the state: the owner fires its
  // event on the change from false to true.
  bool negotiation_needed() const;
  const NegotiatedSession& negotiated() const;
  std::vector<TransceiverState> transceivers() const;
  std::optional<TransceiverState> transceiver(TransceiverId id) const;
  // What our next description will carry; the ICE agent starts with it.
  const IceCredentials& local_ice() const;

  // With the candidates so far. Pending, else current.
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;
  std::optional<SessionDescription> current_local_description() const;
  std::optional<SessionDescription> current_remote_description() const;
  std::optional<SessionDescription> pending_local_description() const;
  std::optional<SessionDescription> pending_remote_description() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::sdp
