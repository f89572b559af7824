// One incoming picture stream: reorders, asks again for what is missing, asks for a key frame when that is hopeless,
// and hands out whole frames in decoding order at the time that they are due.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/packet.h"
#include "media/budgets.h"
#include "media/flexfec_receiver.h"
#include "media/frame_assembler.h"
#include "media/freeze_meter.h"
#include "media/nack_list.h"
#include "media/reception.h"
#include "media/types.h"
#include "media/video_arrivals.h"
#include "media/video_playout.h"
#include "rtp/dependency_descriptor.h"
#include "rtp/extensions.h"
#include "rtp/rtcp_reports.h"
#include "tidewire/rtp_stats.h"

namespace tidewire::media {

class VideoReceiveStream {
 public:
  // Between two requests for a key frame; one and a half round trips when these are longer.
  static constexpr Duration kKeyFrameRequestInterval = std::chrono::milliseconds{300};
  // Before the first request: packets may come out of order, a key frame's first one later than others.
  static constexpr Duration kKeyFrameGrace = std::chrono::milliseconds{20};
  // A gap that is this old, or four round trips when these are longer, calls for a key frame …
  static constexpr Duration kGapPatience = std::chrono::milliseconds{300};
  // … and so does one of more packets than this at once: repeating them takes longer than a key frame.
  static constexpr std::size_t kLongGap = 100;
  // The same when packets cannot be asked for: a little more than reordering takes.
  static constexpr Duration kGapPatienceWithoutNack = std::chrono::milliseconds{100};
  // A gap that later frames provably do not need is left behind after this many round trips: one repetition.
  static constexpr double kSkipPatience = 1.5;
  // No requests to a source that has been silent for this long.
  static constexpr Duration kSilence = std::chrono::seconds{2};

  explicit VideoReceiveStream(ReceiveStreamConfig config);

  const ReceiveStreamConfig& config() const { return config_; }
  void update(ReceiveStreamConfig config);
  // Of packets to come; what there was of another source is forgotten.
  void set_ssrc(rtp::Ssrc ssrc);
  std::optional<rtp::Ssrc> ssrc() const { return ssrc_; }
  void set_round_trip_time(Duration round_trip_time) { round_trip_time_ = round_trip_time; }
  // W3C RTCRtpReceiver.jitterBufferTarget: hold frames for this long at least, up to VideoPlayout::kMaxDelay.
  void set_jitter_buffer_target(std::optional<Duration> target);
  // Hold frames for this long at least, for the sound that belongs to them; whether any does.
  void set_sync_delay(Duration delay, bool with_sound) { playout_.set_sync_delay(delay, with_sound); }
  // From when a frame could be there at the earliest to when it is given out.
  Duration target_delay() const { return playout_.target_delay(); }
  Duration current_delay() const { return playout_.current_delay(); }

  // A packet of this stream's SSRC and one of its payload types. `packet` holds what `view` looks at. False when it is
  // malformed.
  bool handle_packet(Packet packet, const rtp::PacketView& view, Timestamp now);
  // The same for one that came again in a stream of its own (RFC 4588) and was unwrapped.
  bool handle_repeated(Packet packet, const rtp::PacketView& view, Timestamp now);
  // A packet that repairs others (RFC 8627) rather than being one of the stream.
  bool is_repair(rtp::PayloadType payload_type) const { return config_.flexfec_payload_type == payload_type; }
  void handle_repair(const rtp::PacketView& view, std::size_t size);
  // The next packet that was rebuilt from others since packets or repairs came. It is to be given back as a packet.
  std::optional<Packet> poll_recovered(PacketPool& pool);
  void handle_recovered(Packet packet, Timestamp now);
  void handle_sender_report(const rtp::SenderInfo& info, Timestamp now);
  // The decoder is lost.
  void request_key_frame(Timestamp now);

  // The next frame that is due by now.
  std::optional<EncodedFrame> poll_frame(Timestamp now);
  // Adds the NACK, PLI or FIR that is due by now; false when none is, or when there is no room.
  bool write_feedback(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now);
  bool feedback_due(Timestamp now) const { return now >= std::min(nack_due(), key_frame_request_due()); }
  // When poll_frame() or write_feedback() will have something.
  Timestamp next_timeout() const;

  std::optional<rtp::ReportBlock> make_report_block(Timestamp now);
  InboundRtpStreamStats stats(Timestamp now) const;
  std::optional<RemoteOutboundRtpStreamStats> remote_stats() const;

 private:
  bool store(Packet packet, const rtp::PacketView& view, bool again, Timestamp now);
  VideoArrivals::Packet describe(const rtp::Extensions& extensions, std::size_t size, bool again, Timestamp now);
  void note_gap(Timestamp now);
  void restart();
  void update_minimum_delay();
  void want_key_frame(Timestamp now);
  void count_packet(const rtp::PacketView& view, std::size_t size, Timestamp now);
  void note_shown(EncodedFrame& frame, Timestamp now);
  void count_frame(const EncodedFrame& frame, Timestamp now);
  void count_delays(Timestamp now);
  void update_ready();
  void set_ready(const std::optional<FrameAssembler::Ready>& ready);
  Timestamp skip_due() const;
  Timestamp nack_due() const { return config_.nack && ssrc_ ? missing_.next_timeout() : kNever; }
  Timestamp key_frame_request_due() const;
  Timestamp gap_deadline() const;
  Duration key_frame_request_interval() const;
  Duration round_trip_time() const { return missing_.round_trip_time().value_or(round_trip_time_); }
  bool write_nack(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now);
  bool write_key_frame_request(rtp::RtcpWriter& writer, rtp::Ssrc sender, Timestamp now);

  ReceiveStreamConfig config_;
  std::optional<rtp::Ssrc> ssrc_;
  Duration round_trip_time_ = NackList::kDefaultRoundTrip;
  Reception reception_;
  FrameAssembler assembler_;
  NackList missing_;
  FlexfecReceiver flexfec_;
  VideoArrivals arrivals_;
  VideoPlayout playout_;
  FreezeMeter freezes_;
  std::optional<Duration> jitter_buffer_target_;
  bool reads_extensions_ = false;
  rtp::DependencyReader dependencies_;
  bool skippable_ = false;  // there is a frame behind the gap that needs nothing of it
  int rotation_ = 0;        // of the frame that was given out last
  // The frame that comes next, when it is complete, and when it is due.
  std::optional<FrameAssembler::Ready> ready_;
  Timestamp due_ = kNever;
  VideoArrivals::Frame ready_arrival_;
  std::optional<Timestamp> blocked_since_;
  std::optional<Timestamp> key_frame_wanted_since_;
  RateLimit key_frame_requests_;
  std::uint8_t fir_sequence_number_ = 0;
  InboundRtpStreamStats stats_;
  RemoteOutboundRtpStreamStats remote_;
};

}  // namespace tidewire::media
