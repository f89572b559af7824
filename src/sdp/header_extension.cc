#include "sdp/header_extension.h"

#include <optional>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

std::optional<RtpTransceiverDirection> direction_named(std::string_view name) {
  using enum RtpTransceiverDirection;
  for (const RtpTransceiverDirection direction : {kSendrecv, kSendonly, kRecvonly, kInactive}) {
    if (name == to_string(direction)) return direction;
  }
  return std::nullopt;
}

// RFC 8285 §5: "a=extmap:6/recvonly URI attributes"
std::optional<HeaderExtension> parse_extension(std::string_view text) {
  std::string_view where = take_word(text);
  const bool directed = where.find('/') != std::string_view::npos;
  const std::optional<std::uint16_t> id = to_number<std::uint16_t>(take_until(where, '/'));
  const std::optional<RtpTransceiverDirection> direction =
      directed ? direction_named(where) : RtpTransceiverDirection::kSendrecv;
  const std::string_view uri = take_word(text);
  if (!id || *id == 0 || !direction || uri.empty()) return std::nullopt;
  return HeaderExtension{*id, *direction, std::string(uri), std::string(text)};
}

}  // namespace

Result<std::vector<HeaderExtension>> parse_header_extensions(const Attributes& attributes) {
  constexpr std::size_t kMaxExtensions = 64;
  std::vector<HeaderExtension> extensions;
  for (const Attribute& attribute : attributes.all()) {
    if (attribute.name != "extmap") continue;
    std::optional<HeaderExtension> extension = parse_extension(attribute.text());
    if (!extension) return syntax_error(attribute.line, "malformed extmap " + quoted(attribute.text()));
    if (extensions.size() < kMaxExtensions) extensions.push_back(*std::move(extension));
  }
  return extensions;
}

void write_header_extension(const HeaderExtension& extension, Attributes& attributes) {
  std::string text = std::to_string(extension.id);
  if (extension.direction != RtpTransceiverDirection::kSendrecv) {
    text.append("/").append(to_string(extension.direction));
  }
  text += " " + extension.uri;
  if (!extension.attributes.empty()) text += " " + extension.attributes;
  attributes.add("extmap", std::move(text));
}

}  // namespace tidewire::sdp
