#include "session/send_encodings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "sdp/audio_parameters.h"
#include "sdp/codec.h"
#include "sdp/h264_profile.h"
#include "session/h264_limits.h"

namespace tidewire::session {
namespace {

// RFC 6184 §6.2: in single NAL unit mode a unit fits a packet (media::SendStreamConfig::max_packet_size), beside the
// header and its extensions.
constexpr std::size_t kMaxSingleNalUnit = 1100;

std::optional<CodecType> find_codec_type(std::string_view name) {
  // The names are our own spelling: the negotiator maps the peer's to it.
  constexpr std::array kCodecs = {CodecType::kOpus, CodecType::kPcmu, CodecType::kPcma, CodecType::kVp8,
                                  CodecType::kVp9,  CodecType::kH264, CodecType::kAv1};
  const auto known = std::ranges::find(kCodecs, name, [](CodecType type) { return to_string(type); });
  return known == kCodecs.end() ? std::nullopt : std::optional(*known);
}

Result<> check(MediaKind kind, const RtpEncodingParameters& encoding) {
  if (encoding.max_bitrate == 0U) {
    return Error{ErrorCode::kType, "max_bitrate is 0; set active to false to send nothing"};
  }
  if (!encoding.scalability_mode.valid()) {
    return Error{ErrorCode::kType, "this scalability mode is none; take one that ScalabilityMode::parse() gives"};
  }
  if (kind == MediaKind::kAudio && (encoding.scale_resolution_down_by || encoding.max_framerate)) {
    return Error{ErrorCode::kType, "sound has neither a resolution nor a frame rate"};
  }
  if (encoding.scale_resolution_down_by && !(*encoding.scale_resolution_down_by >= 1.0)) {
    return Error{ErrorCode::kRange, "scale_resolution_down_by is below 1; pictures are not enlarged"};
  }
  if (encoding.max_framerate && !(*encoding.max_framerate > 0.0)) {
    return Error{ErrorCode::kRange, "max_framerate is not above 0; set active to false to send nothing"};
  }
  return {};
}

// W3C webrtc-pc §5.1 addTransceiver: each of several encodings has twice the size of the one before.
double default_scale(std::size_t index, std::size_t count) { return std::exp2(static_cast<double>(count - 1 - index)); }

}  // namespace

bool is_known(const sdp::NegotiatedCodec& codec) { return find_codec_type(codec.name).has_value(); }

CodecType codec_type(const sdp::NegotiatedCodec& codec) {
  return find_codec_type(codec.name).value_or(CodecType::kVp8);
}

RtpCodec to_rtp_codec(const sdp::NegotiatedCodec& codec) {
  const bool video = codec.clock_rate == 90'000;
  RtpCodec out{.mime_type = (video ? "video/" : "audio/") + codec.name,
               .clock_rate = codec.clock_rate,
               .sdp_fmtp_line = codec.receive_fmtp};
  if (!video) out.channels = codec.channels;
  return out;
}

Result<> check_encodings(MediaKind kind, const std::vector<RtpEncodingParameters>& encodings) {
  for (const RtpEncodingParameters& encoding : encodings) {
    if (auto checked = check(kind, encoding); !checked) return checked;
  }
  return {};
}

Result<> check_change(MediaKind kind, const std::vector<RtpEncodingParameters>& before,
                      const std::vector<RtpEncodingParameters>& after,
                      const std::vector<sdp::NegotiatedCodec>& negotiated) {
  if (!std::ranges::equal(before, after, {}, &RtpEncodingParameters::rid, &RtpEncodingParameters::rid)) {
    return Error{
        ErrorCode::kInvalidModification,
        "the encodings are others than before; change those that parameters() returned, and none of their rids"};
  }
  for (const RtpEncodingParameters& encoding : after) {
    if (!encoding.codec || negotiated.empty()) continue;
    const bool known = std::ranges::any_of(negotiated, [&](const sdp::NegotiatedCodec& codec) {
      return is_known(codec) && sdp::same_token(to_rtp_codec(codec).mime_type, encoding.codec->mime_type);
    });
    if (!known) {
      return Error{ErrorCode::kInvalidModification,
                   "codec \"" + encoding.codec->mime_type + "\" was not negotiated; take one of parameters().codecs"};
    }
  }
  for (const RtpEncodingParameters& encoding : after) {
    const sdp::NegotiatedCodec* codec = codec_for(encoding, negotiated);
    if (kind != MediaKind::kVideo || !codec || supports(codec_type(*codec), encoding.scalability_mode)) continue;
    return Error{ErrorCode::kOperation,
                 codec->name + " has no scalability mode " + to_string(encoding.scalability_mode)};
  }
  return check_encodings(kind, after);
}

const sdp::NegotiatedCodec* codec_for(const RtpEncodingParameters& wish,
                                      const std::vector<sdp::NegotiatedCodec>& negotiated) {
  const sdp::NegotiatedCodec* first = nullptr;
  const sdp::NegotiatedCodec* same_name = nullptr;
  for (const sdp::NegotiatedCodec& codec : negotiated) {
    if (!is_known(codec)) continue;
    if (!first) first = &codec;
    const RtpCodec name = to_rtp_codec(codec);
    if (!wish.codec || !sdp::same_token(name.mime_type, wish.codec->mime_type)) continue;
    // H.264 stands in the list in several forms.
    if (name.sdp_fmtp_line == wish.codec->sdp_fmtp_line) return &codec;
    if (!same_name) same_name = &codec;
  }
  return same_name ? same_name : first;
}

std::vector<RtpEncodingParameters> wishes_for(const sdp::NegotiatedSection& section,
                                              const std::vector<RtpEncodingParameters>& wishes) {
  std::vector<RtpEncodingParameters> out;
  for (const sdp::LocalEncoding& encoding : section.local_encodings) {
    const auto known = std::ranges::find(wishes, encoding.rid, &RtpEncodingParameters::rid);
    out.push_back(known != wishes.end() ? *known : RtpEncodingParameters{.rid = encoding.rid});
  }
  return out;
}

std::vector<SendEncoding> send_encodings(const sdp::NegotiatedSection& section,
                                         const std::vector<RtpEncodingParameters>& wishes, std::uint64_t bitrate) {
  std::vector<SendEncoding> out;
  double pixels = 0;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const sdp::NegotiatedCodec* codec = codec_for(wishes[i], section.codecs);
    if (!codec) return {};
    SendEncoding& encoding = out.emplace_back(SendEncoding{.codec = codec_type(*codec), .parameters = wishes[i]});
    double& scale = encoding.parameters.scale_resolution_down_by.emplace(
        wishes[i].scale_resolution_down_by.value_or(default_scale(i, wishes.size())));
    if (wishes[i].active && !wishes[i].max_bitrate) pixels += 1 / (scale * scale);
    // What the codec that was negotiated does not have is left out, as browsers do.
    if (!supports(encoding.codec, wishes[i].scalability_mode)) encoding.parameters.scalability_mode = {};
    if (encoding.codec == CodecType::kH264 && sdp::h264_packetization_mode(codec->send_fmtp) == 0) {
      encoding.max_nal_unit_size = kMaxSingleNalUnit;
    }
    if (encoding.codec == CodecType::kH264) {
      const H264Limits limits = h264_send_limits(*codec);
      encoding.max_macroblocks = limits.macroblocks;
      encoding.max_macroblocks_per_second = limits.macroblocks_per_second;
    }
    if (kind_of(encoding.codec) == MediaKind::kAudio) {
      encoding.audio = sdp::audio_send_parameters(encoding.codec == CodecType::kOpus ? codec->send_fmtp : "",
                                                  section.remote_ptime, section.remote_maxptime);
      // RFC 2198: a copy of each frame brings back all that in-band redundancy would, and better: for both there is no
      // use, and without the latter Opus is free to choose its mode.
      const auto red = std::ranges::find(section.codecs, "red", &sdp::NegotiatedCodec::name);
      if (red != section.codecs.end() && &*red < codec) encoding.audio.fec = false;
    }
  }
  for (SendEncoding& encoding : out) {
    const double scale = *encoding.parameters.scale_resolution_down_by;
    const double share = pixels > 0 ? 1 / (scale * scale) / pixels : 1;
    encoding.bitrate = encoding.parameters.max_bitrate.value_or(
        static_cast<std::uint32_t>(static_cast<double>(bitrate) * std::min(share, 1.0)));
    if (encoding.audio.max_average_bitrate) {
      encoding.bitrate = std::min<std::uint64_t>(encoding.bitrate, *encoding.audio.max_average_bitrate);
    }
  }
  return out;
}

}  // namespace tidewire::session
