// One outgoing stream: packs frames into packets that wait for their turn, resends what is asked for again, and keeps
// the numbers that reports and statistics are made of. When its turn is, its owner says (congestion/send_control.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bounded_queue.h"
#include "base/packet.h"
#include "crypto/random.h"
#include "media/audio_redundancy.h"
#include "media/budgets.h"
#include "media/flexfec_plan.h"
#include "media/flexfec_sender.h"
#include "media/packet_history.h"
#include "media/types.h"
#include "rtp/dependency_descriptor_writer.h"
#include "rtp/extensions.h"
#include "rtp/rtcp_feedback.h"
#include "rtp/rtcp_reports.h"
#include "tidewire/result.h"
#include "tidewire/rtp_stats.h"

namespace tidewire::media {

class SendStream {
 public:
  // Packets that wait to leave at most: about half a second at 20 Mbit/s.
  static constexpr std::size_t kMaxQueue = 1024;
  // Requests for packets that wait at most; those beyond are forgotten, and asked for again.
  static constexpr std::size_t kMaxResendQueue = 256;
  // Between two frames that say when they were captured; clocks drift by less than a tenth of a millisecond in it.
  static constexpr Duration kCaptureTimeInterval = std::chrono::seconds{1};
  // More of them are not told apart in statistics.
  static constexpr std::size_t kMaxFramesPerSecond = 256;
  static constexpr Duration kKeyFrameInterval = std::chrono::milliseconds{300};
  // Repairs that would take longer than a key frame does are not made: one is asked for instead. Of what lies before a
  // key frame that is on its way only so much is repaired.
  static constexpr Duration kMostRepairs = std::chrono::milliseconds{250};
  static constexpr Duration kRepairsBeforeKeyFrame = std::chrono::milliseconds{50};

  // First sequence number, timestamp offset and picture id are drawn at random (RFC 3550 §5.1).
  // `wall_clock`: of this end's, which tells others when a frame was captured.
  SendStream(SendStreamConfig config, PacketPool& pool, crypto::Random& random, const WallClockAnchor& wall_clock);

  const SendStreamConfig& config() const { return config_; }
  void update(SendStreamConfig config);
  void set_target_bitrate(std::uint64_t bits_per_second);

  Result<> send_frame(const EncodedFrame& frame, Timestamp now);

  void handle_nack(rtp::Nack nack, Timestamp now, std::optional<Duration> round_trip_time);
  void handle_picture_loss(Timestamp now);
  void handle_full_intra_request(std::uint8_t sequence_number, Timestamp now);
  // `now_ntp` is compact NTP time by which the round trip is measured. Answers that, when the block tells.
  std::optional<Duration> handle_report_block(const rtp::ReportBlock& block, std::uint32_t now_ntp);

  // The next packet, what is asked for again first. It carries a transport sequence number (0) and an absolute send
  // time to be patched, when these were negotiated.
  std::optional<Packet> poll_transmit(Timestamp now);
  // Since when the next packet waits: kRepairs when it is one that repairs what was lost, kNever when nothing waits.
  static constexpr Timestamp kRepairs{};
  Timestamp waiting_since() const;
  std::size_t queued_bytes() const { return queued_bytes_; }
  // A packet whose content nobody needs, of about that size: the newest one once more, as RTX, or nothing but padding.
  // Nothing when RTX was not negotiated, or nothing was sent yet.
  std::optional<Packet> make_padding(std::size_t size, Timestamp now);
  // The packet that poll_transmit() gave out last is patched and leaves like this: repair packets are made of it.
  void handle_sent(const Packet& packet, Timestamp now);
  // A packet of it leaves as ECT(1).
  void count_marked() { ++stats_.packets_sent_with_ect1; }
  // True once for each time that a key frame is called for.
  bool take_key_frame_needed() { return std::exchange(key_frame_needed_, false); }

  // RFC 3550 §6.4: a host that sent since its report before last is a sender. Nothing before the first packet.
  std::optional<rtp::SenderInfo> sender_info(Timestamp now, const WallClockAnchor& wall) const;
  std::optional<Timestamp> last_packet_sent() const { return last_packet_sent_; }

