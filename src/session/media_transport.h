// RTP media of a session: which streams exist follows from what was negotiated, and each belongs to a transceiver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "media/stream_table.h"
#include "sdp/negotiated_session.h"
#include "session/encoder_limits.h"
#include "session/quality_limitation.h"
#include "session/rate_allocator.h"
#include "session/send_encodings.h"
#include "tidewire/congestion_control.h"
#include "tidewire/packet.h"

namespace tidewire::session {

struct MediaConfig {
  WallClockAnchor wall_clock;
  std::uint64_t video_bitrate = 0;
  std::uint64_t audio_bitrate = 0;
  CongestionControl congestion_control = CongestionControl::kNone;
  std::uint64_t start_bitrate = 0;
  std::uint64_t max_bitrate = 0;
  std::vector<VideoLadderStep> video_ladder = default_video_ladder();  // one that check_video_ladder() likes
  bool codec_switching = false;
};

class MediaTransport {
 public:
  // Of the packets that wait to leave: two pictures' worth. What is encoded beyond it would only be late.
  static constexpr Duration kMaxQueueingTime = std::chrono::milliseconds{70};
  // Encoders are told of other rates when they differ by this part; a smaller difference is noise.
  static constexpr double kNotable = 0.04;
  // What the path carries is shared out anew when it is another amount, and this often: some steps take time.
  static constexpr Duration kAdaptInterval = std::chrono::milliseconds{100};

  MediaTransport(const MediaConfig& config, PacketPool& pool, crypto::Random random)
      : config_(config), pool_(&pool), random_(std::move(random)), allocator_(config.video_ladder) {}

  // Makes the streams what the sections say: adds, changes and removes.
  void apply(const std::vector<sdp::NegotiatedSection>& sections, Timestamp now);

  // Nothing before the first section with media.
  media::StreamTable* table() { return table_.get(); }
  const media::StreamTable* table() const { return table_.get(); }

  // What the application wants of the encodings of a transceiver (RtpSender::set_parameters). The caller has checked
  // it.
  void set_wishes(TransceiverId transceiver, std::vector<RtpEncodingParameters> wishes, Timestamp now);
  // As far as the application has said anything.
  std::vector<RtpEncodingParameters> wishes(TransceiverId transceiver) const;

  void set_degradation_preference(TransceiverId transceiver, std::optional<DegradationPreference> preference);
  std::optional<DegradationPreference> degradation_preference(TransceiverId transceiver) const;

  void set_content(TransceiverId transceiver, bool detailed);

  // What encoders tell (media_limits.cc); the next adapt() follows it.
  void note_encoder_load(TransceiverId transceiver, const EncoderLoad& load, Timestamp now);
  void note_picture(TransceiverId transceiver, const EncodedFrame& picture, Timestamp now);

  // Shares out what the path carries by now, should it carry another amount, and follows the encoders. True when that
  // changes what is to be sent. `data_waits`: on the same path.
  bool adapt(bool data_waits, Timestamp now);
  // What limits the pictures of a transceiver, and what was last heard of it; null for one that sends none.
  const QualityLimitation* limitation(TransceiverId transceiver) const;
  // Those of which people should hear, since the last call.
  std::vector<TransceiverId> take_limited() { return std::exchange(limited_, {}); }
  // What a transfer may take beside pictures: its share, and what they leave. Nothing: as much as SCTP finds.
  std::optional<std::uint64_t> data_bitrate() const;
  // What leaves of pictures would have to wait for long: none should be made now.
  bool congested() const { return table_ && table_->queueing_time() > kMaxQueueingTime; }

  // See Session. 0 to 4000 ms.
  void set_jitter_buffer_target(TransceiverId transceiver, std::optional<Duration> target);

  // Which encoding a send stream carries, or which a receive stream brings.
  struct Owner {
    TransceiverId transceiver;
    std::size_t encoding = 0;
    std::string rid;  // empty without simulcast
  };
  std::optional<Owner> owner_of(media::StreamId stream) const;
  std::optional<media::StreamId> send_stream(TransceiverId transceiver, std::size_t encoding) const;
  // All of them when `rid` is empty.
  std::vector<media::StreamId> receive_streams(TransceiverId transceiver, std::string_view rid) const;
  // Transceivers that may send, with what to encode for them.
  std::map<TransceiverId, std::vector<SendEncoding>> sending() const;
  // Null when the transceiver does not send that encoding.
  const SendEncoding* encoding(TransceiverId transceiver, std::size_t index) const;

  Timestamp next_timeout() const { return table_ ? table_->next_timeout() : kNever; }

 private:
  struct Incoming {
    std::string rid;
    media::StreamId stream;
  };
  struct Streams {
    std::vector<media::StreamId> send;    // one for each of `encodings`
    std::vector<SendEncoding> asked;      // on a perfect path
    std::vector<SendEncoding> encodings;  // as the path allows
    bool copies_sound = false;            // RFC 2198
    QualityLimitation limitation;
    EncoderLimits limits;
    std::vector<Incoming> receive;
  };

  // What holds: the application's word, else what the pictures show.
  DegradationPreference preference(TransceiverId transceiver) const;
  // The next adapt() shares out, whatever the path carries.
  void ask_anew() { adapted_at_.reset(); }
  std::vector<RateAllocator::Claim> claims(std::vector<std::vector<SendEncoding>>& granted);

  // media_limits.cc
  std::vector<CodecType> codecs_to_choose_from(TransceiverId transceiver, const SendEncoding& asked) const;
  static void choose_codec(const Streams& streams, const sdp::NegotiatedSection& section,
                           std::vector<RtpEncodingParameters>& wanted);
  EncoderLimits::Sending sending_of(TransceiverId transceiver, const SendEncoding& granted) const;
  bool grant(RateAllocator::Claim& claim, Timestamp now);

  void apply_send(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now);
  void apply_receive(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now);
  void drop_from(std::vector<media::StreamId>& streams, std::size_t count, Timestamp now);
  void drop_all(Streams& streams, Timestamp now);

  MediaConfig config_;
  PacketPool* pool_;
  crypto::Random random_;
  std::unique_ptr<media::StreamTable> table_;
  std::map<TransceiverId, Streams> streams_;
  std::map<TransceiverId, std::vector<RtpEncodingParameters>> wishes_;
  std::map<TransceiverId, Duration> jitter_buffer_targets_;
  std::map<TransceiverId, DegradationPreference> degradation_preferences_;
  std::vector<TransceiverId> limited_;
  std::set<TransceiverId> detailed_;  // those that show details
  RateAllocator allocator_;
  std::optional<std::uint64_t> adapted_to_;  // what was shared out last, and when
  std::optional<Timestamp> adapted_at_;
  std::vector<sdp::NegotiatedSection> sections_;  // as they were applied last
};

}  // namespace tidewire::session
