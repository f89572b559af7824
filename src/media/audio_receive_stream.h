// One incoming sound stream: an adaptive delay, then one slot after the other, each with the frame that belongs to it
// or with nothing, and with the time that it is to take.
//
// The playout clock starts with the first packet and beats until the source has been silent for a while. It is this
// end's clock. What arrives says how long frames must wait so that nearly all of them come in time
// (media/audio_arrival.h); slots are hurried or stretched until they wait as long as that. So a network that changes, a
// sender's clock that runs at another speed and lip sync are all followed in the same way.
//
// When nothing is there the clock waits, and 10 ms at a time are concealed: a frame that is late is played late, and
// one that is lost has been concealed when the next one comes. A hole before a frame that is there is filled by RED's
// copy (RFC 2198; it waits among the frames), then by the frame's own redundancy (Opus), then concealed. The codec may
// change from packet to packet; the clock is set anew then.
#pragma once

#include <cstdint>
#include <optional>

#include "base/serial.h"
#include "media/audio_arrival.h"
#include "media/audio_frame_queue.h"
#include "media/audio_sample_counter.h"
#include "media/payload/red.h"
#include "media/reception.h"
#include "media/types.h"
#include "rtp/rtcp_reports.h"
#include "tidewire/rtp_stats.h"

namespace tidewire::media {

class AudioReceiveStream {
 public:
  // What the network calls for stays within these; jitter_buffer_target and lip sync may call for more.
  static constexpr Duration kMinDelay = std::chrono::milliseconds{20};
  static constexpr Duration kMaxNetworkDelay = std::chrono::seconds{1};
  // https://www.w3.org/TR/webrtc/#dom-rtcrtpreceiver-jitterbuffertarget
  static constexpr Duration kMaxDelay = std::chrono::seconds{4};
  // A slot is played faster or slower by at most this part of it, …
  static constexpr int kMaxChange = 4;
  // … from when frames wait this much too long or too short, until they wait as they should.
  static constexpr Duration kTooLong = std::chrono::milliseconds{20};
  static constexpr Duration kTooShort = std::chrono::milliseconds{10};
  // Beyond this there is no catching up: frames are left out.
  static constexpr Duration kFarTooLong = std::chrono::seconds{1};
  // What is concealed at a time, and the least hole that is one.
  static constexpr Duration kConcealed = std::chrono::milliseconds{10};
  static constexpr Duration kHole = std::chrono::microseconds{2500};
  // Frames in a row that come too late, until the clock is set anew.
  static constexpr int kMaxLateInARow = 5;
  // After this time without anything the clock stops.
  static constexpr Duration kSilence = std::chrono::seconds{1};
  // A caller that is later than this gets no run of missed slots: the clock is set anew.
  static constexpr Duration kMaxCatchUp = std::chrono::milliseconds{500};

  explicit AudioReceiveStream(ReceiveStreamConfig config);

  const ReceiveStreamConfig& config() const { return config_; }
  void update(ReceiveStreamConfig config);
  void set_ssrc(rtp::Ssrc ssrc);
  std::optional<rtp::Ssrc> ssrc() const { return ssrc_; }

  // A packet of this stream's SSRC and one of its payload types. False when it is malformed.
  bool handle_packet(const rtp::PacketView& view, std::size_t size, Timestamp now);
  void handle_sender_report(const rtp::SenderInfo& info, Timestamp now);

  // RTCRtpReceiver.jitterBufferTarget: the least delay to aim at; clamped to 0 … kMaxDelay.
  void set_jitter_buffer_target(std::optional<Duration> target);
  // What lip sync calls for; clamped likewise. Zero: it calls for nothing.
  void set_sync_delay(Duration delay);
  // From when a frame could be there at the earliest to when it is played: what is aimed at, and what it is.
  Duration target_delay() const;
  Duration current_delay() const;
  // Which RTP timestamp the source's wall clock stood at, last. Nothing before its first report.
  std::optional<rtp::SenderInfo> last_sender_report() const { return sender_report_; }

  // The next slot that is due by now; its `stream` is for the owner to fill in.
  std::optional<AudioPlayout> poll_slot(Timestamp now);
  // When the next slot is due; kNever while the clock stands.
  Timestamp next_timeout() const { return playing_ ? due_ : kNever; }

  std::optional<rtp::ReportBlock> make_report_block(Timestamp now);
  InboundRtpStreamStats stats() const;
  std::optional<RemoteOutboundRtpStreamStats> remote_stats() const;

 private:
  enum class Pace { kEven, kFaster, kSlower };
  // What of a packet's copies the stream may know already.
  struct Arrived {
    std::int64_t timestamp = 0;
    std::int64_t sequence_number = 0;
    Timestamp at{};
  };

  // --- arriving ---
  void count_packet(const rtp::PacketView& view, std::size_t size, Timestamp now);
  void restart();
  void stop_clock();
  void switch_codec(CodecType codec);
  bool is_repeated(std::int64_t sequence_number);
  bool take_frame(const RedBlock& block, const Arrived& arrived);
  void take_copies(const RedPayload& red, const Arrived& arrived);
  bool is_late(std::int64_t timestamp, std::uint32_t duration);
  void store(ByteView payload, std::uint32_t duration, const Arrived& arrived);
  void start_clock(Timestamp now);

  // --- playing ---
  AudioPlayout next_slot();
  AudioPlayout wait();
  AudioPlayout fill_hole(WaitingAudio& next, std::int64_t hole);
  AudioPlayout recover(WaitingAudio& next, std::int64_t hole);
  AudioPlayout conceal(std::int64_t ticks) const;
  AudioPlayout play();
  void leave_out_excess();
  Duration change_of_pace(Duration duration);
  Duration network_delay() const;
  // How much longer than they should frames wait; nothing while the path is not known.
  std::optional<Duration> excess() const;
  EncodedFrame encoded(std::int64_t timestamp, Bytes payload, Timestamp due) const;
  Duration to_duration(std::int64_t ticks) const;
  std::int64_t to_ticks(Duration duration) const { return duration.count() * clock_rate_ / 1'000'000'000; }

  ReceiveStreamConfig config_;
  std::optional<rtp::Ssrc> ssrc_;
  Reception reception_;
  CodecType codec_ = CodecType::kOpus;  // of the packets that came last
  std::uint32_t clock_rate_ = clock_rate(CodecType::kOpus);
  Unwrapper<std::uint32_t> timestamps_;
  std::int64_t newest_ = 0;     // sequence number,
  std::uint64_t received_ = 0;  // and which of the 64 up to it came: the last bit is its own
  AudioArrival arrival_;
  AudioFrameQueue waiting_;
  Duration jitter_buffer_target_{};
  Duration sync_delay_{};

  bool playing_ = false;
  std::int64_t next_ = 0;                      // timestamp of the next slot
  Timestamp due_{};                            // and when it is due
  std::int64_t waited_ = 0;                    // ticks that were concealed while the clock waited at `next_`
  std::optional<std::int64_t> last_sequence_;  // of the frame that was played last
  bool last_is_celt_ = false;                  // nothing of the frame after it can be used for a loss between them
  std::uint32_t last_duration_ = 0;
  Pace pace_ = Pace::kEven;
  int late_in_a_row_ = 0;

  InboundRtpStreamStats stats_;
  AudioSampleCounter samples_;
  std::optional<rtp::SenderInfo> sender_report_;
  RemoteOutboundRtpStreamStats remote_;
};

}  // namespace tidewire::media
