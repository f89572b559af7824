// A whole WebRTC connection without I/O: ICE, DTLS, SRTP, SCTP, data channels, RTP and negotiation in one machine.
//
// For embedders with an event loop, sockets or codecs of their own, and for tests in virtual time. PeerConnection is
// this plus sockets, threads and codecs. Datagrams and time go in; datagrams and events come out:
//
//   session.add_local_socket(bound_address, now); session.end_of_local_sockets(now);
//   on each datagram:  session.handle_input(std::move(datagram), now);
//   at its deadline:   session.handle_timeout(now);         // the deadline is session.next_timeout()
//   after any call:    while (auto d = session.poll_transmit(now)) send(*d);
//                      while (auto e = session.poll_event()) …;
//
// Not thread-safe. Calls never block and never call back. Inputs may be stacked before outputs are drained; the
// queues inside are bounded, and what does not fit is dropped as a network would.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tidewire/bytes.h"
#include "tidewire/congestion_control.h"
#include "tidewire/connection_state.h"
#include "tidewire/data_channel_init.h"
#include "tidewire/datagram.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/encoder_load.h"
#include "tidewire/failure.h"
#include "tidewire/ids.h"
#include "tidewire/local_socket.h"
#include "tidewire/quality_limitation.h"
#include "tidewire/result.h"
#include "tidewire/rtc_error.h"
#include "tidewire/rtp_capabilities.h"
#include "tidewire/rtp_parameters.h"
#include "tidewire/rtp_types.h"
#include "tidewire/sctp_transport.h"
#include "tidewire/send_encoding.h"
#include "tidewire/session_description.h"
#include "tidewire/stats.h"
#include "tidewire/stream.h"
#include "tidewire/turn_server.h"
#include "tidewire/video_ladder.h"

