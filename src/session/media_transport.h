// RTP media of a session: which streams exist follows from what was negotiated, and each belongs to a transceiver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/random.h"
#include "media/stream_table.h"
#include "sdp/negotiated_session.h"
#include "session/send_encodings.h"
#include "tidewire/packet.h"

namespace tidewire::session {

struct MediaConfig {
  WallClockAnchor wall_clock;
  std::uint64_t video_bitrate = 0;
  std::uint64_t audio_bitrate = 0;
};

class MediaTransport {
 public:
  MediaTransport(const MediaConfig& config, PacketPool& pool, crypto::Random random)
      : config_(config), pool_(&pool), random_(std::move(random)) {}

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
    std::vector<media::StreamId> send;  // one for each of `encodings`
    std::vector<SendEncoding> encodings;
    std::vector<Incoming> receive;
  };

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
  std::vector<sdp::NegotiatedSection> sections_;  // as they were applied last
};

}  // namespace tidewire::session
