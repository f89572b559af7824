#include "session/codec_preferences.h"

#include <algorithm>
#include <string>

namespace tidewire {
namespace session {
namespace {

// Of a=fmtp. The text goes into descriptions as it is.
constexpr std::size_t kMaxParameters = 256;

bool same_codec(const RtpCodec& a, const RtpCodec& b) {
  return sdp::same_token(a.mime_type, b.mime_type) && a.clock_rate == b.clock_rate && a.channels == b.channels &&
         a.sdp_fmtp_line == b.sdp_fmtp_line;
}

// RFC 7587 §6.1: what a receiver of Opus wants to be sent is its own affair, so any parameters may be wished for.
bool is_wish(const RtpCodec& wanted, const RtpCodec& known) {
  RtpCodec same = wanted;
  same.sdp_fmtp_line = known.sdp_fmtp_line;
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  return sdp::same_token(known.mime_type, "audio/opus") && same_codec(same, known) &&
         wanted.sdp_fmtp_line.size() <= kMaxParameters && std::ranges::all_of(wanted.sdp_fmtp_line, printable);
}

std::string describe(const RtpCodec& codec) {
  std::string text = "\"" + codec.mime_type + "\" at " + std::to_string(codec.clock_rate) + " Hz";
  if (codec.channels) text += " with " + std::to_string(*codec.channels) + " channel(s)";
  if (!codec.sdp_fmtp_line.empty()) text += " and \"" + codec.sdp_fmtp_line + "\"";
  return text;
}

}  // namespace

RtpCodec to_rtp_codec(const sdp::CodecCapability& codec) {
  RtpCodec out{.mime_type = std::string(to_string(codec.kind)) + "/" + codec.name,
               .clock_rate = codec.clock_rate,
               .sdp_fmtp_line = codec.fmtp};
  if (codec.kind == MediaKind::kAudio) out.channels = codec.channels;
  return out;
}

Result<std::vector<sdp::CodecCapability>> find_capabilities(const sdp::Capabilities& capabilities, MediaKind kind,
                                                            const std::vector<RtpCodec>& preferences) {
  std::vector<sdp::CodecCapability> found;
  for (const RtpCodec& wanted : preferences) {
    const auto known = std::ranges::find_if(capabilities.codecs, [&](const sdp::CodecCapability& codec) {
      const RtpCodec name = to_rtp_codec(codec);
      return codec.kind == kind && (same_codec(name, wanted) || is_wish(wanted, name));
    });
    if (known == capabilities.codecs.end()) {
      return Error{ErrorCode::kInvalidModification, "codec " + describe(wanted) + " is not among the " +
                                                        std::string(to_string(kind)) +
                                                        " capabilities; take one from rtp_capabilities()"};
    }
    sdp::CodecCapability preferred = *known;
    if (preferred.name == "opus") preferred.fmtp = wanted.sdp_fmtp_line;
    if (std::ranges::find(found, preferred) == found.end()) found.push_back(std::move(preferred));
  }
  const bool frames = std::ranges::any_of(found, [](const auto& codec) { return sdp::carries_frames(codec.name); });
  if (!found.empty() && !frames) {
    return Error{ErrorCode::kInvalidModification,
                 "the preferences have \"" + found.front().name + "\" alone; add the codec whose frames it carries"};
  }
  return found;
}

}  // namespace session

RtpCapabilities rtp_capabilities(MediaKind kind) {
  const sdp::Capabilities all = sdp::default_capabilities();
  RtpCapabilities capabilities;
  for (const sdp::CodecCapability& codec : all.codecs) {
    if (codec.kind == kind) capabilities.codecs.push_back(session::to_rtp_codec(codec));
  }
  for (const sdp::HeaderExtensionCapability& extension : all.header_extensions) {
    if (extension.kind == kind) capabilities.header_extensions.push_back({extension.uri});
  }
  return capabilities;
}

}  // namespace tidewire
