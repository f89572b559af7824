// What is sent of what the path carries: corrected by what the encoders tell.
#include <algorithm>
#include <cmath>
#include <utility>

#include "session/media_transport.h"

namespace tidewire::session {
namespace {

// Other rates that an encoder is to be told, or more than rates.
bool notably_other(const std::vector<SendEncoding>& before, const std::vector<SendEncoding>& after) {
  return !std::ranges::equal(before, after, [](const SendEncoding& a, SendEncoding b) {
    const auto difference = std::abs(static_cast<double>(a.bitrate) - static_cast<double>(b.bitrate));
    if (difference > MediaTransport::kNotable * static_cast<double>(a.bitrate)) return false;
    b.bitrate = a.bitrate;
    return a == b;
  });
}

}  // namespace

// True when that is something else than before.
bool MediaTransport::grant(RateAllocator::Claim& claim, Timestamp now) {
  Streams& streams = streams_[claim.transceiver];
  const bool single = claim.kind == MediaKind::kVideo && claim.granted->size() == 1;
  if (single) streams.limits.apply(claim.granted->front(), sending_of(claim.transceiver, claim.granted->front()));
  if (!notably_other(streams.encodings, *claim.granted)) return false;
  if (single) streams.limits.note_change(streams.encodings.front(), claim.granted->front(), now);
  streams.encodings = std::move(*claim.granted);
  for (std::size_t i = 0; i < streams.send.size(); ++i) {
    table_->set_target_bitrate(streams.send[i], streams.encodings[i].bitrate);
  }
  if (claim.kind != MediaKind::kVideo) return true;
  // Of several encodings the last is the largest.
  if (streams.limitation.update(streams.asked.back(), streams.encodings.back(), single && streams.limits.limits(),
                                now)) {
    limited_.push_back(claim.transceiver);
  }
  return true;
}

void MediaTransport::note_encoder_load(TransceiverId transceiver, const EncoderLoad& load, Timestamp now) {
  const auto found = streams_.find(transceiver);
  if (found == streams_.end() || found->second.encodings.size() != 1) return;
  Streams& streams = found->second;
  if (kind_of(streams.asked.front().codec) != MediaKind::kVideo) return;
  const std::vector<CodecType> codecs = codecs_to_choose_from(transceiver, streams.asked.front());
  EncoderLimits::Sending sending = sending_of(transceiver, streams.encodings.front());
  sending.codecs = codecs;
  const auto before = streams.limits.codec();
  if (!streams.limits.note_load(load, sending, now)) return;
  ask_anew();
  if (streams.limits.codec() == before) return;
  const auto section = std::ranges::find(sections_, transceiver, &sdp::NegotiatedSection::transceiver);
  if (section != sections_.end()) apply_send(*section, streams, now);
}

void MediaTransport::note_picture(TransceiverId transceiver, const EncodedFrame& picture, Timestamp now) {
  const auto found = streams_.find(transceiver);
  if (found == streams_.end() || found->second.encodings.size() != 1) return;
  if (found->second.limits.note_picture(picture, now)) ask_anew();
}

EncoderLimits::Sending MediaTransport::sending_of(TransceiverId transceiver, const SendEncoding& granted) const {
  return {.granted = &granted,
          .preference = preference(transceiver),
          .details = detailed_.contains(transceiver),
          .steps = config_.video_ladder};
}

// Those that have its layers, unless the application has chosen.
std::vector<CodecType> MediaTransport::codecs_to_choose_from(TransceiverId transceiver,
                                                             const SendEncoding& asked) const {
  std::vector<CodecType> codecs;
  const auto section = std::ranges::find(sections_, transceiver, &sdp::NegotiatedSection::transceiver);
  if (!config_.codec_switching || section == sections_.end()) return codecs;
  const auto wish = wishes(transceiver);
  if (!wish.empty() && wish.front().codec) return codecs;
  for (const sdp::NegotiatedCodec& codec : section->codecs) {
    if (is_known(codec) && supports(codec_type(codec), asked.parameters.scalability_mode)) {
      codecs.push_back(codec_type(codec));
    }
  }
  return codecs;
}

void MediaTransport::choose_codec(const Streams& streams, const sdp::NegotiatedSection& section,
                                  std::vector<RtpEncodingParameters>& wanted) {
  if (!streams.limits.codec() || wanted.size() != 1 || wanted.front().codec) return;
  const auto chosen = std::ranges::find_if(section.codecs, [&](const sdp::NegotiatedCodec& codec) {
    return is_known(codec) && codec_type(codec) == *streams.limits.codec();
  });
  if (chosen != section.codecs.end()) wanted.front().codec = to_rtp_codec(*chosen);
}

}  // namespace tidewire::session