namespace tidewire {

struct SessionConfig {
  // From the operating system, and secret; the same seed twice repeats the session's every choice.
  std::array<std::uint8_t, 32> random_seed{};
  // For certificates and RTCP sender reports.
  WallClockAnchor wall_clock;
  // Asked for server-reflexive candidates.
  std::vector<SocketAddress> stun_servers;
  IceTransportPolicy ice_transport_policy = IceTransportPolicy::kAll;
  // For a server with a public address: it answers checks and makes none (RFC 8445 §2.5).
  bool ice_lite = false;
  // The most that frames of one source are to come to, bits per second, unless its encodings have a max_bitrate.
  std::uint64_t video_bitrate = 1'000'000;
  std::uint64_t audio_bitrate = 32'000;
  // What shares out what the path carries. It needs transport-wide feedback or RFC 8888 from the peer; without, and
  // with kNone, the rates above are sent.
  CongestionControl congestion_control = CongestionControl::kNone;
  // Believed of a new path, in bits per second; and the most that is ever sent.
  std::uint64_t start_bitrate = 1'000'000;
  std::uint64_t max_bitrate = 100'000'000;
  // See Configuration. In place of a ladder that check_video_ladder() refuses there is the default.
  std::vector<VideoLadderStep> video_ladder = default_video_ladder();
  bool codec_switching = false;
  // See Configuration.
  std::size_t max_message_size = 256 * 1024;
  std::size_t send_buffer_limit = 16 * 1024 * 1024;
};

struct OfferOptions {
  bool ice_restart = false;
};

// RTCRtpTransceiverInit.
struct TransceiverInit {
  RtpTransceiverDirection direction = RtpTransceiverDirection::kSendrecv;
  std::vector<std::string> stream_ids;
  // Names the track that is sent; generated when empty.
  std::string track_id;
  // At most 8; several have a rid each and are offered as simulcast. None: one encoding.
  std::vector<RtpEncodingParameters> send_encodings{};
};

struct TransceiverInfo {
  TransceiverId id;
  MediaKind kind = MediaKind::kAudio;
  std::optional<std::string> mid;
  RtpTransceiverDirection direction = RtpTransceiverDirection::kSendrecv;
  std::optional<RtpTransceiverDirection> current_direction;
  bool stopped = false;
};

struct ChannelInfo {
  std::string label;
  DataChannelInit init;  // id is set once it is known
  std::size_t buffered_amount = 0;
};

namespace event {
struct NegotiationNeeded {};
struct SignalingStateChanged {
  SignalingState state{};
};
// To be sent to the peer. An empty candidate is the end of candidates.
struct IceCandidateFound {
  IceCandidateInit candidate;
};
struct IceGatheringStateChanged {
  IceGatheringState state{};
};
struct IceConnectionStateChanged {
  IceConnectionState state{};
};
struct ConnectionStateChanged {
  PeerConnectionState state{};
  std::string reason;  // one sentence, when the state is failed
};
// Look this multicast DNS name up and answer with name_resolved().
struct ResolveName {
  std::string name;
};
// Make this TCP or TLS connection, and answer with stream_opened() or stream_closed().
struct OpenStream {
  StreamRequest request;
};
// This connection is of no use any more; nothing is to be answered.
struct CloseStream {
  StreamId stream;
};
// What comes from there is the peer's: it has authenticated itself. For shells in which several sessions share a port,
// or that turn strangers away.
struct PathVerified {
  SocketAddress local;
  SocketAddress remote;
  StreamId stream;
};
// A server could not be used (W3C: icecandidateerror). The others go on.
struct IceCandidateErrorFound {
  IceCandidateError error;
};
// The peer sends something on this transceiver from now on (W3C: track).
struct TrackAdded {
  TransceiverId transceiver;
  MediaKind kind{};
  std::string track_id;
  std::vector<std::string> stream_ids;
};
struct TrackRemoved {
  TransceiverId transceiver;
};
// Frames of these encodings can be sent from now on, beginning with a key frame; or no more (none). It may change with
// any answer, and with set_send_parameters(): another codec or size of NAL units takes another encoder.
struct SendingChanged {
  TransceiverId transceiver;
  std::vector<SendEncoding> encodings;
};
// The path or the machine lets pictures pause, or go on, or have another size.
struct QualityLimitationChanged {
  TransceiverId transceiver;
  QualityLimitationReason reason{};
  bool paused = false;
  std::string text;  // a sentence: "video paused: the network gives 190 kbit/s"
};
// The peer wants a key frame.
struct KeyFrameNeeded {
  TransceiverId transceiver;
  std::size_t encoding = 0;  // index in SendingChanged::encodings
};
// The peer reported on an encoding: the share of its packets, 0 to 1, that were lost since the report before. For
// encoders whose frames can make up for lost ones. About once a second.
struct LossReported {
  TransceiverId transceiver;
  std::size_t encoding = 0;  // index in SendingChanged::encodings
  double fraction_lost = 0;
};
// A whole picture, in decoding order among those with the same rid.
struct VideoFrameReceived {
  TransceiverId transceiver;
  EncodedFrame frame;
  std::string rid{};  // which of several encodings it is of (simulcast); empty when there is one only
};
// The sound of the next slot of playout; no frame means that it is missing and `duration` has to be concealed, with the
// help of `next`, which follows it, when that is there. `play_for` is how long the slot takes: other than `duration`,
// its sound is to be hurried or stretched, so that the delay follows the network and the sender's clock.
struct AudioFrameReceived {
  TransceiverId transceiver;
  std::optional<EncodedFrame> frame;
  Duration duration{};
  Duration play_for{};
  std::optional<EncodedFrame> next;
};
// The peer opened a channel. It is open.
struct DataChannelAdded {
  ChannelId channel;
};
struct DataChannelOpened {
  ChannelId channel;
};
struct DataChannelClosing {
  ChannelId channel;
};
// With an error: W3C error, then close.
struct DataChannelClosed {
  ChannelId channel;
  std::optional<RtcError> error;
  std::size_t buffered_amount = 0;  // what was never sent
};
struct MessageReceived {
  ChannelId channel;
  Bytes payload;
  bool is_text = false;
};
struct BufferedAmountLow {
  ChannelId channel;
};
struct SctpTransportStateChanged {
  SctpTransportState state{};
};
}  // namespace event

using SessionEvent =
    std::variant<event::NegotiationNeeded, event::SignalingStateChanged, event::IceCandidateFound,
                 event::IceGatheringStateChanged, event::IceConnectionStateChanged, event::ConnectionStateChanged,
                 event::ResolveName, event::OpenStream, event::CloseStream, event::PathVerified,
                 event::IceCandidateErrorFound, event::TrackAdded, event::TrackRemoved, event::SendingChanged,
                 event::QualityLimitationChanged, event::KeyFrameNeeded, event::LossReported, event::VideoFrameReceived,
                 event::AudioFrameReceived, event::DataChannelAdded, event::DataChannelOpened,
                 event::DataChannelClosing, event::DataChannelClosed, event::MessageReceived, event::BufferedAmountLow,
                 event::SctpTransportStateChanged>;

class Session {
 public:
  explicit Session(SessionConfig config);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // --- Negotiation. See PeerConnection; errors change nothing.
  Result<SessionDescription> create_offer(const OfferOptions& options = {});
  Result<SessionDescription> create_answer();
  Result<> set_local_description(Timestamp now);
  Result<> set_local_description(const SessionDescription& description, Timestamp now);
  Result<> set_remote_description(const SessionDescription& description, Timestamp now);
  Result<> add_ice_candidate(const IceCandidateInit& candidate, Timestamp now);
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;
  Result<> restart_ice();
  // W3C [[NegotiationNeeded]]: as of now. An event that waited may have been overtaken by a description.
  bool negotiation_needed() const;
  SignalingState signaling_state() const;
  PeerConnectionState connection_state() const;
  // While the connection is failed: why.
  const std::optional<Failure>& failure() const;
  IceConnectionState ice_connection_state() const;
  // Of the present ICE generation: what the peer's checks bear in USERNAME before the colon.
  std::string local_ice_ufrag() const;
  IceGatheringState ice_gathering_state() const;