  OutboundRtpStreamStats stats(Timestamp now) const;
  // Nothing before the first report block.
  std::optional<RemoteInboundRtpStreamStats> remote_stats() const;

 private:
  struct Queued {
    Packet packet;
    std::uint16_t sequence_number = 0;
    Timestamp since{};
    bool key_frame = false;
    bool first = false;  // of its frame
  };

  std::size_t max_payload_size(const EncodedFrame& frame) const;
  Result<> cut(const EncodedFrame& frame);
  Result<> pack(const EncodedFrame& frame, Timestamp now);
  bool enqueue(Packet packet, bool marker, rtp::PayloadType payload_type, const rtp::Extensions& extensions,
               Timestamp now);
  // Of every packet.
  rtp::Extensions extensions() const;
  // Of one packet of a frame.
  rtp::Extensions extensions(const EncodedFrame& frame, std::size_t packet, Timestamp now);
  std::optional<Duration> measure_round_trip(const rtp::ReportBlock& block, std::uint32_t now_ntp);
  std::optional<Packet> resend(Timestamp now);
  bool is_stale(const PacketHistory::Entry& entry, Timestamp now) const;
  std::optional<Packet> repeat(const Packet& original);
  std::uint32_t wire_timestamp(Timestamp now) const;
  void need_key_frame(Timestamp now);
  // send_stream_key_frame.cc
  void make_way();
  void drop_waiting_frames();
  bool is_worth_repair(const PacketHistory::Entry& entry, Timestamp now);
  std::size_t bytes_in(Duration time) const;
  void drop_all_that_waits();

  void count_sent(const Packet& packet);
  void count_frame(const EncodedFrame& frame, Timestamp now);

  // send_stream_flexfec.cc
  std::optional<Packet> poll_repair(Timestamp now);
  void plan_repair(double fraction_lost, std::optional<Duration> round_trip_time);
  static std::size_t flexfec_room(std::size_t extensions);

  SendStreamConfig config_;
  PacketPool& pool_;
  WallClockAnchor wall_clock_;
  std::uint16_t first_sequence_number_;
  std::uint16_t next_sequence_number_;
  std::uint16_t next_rtx_sequence_number_;
  std::uint32_t timestamp_offset_;
  std::uint16_t next_picture_id_;
  std::uint8_t tl0_picture_index_;
  std::vector<Packet> packets_;  // of the frame that is being packed; kept for its storage
  std::vector<PacketPlace> places_;
  rtp::DependencyWriter dependencies_;
  bool described_ = false;  // the frame that is being packed has dependency descriptors
  AudioRedundancy redundancy_;

  BoundedQueue<Queued> queue_{kMaxQueue};
  std::size_t queued_bytes_ = 0;
  PacketHistory history_;
  Duration round_trip_time_{};
  BoundedQueue<std::uint16_t> resend_queue_{kMaxResendQueue};
  TokenBucket resend_budget_;
  std::optional<std::uint16_t> key_frame_at_;  // where the newest one begins
  std::size_t repaired_before_key_frame_ = 0;  // bytes
  bool paused_ = false;                        // the rate was taken away

  FlexfecSender flexfec_;
  FlexfecController flexfec_controller_;
  std::uint16_t next_flexfec_sequence_number_;
  bool packing_key_frame_ = false;
  // Of the packet that was given out last, when it is to be protected: whether it is of a key frame.
  std::optional<bool> protect_;

  bool key_frame_needed_ = false;
  RateLimit key_frame_limit_;
  std::optional<std::uint8_t> last_fir_;

  int rotation_ = 0;  // of the last frame
  RateLimit capture_time_limit_;

  std::uint32_t frame_timestamp_ = 0;  // on the wire, of the frame that was sent last
  Timestamp frame_captured_{};
  std::optional<Timestamp> last_frame_sent_;
  std::optional<Timestamp> last_packet_sent_;
  OutboundRtpStreamStats stats_;
  std::uint64_t frame_bytes_ = 0;  // of all frames that were sent
  // When the last ones were: a ring.
  std::array<Timestamp, kMaxFramesPerSecond> frame_times_{};
  RemoteInboundRtpStreamStats remote_;
};

}  // namespace tidewire::media
