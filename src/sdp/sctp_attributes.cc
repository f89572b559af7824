#include "sdp/sctp_attributes.h"

#include <optional>

#include "sdp/text.h"

namespace tidewire::sdp {

Result<SctpAttributes> parse_sctp(const MediaSection& section) {
  SctpAttributes sctp;
  // draft-ietf-mmusic-sctp-sdp-07 and before: "a=sctpmap:5000 webrtc-datachannel 1024"
  if (const Attribute* map = section.attributes.find("sctpmap")) {
    std::string_view rest = map->text();
    const std::optional<std::uint16_t> port = to_number<std::uint16_t>(take_word(rest));
    if (!port) return syntax_error(map->line, "malformed sctpmap " + quoted(map->text()));
    sctp.port = *port;
  }
  if (const Attribute* attribute = section.attributes.find("sctp-port")) {
    const std::optional<std::uint16_t> port = to_number<std::uint16_t>(attribute->text());
    if (!port) return syntax_error(attribute->line, "malformed sctp-port " + quoted(attribute->text()));
    sctp.port = *port;
  }
  if (const Attribute* attribute = section.attributes.find("max-message-size")) {
    const std::optional<std::uint64_t> size = to_number<std::uint64_t>(attribute->text());
    if (!size) return syntax_error(attribute->line, "malformed max-message-size " + quoted(attribute->text()));
    sctp.max_message_size = *size;
  }
  return sctp;
}

}  // namespace tidewire::sdp
