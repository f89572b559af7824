// All media of one connection: the send and receive streams, the routing of what arrives to them, RTCP, and
// transport-wide numbering and feedback.
//
// Packets go in decrypted and come out in the clear. Output is polled; what comes out of poll_transmit() is to be
// protected and sent at once, for it carries its time of sending.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>

#include "base/bounded_queue.h"
#include "base/machine.h"
#include "base/packet.h"
#include "congestion/congestion_feedback_generator.h"
#include "congestion/feedback_generator.h"
#include "congestion/send_control.h"
#include "crypto/random.h"
#include "media/audio_receive_stream.h"
#include "media/budgets.h"
#include "media/deadline_heap.h"
#include "media/lip_sync.h"
#include "media/rtcp_scheduler.h"
#include "media/send_stream.h"
#include "media/stream_router.h"
#include "media/types.h"
#include "media/video_receive_stream.h"
#include "rtp/rtcp_reports.h"
#include "tidewire/result.h"
#include "tidewire/rtp_stats.h"

namespace tidewire::media {

struct StreamTableConfig {
  // Names this end in RTCP as long as it sends nothing. Not 0.
  rtp::Ssrc local_ssrc{1};
  // RFC 8834 §4.9: random, and the same for all streams of a connection.
  std::string cname;
  WallClockAnchor wall_clock;
  // RFC 5506, a=rtcp-rsize: feedback goes without a report before it.
  bool reduced_size_rtcp = false;
  // Begins when a stream is sent whose packets the peer gives feedback about.
  CongestionControl congestion_control = CongestionControl::kNone;
  congestion::Limits limits{};
};

class StreamTable {
 public:
  // More streams than these, in each direction, are refused.
  static constexpr std::size_t kMaxStreams = 256;
  // Events that wait at most; then the oldest one is dropped, and counted.
  static constexpr std::size_t kMaxEvents = 512;
  // RTCP packets that wait at most; further ones are not made.
  static constexpr std::size_t kMaxRtcpPackets = 64;

  struct Outgoing {
    enum class Kind { kRtp, kRtcp };
    Kind kind = Kind::kRtp;
    Packet packet;
  };

  struct Counters {
    std::uint64_t rtp_malformed = 0;   // no RTP, or no payload of its codec
    std::uint64_t rtp_unroutable = 0;  // of no stream that is known
    std::uint64_t rtcp_malformed = 0;  // compound with something in it that is no RTCP
    std::uint64_t events_dropped = 0;  // because nobody took them
    std::uint64_t transport_feedback_received = 0;
    std::uint64_t transport_feedback_sent = 0;
    std::uint64_t congestion_feedback_received = 0;  // RFC 8888
    std::uint64_t congestion_feedback_sent = 0;
  };

  // `pool` outlives the table. `random` draws first sequence numbers, timestamp offsets and RTCP intervals.
  StreamTable(StreamTableConfig config, PacketPool& pool, crypto::Random random);

  // --- streams ---
  // Fails with kInvalidModification when the SSRC is taken, kOperation when the table is full, kType when a value
  // does not fit its field.
  Result<StreamId> add_send_stream(SendStreamConfig config, Timestamp now);
  Result<StreamId> add_receive_stream(ReceiveStreamConfig config, Timestamp now);
  // A new description of a stream that goes on: payload types, extensions, feedback and rates may change, kind and
  // SSRC may not (kInvalidModification). kNotFound for an id that is no such stream.
  Result<> update_send_stream(StreamId id, SendStreamConfig config);
  Result<> update_receive_stream(StreamId id, ReceiveStreamConfig config);
  void set_target_bitrate(StreamId id, std::uint64_t bits_per_second);
  // A send stream says goodbye; nothing more of it leaves. An id that is none is ignored.
  void remove_stream(StreamId id, Timestamp now);
  // Negotiated later than the table was made.
  void set_reduced_size_rtcp(bool on) { config_.reduced_size_rtcp = on; }
  // What the application has use for, all in all: no more is looked for.
  void set_wanted_bitrate(std::uint64_t bits_per_second, Timestamp now) { control_.set_wanted(bits_per_second, now); }
  // Pictures are paused until the path carries more: padding finds out when it does.
  void set_filling(bool on, Timestamp now) { control_.set_filling(on, now); }
  // Packets take another path from now on.
  void path_changed(Timestamp now) { control_.path_changed(now); }
  // Bytes of others that share the path and the pace: data.
  void note_other_sent(std::size_t bytes, Timestamp now) { control_.handle_other_sent(bytes, now); }
  // Says goodbye for all send streams; nothing else leaves afterwards.
  void close(Timestamp now);

  // --- sending ---
  // Packs the frame and queues it. Its codec must be the stream's (kInvalidAccess). kOperation: more than the stream's
  // queue holds is waiting. kEncoding: the frame is not what the codec makes. kNotSupported: H.264 that cannot be cut
  // the way that the other end takes. The frame is dropped as a whole then, and KeyFrameNeeded follows.
  Result<> send_frame(StreamId id, const EncodedFrame& frame, Timestamp now);
  // Asks the source of a receive stream for a key frame, as a decoder does that lost its way. Rate bounded.
  void request_key_frame(StreamId id, Timestamp now);
  // W3C RTCRtpReceiver.jitterBufferTarget: what the stream waits for at least, 0 to 4 s (kType). Nothing: as little as
  // jitter allows. kNotFound for an id that is no receive stream.
  Result<> set_jitter_buffer_target(StreamId id, std::optional<Duration> target);

