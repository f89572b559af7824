// RTP media of a session: which streams exist follows from what was negotiated, and each belongs to a transceiver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/random.h"
#include "media/stream_table.h"
#include "sdp/negotiated_session.h"
#include "tidewire/packet.h"

namespace tidewire::session {

struct MediaConfig {
  WallClockAnchor wall_clock;
  std::uint64_t video_bitrate = 0;
  std::uint64_t audio_bitrate = 0;
};

// What an encoder has to make for a transceiver.
struct SendCodec {
  CodecType codec = CodecType::kVp8;
  std::size_t max_nal_unit_size = 0;  // event::SendingChanged
  friend bool operator==(const SendCodec&, const SendCodec&) = default;
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

  std::optional<TransceiverId> transceiver_of(media::StreamId stream) const;
  std::optional<media::StreamId> send_stream(TransceiverId transceiver) const;
  std::optional<media::StreamId> receive_stream(TransceiverId transceiver) const;
  // Transceivers that may send, with the codec to use.
  std::map<TransceiverId, SendCodec> sending() const;
  std::optional<CodecType> sent_codec(TransceiverId transceiver) const;

  Timestamp next_timeout() const { return table_ ? table_->next_timeout() : kNever; }

 private:
  struct Streams {
    std::optional<media::StreamId> send;
    std::optional<media::StreamId> receive;
    SendCodec codec;
  };

  void apply_send(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now);
  void apply_receive(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now);
  void drop(std::optional<media::StreamId>& stream, Timestamp now);

  MediaConfig config_;
  PacketPool* pool_;
  crypto::Random random_;
  std::unique_ptr<media::StreamTable> table_;
  std::map<TransceiverId, Streams> streams_;
};

}  // namespace tidewire::session
