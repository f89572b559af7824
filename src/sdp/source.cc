#include "sdp/source.h"

#include <algorithm>
#include <string_view>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

// Bounds on each list; what is beyond them is left out.
constexpr std::size_t kMaxSources = 256;
constexpr std::size_t kMaxEntries = 64;

// RFC 8830 §2: "stream track", the track is optional.
std::optional<Msid> parse_msid(std::string_view text) {
  const std::string_view stream = take_word(text);
  const std::string_view track = take_word(text);
  if (stream.empty() || !take_word(text).empty()) return std::nullopt;
  return Msid{std::string(stream), std::string(track)};
}

// RFC 5576 §4.1: "a=ssrc:1 cname:x"
bool read_source(std::string_view text, std::vector<Source>& sources) {
  const std::optional<std::uint32_t> ssrc = to_number<std::uint32_t>(take_word(text));
  if (!ssrc) return false;
  auto source = std::find_if(sources.begin(), sources.end(), [&](const Source& s) { return s.ssrc == *ssrc; });
  if (source == sources.end()) {
    if (sources.size() == kMaxSources) return true;
    source = sources.insert(source, Source{*ssrc, {}, {}});
  }
  const std::string_view name = take_until(text, ':');
  if (name == "cname") source->cname = text;
  if (name == "msid") source->msid = parse_msid(text);
  return true;
}

// RFC 5576 §4.2: "a=ssrc-group:FID 1 2"
std::optional<SourceGroup> parse_source_group(std::string_view text) {
  SourceGroup group{std::string(take_word(text)), {}};
  if (group.semantics.empty()) return std::nullopt;
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    const std::optional<std::uint32_t> ssrc = to_number<std::uint32_t>(word);
    if (!ssrc) return std::nullopt;
    if (group.ssrcs.size() < kMaxEntries) group.ssrcs.push_back(*ssrc);
  }
  return group;
}

// RFC 8851 §10: "a=rid:q send max-width=320"
std::optional<Rid> parse_rid(std::string_view text) {
  const std::string_view id = take_word(text);
  const std::string_view direction = take_word(text);
  if (!is_token(id) || (direction != "send" && direction != "recv")) return std::nullopt;
  return Rid{std::string(id), direction == "send", std::string(text)};
}

// RFC 8853 §5.1: "a=simulcast:send q;h;f recv a"
std::optional<Simulcast> parse_simulcast(std::string_view text) {
  Simulcast simulcast;
  for (std::string_view direction = take_word(text); !direction.empty(); direction = take_word(text)) {
    std::string_view list = take_word(text);
    if ((direction != "send" && direction != "recv") || list.empty()) return std::nullopt;
    std::vector<std::string>& streams = direction == "send" ? simulcast.send : simulcast.receive;
    while (!list.empty() && streams.size() < kMaxEntries) streams.emplace_back(take_until(list, ';'));
  }
  if (simulcast.send.empty() && simulcast.receive.empty()) return std::nullopt;
  return simulcast;
}

template <typename T>
bool keep(std::optional<T> value, std::vector<T>& list) {
  if (!value) return false;
  if (list.size() < kMaxEntries) list.push_back(*std::move(value));
  return true;
}

// False when it is malformed; other attributes are passed over.
bool read(const Attribute& attribute, SourceAttributes& out) {
  const std::string_view text = attribute.text();
  if (attribute.name == "msid") return keep(parse_msid(text), out.msids);
  if (attribute.name == "ssrc") return read_source(text, out.sources);
  if (attribute.name == "ssrc-group") return keep(parse_source_group(text), out.groups);
  if (attribute.name == "rid") return keep(parse_rid(text), out.rids);
  if (attribute.name == "simulcast") {
    out.simulcast = parse_simulcast(text);
    return out.simulcast.has_value();
  }
  return true;
}

}  // namespace

Result<SourceAttributes> parse_sources(const MediaSection& section) {
  SourceAttributes out;
  for (const Attribute& attribute : section.attributes.all()) {
    if (!read(attribute, out)) {
      return syntax_error(attribute.line, "malformed " + attribute.name + " " + quoted(attribute.text()));
    }
  }
  return out;
}

}  // namespace tidewire::sdp