  // --- receiving ---
  // One decrypted RTP packet. Anything that is not for a known stream is counted and dropped.
  void handle_rtp(Packet packet, Timestamp now);
  // One decrypted RTCP compound.
  void handle_rtcp(ByteView compound, Timestamp now);

  // --- machine ---
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  // `now` stamps and numbers what leaves.
  std::optional<Outgoing> poll_transmit(Timestamp now);
  // The same at the time of the last input.
  std::optional<Outgoing> poll_transmit() { return poll_transmit(now_); }
  std::optional<Event> poll_event();

  RtpStats stats(Timestamp now) const;
  const Counters& counters() const { return counters_; }
  // From report blocks or transport feedback, whichever came last; nothing before either came.
  std::optional<Duration> round_trip_time() const { return round_trip_time_; }
  // Packets leave as ECT(1), when the other end tells of marks; the path has not taken them off.
  bool marks() const { return control_.marks(); }
  const congestion::SentPacketHistory& sent_packets() const { return control_.history(); }
  // What the path carries of RTP, all in all; nothing when there is no congestion control.
  std::optional<std::uint64_t> available_bitrate() const { return control_.target_bitrate(); }
  // What part of what was sent lately was sent to repair what was lost.
  double repair_share() const { return repair_.value(); }
  // What waits in all queues, at the pace that it leaves.
  Duration queueing_time() const;

 private:
  using ReceiveStream = std::variant<VideoReceiveStream, AudioReceiveStream>;

  void update_media_bitrate();
  SendStream* find_sender(StreamId id);
  SendStream* find_sender(rtp::Ssrc ssrc);
  ReceiveStream* find_receiver(StreamId id);
  ReceiveStream* find_receiver(rtp::Ssrc ssrc);

  void after_input(StreamId id, SendStream& stream);
  void push_event(Event event);
  std::optional<Packet> poll_sender(Timestamp now);
  std::optional<Packet> poll_padding(Timestamp now);
  std::size_t queued_bytes() const;
  bool anything_waits() const;
  // Whether a packet waits that leaves at the pace.
  bool paced_waits() const { return pictures_wait_.next() != kNever; }
  void stamp(Packet& packet, SendStream& stream, Timestamp now);

  // stream_table_receive.cc
  static std::optional<rtp::PayloadType> original_of(const ReceiveStream& stream, rtp::PayloadType payload_type);
  void count_ecn(StreamId id, Ecn ecn);
  void deliver(StreamId id, ReceiveStream& stream, Packet packet, bool repeated, Timestamp now);
  void after_repair(StreamId id, ReceiveStream& stream, Timestamp now);
  void switch_source(StreamId id, ReceiveStream& stream, rtp::Ssrc ssrc);
  void after_input(StreamId id, ReceiveStream& stream, Timestamp now);
  void update_lip_sync(Timestamp now);

  // stream_table_rtcp.cc
  rtp::Ssrc own_ssrc() const;
  // Begins an RTCP packet, lets `write(RtcpWriter&)` add to it, and queues it when that answers true. `feedback` gets
  // an empty report before it, unless reduced size was negotiated.
  template <typename Write>
  bool send_rtcp(bool feedback, Write&& write);
  void send_feedback(VideoReceiveStream& stream, Timestamp now);
  void send_reports(Timestamp now);
  void send_goodbye(std::span<const rtp::Ssrc> ssrcs);
  void send_transport_feedback(Timestamp now);
  void send_congestion_feedback(Timestamp now);
  void handle_rtcp_packet(const rtp::RtcpPacket& packet, Timestamp now);
  void handle_report_blocks(const rtp::ReportBlocks& blocks, Timestamp now);
  void handle_sender_report(const rtp::SenderReport& report, Timestamp now);
  void handle_source_description(const rtp::RtcpPacket& packet);
  void handle_bye(const rtp::Bye& bye);
  void handle_transport_message(const rtp::RtcpPacket& packet, Timestamp now);
  void handle_payload_message(const rtp::RtcpPacket& packet, Timestamp now);
  void set_round_trip_time(Duration round_trip_time);

  StreamTableConfig config_;
  PacketPool& pool_;
  crypto::Random random_;
  bool closed_ = false;
  Timestamp now_{};

  std::uint32_t next_stream_id_ = 1;
  std::map<StreamId, SendStream> senders_;
  std::map<StreamId, ReceiveStream> receivers_;
  std::unordered_map<rtp::Ssrc, StreamId> sender_of_;
  StreamRouter router_;
  LipSync lip_sync_;
  rtp::ExtensionMap extensions_;   // of all receive streams
  bool reports_arrivals_ = false;  // a=rtcp-fb: transport-cc of any of them
  bool reports_streams_ = false;   // a=rtcp-fb: ack ccfb of any of them
  // Send streams with packets that wait, by how long they do.
  DeadlineHeap<StreamId> sound_waits_;
  DeadlineHeap<StreamId> pictures_wait_;
  DeadlineHeap<StreamId> receiver_deadlines_;

  RtcpScheduler scheduler_;
  congestion::FeedbackGenerator feedback_;
  congestion::CongestionFeedbackGenerator congestion_feedback_;
  congestion::SendControl control_;
  RecentShare repair_;
  std::optional<Duration> round_trip_time_;
  BoundedQueue<Packet> rtcp_{kMaxRtcpPackets};
  BoundedQueue<Event> events_{kMaxEvents};
  // Packets of each receive stream that had these marks.
  struct EcnCounts {
    std::uint64_t ect1 = 0;
    std::uint64_t ce = 0;
  };
  std::map<StreamId, EcnCounts> ecn_counts_;
  Counters counters_;
};

static_assert(Machine<StreamTable>);

}  // namespace tidewire::media
