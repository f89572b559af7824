#include "sdp/codec.h"

#include <algorithm>
#include <array>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

// More than any codec has; a hostile "a=rtcp-fb:*" would multiply with the codecs.
constexpr std::size_t kMaxFeedback = 32;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Codecs by payload type.
using Table = std::array<std::optional<Codec>, 128>;

std::optional<std::uint8_t> payload_type(std::string_view text) {
  const std::optional<std::uint8_t> number = to_number<std::uint8_t>(text);
  return number && *number < 128 ? number : std::nullopt;
}

// RFC 3551 §6: payload types that have a meaning without rtpmap.
void set_static(Codec& codec) {
  switch (codec.payload_type) {
    case 0: codec.name = "PCMU"; break;
    case 8: codec.name = "PCMA"; break;
    case 9: codec.name = "G722"; break;
    case 13: codec.name = "CN"; break;
    default: return;
  }
  codec.clock_rate = 8000;
}

// RFC 8866 §6.6: "a=rtpmap:111 opus/48000/2"
Result<> read_rtpmap(const Attribute& attribute, Table& table) {
  std::string_view rest = attribute.text();
  const std::optional<std::uint8_t> number = payload_type(take_word(rest));
  std::string_view encoding = take_word(rest);
  const std::string_view name = take_until(encoding, '/');
  const std::optional<std::uint32_t> clock_rate = to_number<std::uint32_t>(take_until(encoding, '/'));
  const std::optional<std::uint8_t> channels = encoding.empty() ? 1 : to_number<std::uint8_t>(encoding);
  if (!number || !is_token(name) || !clock_rate || *clock_rate == 0 || !channels || *channels == 0) {
    return syntax_error(attribute.line, "malformed rtpmap " + quoted(attribute.text()));
  }
  std::optional<Codec>& codec = table[*number];
  if (!codec) return {};
  codec->name = name;
  codec->clock_rate = *clock_rate;
  codec->channels = *channels;
  return {};
}

// RFC 8866 §6.15: "a=fmtp:111 minptime=10;useinbandfec=1"
Result<> read_fmtp(const Attribute& attribute, Table& table) {
  std::string_view rest = attribute.text();
  const std::optional<std::uint8_t> number = payload_type(take_word(rest));
  if (!number) return syntax_error(attribute.line, "malformed fmtp " + quoted(attribute.text()));
  std::optional<Codec>& codec = table[*number];
  if (codec && codec->fmtp.empty()) codec->fmtp = trimmed(rest);
  return {};
}

// RFC 4585 §4.2: "a=rtcp-fb:96 nack pli"
Result<> read_feedback(const Attribute& attribute, Table& table) {
  std::string_view rest = attribute.text();
  const std::string_view target = take_word(rest);
  const std::optional<std::uint8_t> number = payload_type(target);
  const std::string_view type = take_word(rest);
  if ((!number && target != "*") || type.empty()) {
    return syntax_error(attribute.line, "malformed rtcp-fb " + quoted(attribute.text()));
  }
  const auto add = [&](std::optional<Codec>& codec) {
    if (!codec || codec->feedback.size() == kMaxFeedback) return;
    codec->feedback.push_back({std::string(type), std::string(trimmed(rest))});
  };
  if (number) {
    add(table[*number]);
  } else {
    std::for_each(table.begin(), table.end(), add);
  }
  return {};
}

}  // namespace

Result<std::vector<Codec>> parse_codecs(const MediaSection& section) {
  Table table;
  std::vector<std::uint8_t> order;
  for (const std::string& format : section.formats) {
    const std::optional<std::uint8_t> number = payload_type(format);
    if (!number) return syntax_error(section.line, quoted(format) + " is no payload type");
    if (table[*number]) continue;
    table[*number].emplace().payload_type = *number;
    set_static(*table[*number]);
    order.push_back(*number);
  }
  for (const Attribute& attribute : section.attributes.all()) {
    Result<> done;
    if (attribute.name == "rtpmap") done = read_rtpmap(attribute, table);
    if (attribute.name == "fmtp") done = read_fmtp(attribute, table);
    if (attribute.name == "rtcp-fb") done = read_feedback(attribute, table);
    if (!done) return done.error();
  }
  std::vector<Codec> codecs;
  for (const std::uint8_t number : order) {
    if (!table[number]->name.empty()) codecs.push_back(*std::move(table[number]));
  }
  return codecs;
}

void write_codec(const Codec& codec, MediaSection& section) {
  const std::string number = std::to_string(codec.payload_type);
  section.formats.push_back(number);
  std::string encoding = number + " " + codec.name + "/" + std::to_string(codec.clock_rate);
  if (codec.channels > 1) encoding += "/" + std::to_string(codec.channels);
  section.attributes.add("rtpmap", std::move(encoding));
  for (const RtcpFeedback& feedback : codec.feedback) {
    if (is_congestion_feedback(feedback)) continue;  // write_common_feedback()
    std::string text = number + " " + feedback.type;
    if (!feedback.parameter.empty()) text += " " + feedback.parameter;
    section.attributes.add("rtcp-fb", std::move(text));
  }
  if (!codec.fmtp.empty()) section.attributes.add("fmtp", number + " " + codec.fmtp);
}

void write_common_feedback(const std::vector<Codec>& codecs, MediaSection& section) {
  const auto has = [](const Codec& codec) { return std::ranges::any_of(codec.feedback, is_congestion_feedback); };
  if (std::ranges::any_of(codecs, has)) section.attributes.add("rtcp-fb", "* ack ccfb");
}

void prefer_congestion_feedback(std::vector<RtcpFeedback>& feedback) {
  if (std::ranges::any_of(feedback, is_congestion_feedback)) std::erase_if(feedback, is_transport_wide);
}

std::optional<std::string_view> fmtp_parameter(std::string_view fmtp, std::string_view name) {
  while (!fmtp.empty()) {
    std::string_view parameter = take_until(fmtp, ';');
    const std::string_view key = trimmed(take_until(parameter, '='));
    if (same_token(key, name)) return trimmed(parameter);
  }
  return std::nullopt;
}

bool same_token(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_rtx(const Codec& codec) { return same_token(codec.name, "rtx"); }
bool is_flexfec(const Codec& codec) { return same_token(codec.name, "flexfec"); }

const Codec* find_rtx(const std::vector<Codec>& codecs, std::uint8_t payload_type) {
  const std::string apt = std::to_string(payload_type);
  const auto found = std::find_if(codecs.begin(), codecs.end(), [&](const Codec& codec) {
    return is_rtx(codec) && fmtp_parameter(codec.fmtp, "apt") == apt;
  });
  return found == codecs.end() ? nullptr : &*found;
}

}  // namespace tidewire::sdp
