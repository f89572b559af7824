// W3C getParameters.
#include <algorithm>
#include <string>

#include "session/session_impl.h"

namespace tidewire {

const std::vector<sdp::NegotiatedCodec>& Session::Impl::negotiated_codecs(TransceiverId transceiver) const {
  static const std::vector<sdp::NegotiatedCodec> none;
  const auto& sections = negotiator.negotiated().sections;
  const auto section = std::ranges::find(sections, transceiver, &sdp::NegotiatedSection::transceiver);
  return section == sections.end() ? none : section->codecs;
}

RtpSendParameters Session::Impl::send_parameters(TransceiverId transceiver) const {
  RtpSendParameters parameters;
  const auto known = negotiator.transceiver(transceiver);
  if (!known) return parameters;
  // As the descriptions have them now: an answer may have left one encoding of several.
  const auto& sections = negotiator.negotiated().sections;
  const auto section = std::ranges::find(sections, transceiver, &sdp::NegotiatedSection::transceiver);
  const bool agreed = section != sections.end() && !section->local_encodings.empty();
  sdp::NegotiatedSection shape;
  shape.local_encodings = agreed ? section->local_encodings : known->encodings;
  parameters.encodings = session::wishes_for(shape, media.wishes(transceiver));
  parameters.degradation_preference = media.degradation_preference(transceiver);
  const auto changes = parameter_changes.find(transceiver);
  parameters.transaction_id = std::to_string(changes == parameter_changes.end() ? 0 : changes->second) + "." +
                              std::to_string(parameters.encodings.size());
  if (!agreed) return parameters;
  parameters.cname = section->local_cname;
  parameters.reduced_size_rtcp = section->rtcp_rsize;
  for (const sdp::NegotiatedCodec& codec : section->codecs) {
    parameters.codecs.push_back({codec.send_payload_type, session::to_rtp_codec(codec)});
  }
  for (const sdp::NegotiatedExtension& extension : section->extensions) {
    if (extension.send) parameters.header_extensions.push_back({extension.uri, extension.id});
  }
  return parameters;
}

}  // namespace tidewire
