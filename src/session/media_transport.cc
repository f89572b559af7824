#include "session/media_transport.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sdp/h264_profile.h"

namespace tidewire::session {
namespace {

std::optional<CodecType> codec_type(const sdp::NegotiatedCodec& codec) {
  // The names are our own spelling: the negotiator maps the peer's to it.
  constexpr std::array kCodecs = {CodecType::kOpus, CodecType::kPcmu, CodecType::kPcma, CodecType::kVp8,
                                  CodecType::kVp9,  CodecType::kH264, CodecType::kAv1};
  const auto known = std::ranges::find(kCodecs, codec.name, [](CodecType type) { return to_string(type); });
  return known == kCodecs.end() ? std::nullopt : std::optional(*known);
}

// RFC 6184 §6.2: in single NAL unit mode a unit fits a packet (media::SendStreamConfig::max_packet_size), beside the
// header and its extensions.
constexpr std::size_t kMaxSingleNalUnit = 1100;

SendCodec send_codec(const sdp::NegotiatedCodec& codec) {
  SendCodec out{.codec = codec_type(codec).value_or(CodecType::kVp8)};
  if (out.codec == CodecType::kH264 && sdp::h264_packetization_mode(codec.send_fmtp) == 0) {
    out.max_nal_unit_size = kMaxSingleNalUnit;
  }
  return out;
}

rtp::ExtensionMap extension_map(const sdp::NegotiatedSection& section, bool for_sending) {
  rtp::ExtensionMap map;
  for (const sdp::NegotiatedExtension& extension : section.extensions) {
    const auto type = rtp::extension_from_uri(extension.uri);
    if (type && (for_sending ? extension.send : extension.receive)) map.add(*type, extension.id);
  }
  return map;
}

const sdp::NegotiatedCodec* first_known_codec(const sdp::NegotiatedSection& section) {
  const auto known =
      std::ranges::find_if(section.codecs, [](const auto& codec) { return codec_type(codec).has_value(); });
  return known == section.codecs.end() ? nullptr : &*known;
}

std::optional<media::RtxConfig> rtx_config(const sdp::NegotiatedSection& section, const sdp::NegotiatedCodec& codec) {
  if (!codec.send_rtx_payload_type) return std::nullopt;
  return media::RtxConfig{rtp::Ssrc{section.local_rtx_ssrc}, rtp::PayloadType{*codec.send_rtx_payload_type}};
}

bool any_codec_has(const sdp::NegotiatedSection& section, std::string_view type, std::string_view parameter = {}) {
  return std::ranges::any_of(section.codecs,
                             [&](const sdp::NegotiatedCodec& codec) { return codec.has_feedback(type, parameter); });
}

}  // namespace

void MediaTransport::apply(const std::vector<sdp::NegotiatedSection>& sections, Timestamp now) {
  std::map<TransceiverId, Streams> before = std::exchange(streams_, {});
  for (const sdp::NegotiatedSection& section : sections) {
    if (!section.transceiver || section.rejected) continue;
    if (!table_) {
      table_ = std::make_unique<media::StreamTable>(
          media::StreamTableConfig{.cname = section.local_cname, .wall_clock = config_.wall_clock}, *pool_,
          random_.fork());
    }
    table_->set_reduced_size_rtcp(section.rtcp_rsize);
    Streams streams;
    if (auto known = before.extract(*section.transceiver)) streams = known.mapped();
    apply_send(section, streams, now);
    apply_receive(section, streams, now);
    streams_[*section.transceiver] = streams;
  }
  for (auto& [transceiver, streams] : before) {
    drop(streams.send, now);
    drop(streams.receive, now);
  }
}

void MediaTransport::apply_send(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now) {
  const sdp::NegotiatedCodec* codec = first_known_codec(section);
  if (!section.send || !codec) return drop(streams.send, now);
  streams.codec = send_codec(*codec);
  const bool video = media::kind(streams.codec.codec) == MediaKind::kVideo;
  const media::SendStreamConfig config{
      .codec = streams.codec.codec,
      .ssrc = rtp::Ssrc{section.local_ssrc},
      .payload_type = rtp::PayloadType{codec->send_payload_type},
      .h264_packetization_mode = streams.codec.max_nal_unit_size == 0 ? media::H264PacketizationMode::kNonInterleaved
                                                                      : media::H264PacketizationMode::kSingleNalUnit,
      .mid = section.mid,
      .extensions = extension_map(section, true),
      .nack = codec->has_feedback("nack"),
      .rtx = rtx_config(section, *codec),
      .target_bitrate = video ? config_.video_bitrate : config_.audio_bitrate,
  };
  if (streams.send && table_->update_send_stream(*streams.send, config)) return;
  drop(streams.send, now);
  if (auto added = table_->add_send_stream(config, now)) streams.send = *added;
}

void MediaTransport::apply_receive(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now) {
  if (!section.receive) return drop(streams.receive, now);
  media::ReceiveStreamConfig config{
      .kind = section.kind == sdp::SectionKind::kAudio ? MediaKind::kAudio : MediaKind::kVideo,
      .mid = section.mid,
      .extensions = extension_map(section, false),
      .nack = any_codec_has(section, "nack"),
      .picture_loss_indication = any_codec_has(section, "nack", "pli"),
      .full_intra_request = any_codec_has(section, "ccm", "fir"),
      .transport_wide_feedback = any_codec_has(section, "transport-cc"),
  };
  for (const sdp::RemoteSource& source : section.remote_sources) {
    config.ssrcs.emplace_back(source.ssrc);
    if (source.rtx_ssrc) config.rtx_ssrcs.emplace_back(*source.rtx_ssrc);
  }
  for (const sdp::NegotiatedCodec& codec : section.codecs) {
    if (const auto type = codec_type(codec)) {
      media::ReceiveCodec& known = config.codecs.emplace_back(
          media::ReceiveCodec{.payload_type = rtp::PayloadType{codec.receive_payload_type}, .codec = *type});
      if (codec.receive_rtx_payload_type) known.rtx_payload_type = rtp::PayloadType{*codec.receive_rtx_payload_type};
    }
  }
  if (streams.receive && table_->update_receive_stream(*streams.receive, config)) return;
  drop(streams.receive, now);
  if (auto added = table_->add_receive_stream(std::move(config), now)) streams.receive = *added;
}

void MediaTransport::drop(std::optional<media::StreamId>& stream, Timestamp now) {
  if (stream && table_) table_->remove_stream(*stream, now);
  stream.reset();
}

std::optional<TransceiverId> MediaTransport::transceiver_of(media::StreamId stream) const {
  for (const auto& [transceiver, streams] : streams_) {
    if (streams.send == stream || streams.receive == stream) return transceiver;
  }
  return std::nullopt;
}

std::optional<media::StreamId> MediaTransport::send_stream(TransceiverId transceiver) const {
  const auto found = streams_.find(transceiver);
  return found == streams_.end() ? std::nullopt : found->second.send;
}

std::optional<media::StreamId> MediaTransport::receive_stream(TransceiverId transceiver) const {
  const auto found = streams_.find(transceiver);
  return found == streams_.end() ? std::nullopt : found->second.receive;
}

std::optional<CodecType> MediaTransport::sent_codec(TransceiverId transceiver) const {
  const auto found = streams_.find(transceiver);
  if (found == streams_.end() || !found->second.send) return std::nullopt;
  return found->second.codec.codec;
}

std::map<TransceiverId, SendCodec> MediaTransport::sending() const {
  std::map<TransceiverId, SendCodec> sending;
  for (const auto& [transceiver, streams] : streams_) {
    if (streams.send) sending[transceiver] = streams.codec;
  }
  return sending;
}

}  // namespace tidewire::session
