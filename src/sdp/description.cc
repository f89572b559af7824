#include "sdp/description.h"

#include <algorithm>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

// The text after "x=" of one line.
struct Line {
  char type = 0;
  std::string_view value;
  std::uint32_t number = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Description> parse();

 private:
  // The next line; nothing at the end of the text.
  Result<std::optional<Line>> next();
  Result<Line> expect(char type, std::string_view what);
  Result<> session_line(const Line& line);
  Result<> media_line(const Line& line);
  Result<> origin(const Line& line);
  Result<> start_media(const Line& line);

  std::string_view rest_;
  std::uint32_t number_ = 0;
  int rank_ = 0;
  bool has_time_ = false;
  Description description_;
};

Result<std::optional<Line>> Parser::next() {
  // Empty lines after the last one are tolerated.
  if (rest_.find_first_not_of("\r\n") == std::string_view::npos) return std::optional<Line>();
  ++number_;
  if (number_ > kMaxLines) return syntax_error(number_, "too many lines");
  std::string_view line = take_until(rest_, '\n');
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.size() > kMaxLineSize) return syntax_error(number_, "too long");
  if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z') {
    return syntax_error(number_, "expected a letter and \"=\", found " + quoted(line));
  }
  // RFC 8866 §9 byte-string: all but NUL, CR and LF.
  if (line.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) {
    return syntax_error(number_, "has a NUL or CR inside");
  }
  return std::optional<Line>({line[0], line.substr(2), number_});
}

Result<Line> Parser::expect(char type, std::string_view what) {
  Result<std::optional<Line>> line = next();
  if (!line) return line.error();
  if (!*line) return syntax_error(number_ + 1, "ends before " + std::string(what));
  if ((*line)->type != type) {
    return syntax_error(number_, "expected " + std::string(what) + ", found \"" + (*line)->type + "=\"");
  }
  return **line;
}

// RFC 8866 §5.2
Result<> Parser::origin(const Line& line) {
  std::string_view rest = line.value;
  Origin& origin = description_.origin;
  origin.username = take_until(rest, ' ');
  origin.session_id = take_until(rest, ' ');
  const std::optional<std::uint64_t> version = to_number<std::uint64_t>(take_until(rest, ' '));
  origin.network = rest;
  const bool id_is_number = !origin.session_id.empty() && origin.session_id.size() <= 40 &&
                            origin.session_id.find_first_not_of("0123456789") == std::string::npos;
  if (origin.username.empty() || !id_is_number || !version) {
    return syntax_error(line.number, "o= needs a user name, a session id and a version");
  }
  std::string_view network = rest;
  int words = 0;
  while (!take_until(network, ' ').empty()) ++words;
  if (words != 3 || !network.empty()) return syntax_error(line.number, "o= needs a network, address type and address");
  origin.session_version = *version;
  return {};
}

// RFC 8866 §9: the lines of a session description have a fixed order.
Result<> Parser::session_line(const Line& line) {
  constexpr std::string_view kOrder = "vosiuepcbtka";
  // t=, r= and z= repeat as a block.
  const char type = line.type == 'r' || line.type == 'z' ? 't' : line.type;
  const std::size_t rank = kOrder.find(type);
  if (rank == std::string_view::npos)
    return syntax_error(line.number, std::string("unknown line \"") + line.type + "=\"");
  if (rank < 3 || static_cast<int>(rank) < rank_) {
    return syntax_error(line.number, std::string("\"") + line.type + "=\" is out of order");
  }
  rank_ = static_cast<int>(rank);
  has_time_ = has_time_ || line.type == 't';
  description_.fields.push_back({line.type, std::string(line.value)});
  return {};
}

// RFC 8866 §5.14
Result<> Parser::start_media(const Line& line) {
  if (!has_time_) return syntax_error(line.number, "t= is missing before the first m=");
  if (description_.media.size() == kMaxMediaSections) return syntax_error(line.number, "too many media sections");
  MediaSection section;
  section.line = line.number;
  std::string_view rest = line.value;
  section.kind = take_until(rest, ' ');
  std::string_view ports = take_until(rest, ' ');
  section.protocol = take_until(rest, ' ');
  if (!is_token(section.kind)) return syntax_error(line.number, "m= needs a media type, port, protocol and formats");
  const bool counted = ports.find('/') != std::string_view::npos;
  const std::optional<std::uint16_t> port = to_number<std::uint16_t>(take_until(ports, '/'));
  if (counted) section.port_count = to_number<std::uint32_t>(ports);
  if (!port || (counted && !section.port_count)) return syntax_error(line.number, "m= has no valid port");
  section.port = *port;
  if (section.protocol.empty()) return syntax_error(line.number, "m= has no protocol");
  do {
    section.formats.emplace_back(take_until(rest, ' '));
    if (!is_token(section.formats.back())) return syntax_error(line.number, "m= has no valid list of formats");
  } while (!rest.empty());
  description_.media.push_back(std::move(section));
  return {};
}

