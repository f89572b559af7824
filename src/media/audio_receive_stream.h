// One incoming sound stream: a fixed delay, then one slot after the other, each with the frame that belongs to it or
// with nothing.
//
// The playout clock starts with the first packet and beats until the source has been silent for a while. It is this
// end's clock; when the other end's runs faster, frames pile up and the oldest is left out; when it runs slower, frames
// come too late and the clock is set anew. The codec may change from packet to packet; the clock is set anew then, too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/serial.h"
#include "media/reception.h"
#include "media/types.h"
#include "rtp/rtcp_reports.h"
#include "tidewire/rtp_stats.h"

namespace tidewire::media {

class AudioReceiveStream {
 public:
  static constexpr Duration kDefaultPlayoutDelay = std::chrono::milliseconds{60};
  // Frames that wait at most; further ones push out the oldest.
  static constexpr std::size_t kMaxWaiting = 50;
  // Sound that waits beyond the delay: more than this, and a frame is left out.
  static constexpr Duration kSlack = std::chrono::milliseconds{60};
  // Frames in a row that come too late, until the clock is set anew.
  static constexpr int kMaxLateInARow = 5;
  // Empty slots in a row, in time, until the clock stops.
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
  // W3C RTCRtpReceiver.jitterBufferTarget.
  void set_jitter_buffer_target(std::optional<Duration> target) { jitter_buffer_target_ = target; }
  // Hold sound for this long at least, for the pictures that belong to it.
  void set_sync_delay(Duration delay) { sync_delay_ = delay; }
  Duration target_delay() const { return std::max(own_delay(), sync_delay_); }
  Duration current_delay() const { return delay(); }
  std::optional<rtp::SenderInfo> last_sender_report() const { return last_sender_report_; }

  struct Slot {
    std::optional<EncodedFrame> frame;
    Duration duration{};
    Timestamp due{};
  };
  // The next slot that is due by now.
  std::optional<Slot> poll_slot(Timestamp now);
  // When the next slot is due; kNever while the clock stands.
  Timestamp next_timeout() const { return playing_ ? due_ : kNever; }

  std::optional<rtp::ReportBlock> make_report_block(Timestamp now);
  InboundRtpStreamStats stats() const;
  std::optional<RemoteOutboundRtpStreamStats> remote_stats() const;

 private:
  struct Waiting {
    std::int64_t timestamp = 0;  // unwrapped
    std::uint32_t duration = 0;  // ticks
    Timestamp arrival{};
    Bytes payload;
  };

  void count_packet(const rtp::PacketView& view, std::size_t size, Timestamp now);
  void restart();
  void switch_codec(CodecType codec);
  Duration to_duration(std::int64_t ticks) const;
  void start_clock(Timestamp now);
  bool is_late(std::int64_t timestamp, std::uint32_t duration);
  void store(std::int64_t timestamp, std::uint32_t duration, ByteView payload, Timestamp now);
  void drop_excess();
  Slot take_frame();
  Slot take_nothing();
  void follow_sync_delay();
  Duration delay() const { return own_delay() + applied_sync_delay_; }
  Duration own_delay() const {
    return std::max(config_.playout_delay.value_or(kDefaultPlayoutDelay),
                    jitter_buffer_target_.value_or(Duration::zero()));
  }

  ReceiveStreamConfig config_;
  std::optional<rtp::Ssrc> ssrc_;
  Reception reception_;
  CodecType codec_ = CodecType::kOpus;  // of the packets that came last
  std::uint32_t clock_rate_ = clock_rate(CodecType::kOpus);
  Unwrapper<std::uint32_t> timestamps_;
  std::vector<Waiting> waiting_;  // ascending
  bool playing_ = false;
  std::int64_t next_ = 0;  // timestamp of the next slot
  Timestamp due_{};        // and when it is due
  std::uint32_t last_duration_ = 0;
  Duration empty_for_{};
  int late_in_a_row_ = 0;
  std::optional<Duration> jitter_buffer_target_;
  Duration sync_delay_{};
  Duration applied_sync_delay_{};
  std::optional<rtp::SenderInfo> last_sender_report_;
  InboundRtpStreamStats stats_;
  RemoteOutboundRtpStreamStats remote_;
};

}  // namespace tidewire::media
