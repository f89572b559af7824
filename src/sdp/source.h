// What a section sends: a=msid (RFC 8830), a=ssrc and a=ssrc-group (RFC 5576), a=rid and a=simulcast (RFC 8851,
// RFC 8853).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

// "-" as the stream says: this track is in no stream. Firefox writes both ids in braces; they belong to the ids.
struct Msid {
  std::string stream;
  std::string track;  // empty when not given

  friend bool operator==(const Msid&, const Msid&) = default;
};

// One a=ssrc number with its attributes joined.
struct Source {
  std::uint32_t ssrc = 0;
  std::string cname;
  std::optional<Msid> msid;

  friend bool operator==(const Source&, const Source&) = default;
};

struct SourceGroup {
  std::string semantics;  // "FID": media and its retransmissions; "FEC-FR"; "SIM"
  std::vector<std::uint32_t> ssrcs;

  friend bool operator==(const SourceGroup&, const SourceGroup&) = default;
};

struct Rid {
  std::string id;
  bool send = false;         // as the writer of the description sees it
  std::string restrictions;  // "pt=…;max-width=…", usually empty

  friend bool operator==(const Rid&, const Rid&) = default;
};

// "send q;h;f recv a": alternatives ("1,2") stay one text, a leading "~" (paused) stays too.
struct Simulcast {
  std::vector<std::string> send;
  std::vector<std::string> receive;

  friend bool operator==(const Simulcast&, const Simulcast&) = default;
};

struct SourceAttributes {
  std::vector<Msid> msids;
  std::vector<Source> sources;
  std::vector<SourceGroup> groups;
  std::vector<Rid> rids;
  std::optional<Simulcast> simulcast;
};

// Errors: kSyntax, "line N: …".
Result<SourceAttributes> parse_sources(const MediaSection& section);

}  // namespace tidewire::sdp