// QUIRK: i=, c=, b= and k= behind a= are taken too and written in their place; munged descriptions have them so.
Result<> Parser::media_line(const Line& line) {
  if (std::string_view("icbk").find(line.type) == std::string_view::npos) {
    return syntax_error(line.number, std::string("\"") + line.type + "=\" does not belong into a media section");
  }
  description_.media.back().fields.push_back({line.type, std::string(line.value)});
  return {};
}

Result<Attribute> parse_attribute(const Line& line) {
  std::string_view rest = line.value;
  const bool has_value = rest.find(':') != std::string_view::npos;
  Attribute attribute{std::string(take_until(rest, ':')), std::nullopt, line.number};
  if (!is_token(attribute.name)) return syntax_error(line.number, "a= needs a name");
  if (has_value) attribute.value = std::string(rest);
  return attribute;
}

Result<Description> Parser::parse() {
  const Result<Line> version = expect('v', "\"v=0\"");
  if (!version) return version.error();
  if (version->value != "0") return syntax_error(number_, "unknown version " + quoted(version->value));
  const Result<Line> origin_line = expect('o', "\"o=\"");
  if (!origin_line) return origin_line.error();
  if (const Result<> done = origin(*origin_line); !done) return done.error();
  const Result<Line> name = expect('s', "\"s=\"");
  if (!name) return name.error();
  description_.session_name = name->value;

  while (true) {
    const Result<std::optional<Line>> next_line = next();
    if (!next_line) return next_line.error();
    if (!*next_line) break;
    const Line& line = **next_line;
    const bool in_media = !description_.media.empty();
    Result<> done;
    if (line.type == 'm') {
      done = start_media(line);
    } else if (line.type == 'a') {
      Result<Attribute> attribute = parse_attribute(line);
      if (!attribute) return attribute.error();
      if (!in_media) rank_ = 100;
      (in_media ? description_.media.back().attributes : description_.attributes).add(*std::move(attribute));
    } else {
      done = in_media ? media_line(line) : session_line(line);
    }
    if (!done) return done.error();
  }
  if (!has_time_) return syntax_error(number_ + 1, "ends before \"t=\"");
  return std::move(description_);
}

void append_line(std::string& out, char type, std::string_view value) {
  out += type;
  out += '=';
  out.append(value);
  out += "\r\n";
}

void append_attributes(std::string& out, const Attributes& attributes) {
  for (const Attribute& attribute : attributes.all()) {
    out += "a=" + attribute.name;
    if (attribute.value) out.append(":").append(*attribute.value);
    out += "\r\n";
  }
}

void append_media(std::string& out, const MediaSection& section) {
  out += "m=" + section.kind + " " + std::to_string(section.port);
  if (section.port_count) out += "/" + std::to_string(*section.port_count);
  out += " " + section.protocol;
  for (const std::string& format : section.formats) out.append(" ").append(format);
  out += "\r\n";
  for (const Field& field : section.fields) append_line(out, field.type, field.value);
  append_attributes(out, section.attributes);
}

}  // namespace

const Attribute* Attributes::find(std::string_view name) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const Attribute& a) { return a.name == name; });
  return found == list_.end() ? nullptr : &*found;
}

Result<Description> parse(std::string_view text) {
  if (text.size() > kMaxDescriptionSize) return syntax_error(0, "the description is over 1 MiB");
  return Parser(text).parse();
}

std::string write(const Description& description) {
  const Origin& origin = description.origin;
  std::string out = "v=0\r\n";
  append_line(
      out, 'o',
      origin.username + " " + origin.session_id + " " + std::to_string(origin.session_version) + " " + origin.network);
  append_line(out, 's', description.session_name);
  for (const Field& field : description.fields) append_line(out, field.type, field.value);
  append_attributes(out, description.attributes);
  for (const MediaSection& section : description.media) append_media(out, section);
  return out;
}

}  // namespace tidewire::sdp