  // --- Media.
  Result<TransceiverId> add_transceiver(MediaKind kind, TransceiverInit init = {});
  // Reuses a transceiver that never sent, else adds one.
  Result<TransceiverId> add_track(MediaKind kind, TransceiverInit init = {});
  Result<> remove_track(TransceiverId transceiver);
  Result<> set_direction(TransceiverId transceiver, RtpTransceiverDirection direction);
  // In this order, and no others, from the next offer or answer on; none: all, as rtp_capabilities() has them.
  // InvalidModification, naming it, for a codec that is not among the capabilities of the transceiver's kind. The
  // parameters of Opus may be others than there: what this side wishes to be sent (RFC 7587 §6.1), such as
  // "useinbandfec=1;stereo=1;usedtx=1;maxaveragebitrate=64000".
  Result<> set_codec_preferences(TransceiverId transceiver, const std::vector<RtpCodec>& codecs);
  Result<> stop(TransceiverId transceiver);
  std::optional<TransceiverInfo> transceiver(TransceiverId transceiver) const;
  std::vector<TransceiverInfo> transceivers() const;
  // W3C getParameters: what is wished for and what was negotiated.
  RtpSendParameters send_parameters(TransceiverId transceiver) const;
  // W3C setParameters: what it changes takes effect at once, without an offer; SendingChanged follows. InvalidState
  // when the parameters are not those of the last send_parameters(); InvalidModification for another number or other
  // rids of encodings, or a codec that was not negotiated; Operation for a scalability mode that the codec does not
  // have; Range and Type for values that make no sense.
  Result<> set_send_parameters(TransceiverId transceiver, const RtpSendParameters& parameters, Timestamp now);
  // What its pictures show: details, such as text, whose size is kept while the path carries less, or motion, whose
  // frame rate is. It holds as long as the parameters say nothing about it.
  void set_content(TransceiverId transceiver, bool detailed, Timestamp now);
  // W3C jitterBufferTarget: what is received is held for this long at least, 0 to 4000 ms; nothing: as short as the
  // network lets it. Type for another value; it is kept for streams to come.
  Result<> set_jitter_buffer_target(TransceiverId transceiver, std::optional<Duration> target);
  // InvalidState until SendingChanged has announced the frame's codec for that encoding; Operation when the queue is
  // full: that frame is dropped.
  Result<> send_frame(TransceiverId transceiver, const EncodedFrame& frame, Timestamp now, std::size_t encoding = 0);
  // How its encoder keeps up, about once a second: with more than the machine can encode, pictures get smaller or fewer
  // (by degradation_preference), and larger again when there is room. Nothing happens with several encodings.
  void note_encoder_load(TransceiverId transceiver, const EncoderLoad& load, Timestamp now);
  // More of pictures waits to leave than the path takes soon: a picture that is encoded now would come late. Leave it
  // out; the next one serves better. Not a key frame that is needed: it takes the place of what waits.
  bool congested() const;
  // The decoder of a received stream lost its way. Asks the peer, at a bounded rate: for the encoding with that rid, or
  // for all that come.
  void request_key_frame(TransceiverId transceiver, Timestamp now, std::string_view rid = {});

