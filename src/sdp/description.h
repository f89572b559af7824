// The tree of a session description, and text ↔ tree (RFC 8866).
//
// The tree keeps every line, known or not, so that parse and write are inverse: the description of a browser
// comes back byte for byte. What the attributes mean is the business of the typed views beside this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidewire/result.h"

namespace tidewire::sdp {

// Bounds on what is parsed. Real descriptions have less than 20 kB, 600 lines and 30 media sections.
inline constexpr std::size_t kMaxDescriptionSize = 1 << 20;
inline constexpr std::size_t kMaxLineSize = 16 * 1024;
inline constexpr std::size_t kMaxLines = 20'000;
inline constexpr std::size_t kMaxMediaSections = 256;

// "a=name" or "a=name:value".
struct Attribute {
  std::string name;
  std::optional<std::string> value;
  // Where it stood in the text it was parsed from, counted from 1; 0 when it was made here.
  std::uint32_t line = 0;

  // The text after the colon, empty when there is none.
  std::string_view text() const { return value ? std::string_view(*value) : std::string_view(); }
  friend bool operator==(const Attribute& a, const Attribute& b) { return a.name == b.name && a.value == b.value; }
};

// Any other line: "c=IN IP4 0.0.0.0", "b=AS:300", "t=0 0".
struct Field {
  char type = 0;
  std::string value;

  friend bool operator==(const Field&, const Field&) = default;
};

// The attributes of a session or of a media section, in the order of their lines.
class Attributes {
 public:
  void add(std::string name) { list_.push_back({std::move(name), std::nullopt, 0}); }
  void add(std::string name, std::string value) { list_.push_back({std::move(name), std::move(value), 0}); }
  void add(Attribute attribute) { list_.push_back(std::move(attribute)); }
  // The first with that name, null when there is none. Names are case-sensitive.
  const Attribute* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // Calls visit(const Attribute&) for each with that name.
  template <typename Visit>
  void each(std::string_view name, Visit visit) const {
    for (const Attribute& attribute : list_) {
      if (attribute.name == name) visit(attribute);
    }
  }
  const std::vector<Attribute>& all() const { return list_; }

  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  std::vector<Attribute> list_;
};

// "o=- 4611731400430051336 2 IN IP4 127.0.0.1"
struct Origin {
  std::string username = "-";
  std::string session_id;  // digits
  std::uint64_t session_version = 0;
  std::string network = "IN IP4 127.0.0.1";  // nettype, addrtype and address

  friend bool operator==(const Origin&, const Origin&) = default;
};

// "m=audio 9 UDP/TLS/RTP/SAVPF 111" and all that follows up to the next m= line.
struct MediaSection {
  std::string kind;  // audio, video, application, or any other token
  std::uint16_t port = 9;
  std::optional<std::uint32_t> port_count;
  std::string protocol;
  std::vector<std::string> formats;
  std::vector<Field> fields;  // i=, c=, b=, k=
  Attributes attributes;
  std::uint32_t line = 0;  // of m=, see Attribute::line

  friend bool operator==(const MediaSection& a, const MediaSection& b) {
    return a.kind == b.kind && a.port == b.port && a.port_count == b.port_count && a.protocol == b.protocol &&
           a.formats == b.formats && a.fields == b.fields && a.attributes == b.attributes;
  }
};

struct Description {
  Origin origin;
  std::string session_name = "-";
  std::vector<Field> fields;  // what stands between s= and the first a=: i= u= e= p= c= b= t= r= z= k=
  Attributes attributes;
  std::vector<MediaSection> media;

  friend bool operator==(const Description&, const Description&) = default;
};

// Lines may end with CRLF or LF; the last one may lack its end. Linear in the length of the text.
// The error is a kSyntax whose message opens with "line N: ".
Result<Description> parse(std::string_view text);

// Lines end with CRLF. parse(write(d)) equals d for every d that parse returned.
std::string write(const Description& description);

}  // namespace tidewire::sdp