  // --- Data. See DataChannel for the errors.
  Result<ChannelId> create_data_channel(std::string label, DataChannelInit init = {});
  Result<> send_text(ChannelId channel, std::string_view text, Timestamp now);
  Result<> send_binary(ChannelId channel, ByteView payload, Timestamp now);
  // Moves the payload: it is held once, until the peer has all of it. On an error it is left as it was.
  Result<> send_binary(ChannelId channel, Bytes&& payload, Timestamp now);
  // Gives back the memory of a message that was received (event::MessageReceived), for the next ones.
  void recycle(Bytes&& payload);
  // True when one who waits for room may send `bytes` bytes: the channel is open, and what waits on it leaves room to
  // the other channels. False: ask again after poll_transmit(). An error: it will never be so.
  Result<bool> writable(ChannelId channel, std::size_t bytes) const;
  void close_data_channel(ChannelId channel, Timestamp now);
  void set_buffered_amount_low_threshold(ChannelId channel, std::size_t threshold);
  // Nothing once it is closed.
  std::optional<ChannelInfo> channel(ChannelId channel) const;
  std::size_t buffered_amount(ChannelId channel) const;
  // Nothing until both descriptions have the data section (W3C: pc.sctp).
  std::optional<SctpTransport> sctp() const;

  // --- Network.
  // Sockets may come and go at any time; when the one in use goes, other paths are tried at once.
  // InvalidState when closed; Operation when there are too many, or it is known; Type for no usable address.
  Result<> add_local_socket(const LocalSocket& socket, Timestamp now);
  // A bound UDP socket. A higher preference (each its own) makes it preferred.
  Result<> add_local_socket(const SocketAddress& bound, std::uint16_t preference, Timestamp now);
  // ICE-TCP (RFC 6544): a listening socket; and an address that connections may be made from (its
  // port does not count). Errors as above.
  Result<> add_tcp_listener(const LocalSocket& socket, Timestamp now);
  Result<> add_tcp_active(const LocalSocket& socket, Timestamp now);
  void remove_local_socket(const SocketAddress& bound, Timestamp now);
  // Servers may be added as their addresses become known. Operation when there are too many.
  Result<> add_stun_server(const SocketAddress& server, Timestamp now);
  Result<> add_turn_server(const TurnServer& server, Timestamp now);
  // A server that cannot be used, as the owner found out: its name has no address, say.
  void note_server_error(IceCandidateError error);
  // No more sockets and servers for now: gathering ends when all servers have answered or were given up.
  void end_of_local_sockets(Timestamp now);
  // Answers to OpenStream. `reason` is a sentence: it is shown when the server of that connection was needed.
  void stream_opened(StreamId stream, const SocketAddress& local, Timestamp now);
  void stream_closed(StreamId stream, const std::string& reason, Timestamp now);
  // A connection has come to a listener; its datagrams bear the id of the answer. Operation when it is not wanted.
  Result<StreamId> stream_accepted(const SocketAddress& local, const SocketAddress& remote, Timestamp now);
  // The answer to ResolveName; nothing when there is no such name.
  void name_resolved(std::string_view name, const std::optional<IpAddress>& address, Timestamp now);
  // Buffers to read datagrams into.
  PacketPool& pool();

  // --- The machine.
  void handle_input(Datagram datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  std::optional<Datagram> poll_transmit(Timestamp now);
  // The same at the time of the last input.
  std::optional<Datagram> poll_transmit();
  std::optional<SessionEvent> poll_event();

  StatsReport stats(Timestamp now) const;

  // Tells the peer and ends; the farewell is still to be polled and sent. Nothing else happens afterwards.
  void close(Timestamp now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire
