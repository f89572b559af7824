#include "sdp/dtls_attributes.h"

#include <array>
#include <utility>

#include "base/base64.h"
#include "sdp/codec.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

constexpr std::size_t kMaxFingerprints = 8;

// RFC 8122 §5: hash functions and the length of what they make.
constexpr std::array<std::pair<std::string_view, std::size_t>, 5> kDigestSizes{
    {{"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}};

std::optional<Bytes> parse_digest(std::string_view text) {
  std::string digits;
  while (!text.empty()) {
    const std::string_view pair = take_until(text, ':');
    if (pair.size() != 2) return std::nullopt;
    digits.append(pair);
  }
  if (digits.empty() || digits.size() > 256) return std::nullopt;
  return hex_decode(digits);
}

std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  const std::string_view algorithm = take_word(text);
  std::optional<Bytes> digest = parse_digest(take_word(text));
  if (algorithm.empty() || !digest || !text.empty()) return std::nullopt;
  Fingerprint fingerprint{std::string(algorithm), *std::move(digest)};
  for (const auto& [name, size] : kDigestSizes) {
    if (!same_token(algorithm, name)) continue;
    if (fingerprint.digest.size() != size) return std::nullopt;
    fingerprint.algorithm = name;
  }
  return fingerprint;
}

std::optional<Setup> setup_named(std::string_view name) {
  for (const Setup setup : {Setup::kActpass, Setup::kActive, Setup::kPassive, Setup::kHoldconn}) {
    if (name == to_string(setup)) return setup;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<Fingerprint>> parse_fingerprints(const MediaSection& section, const Attributes& session) {
  const Attributes& attributes = section.attributes.has("fingerprint") ? section.attributes : session;
  std::vector<Fingerprint> fingerprints;
  for (const Attribute& attribute : attributes.all()) {
    if (attribute.name != "fingerprint") continue;
    std::optional<Fingerprint> fingerprint = parse_fingerprint(attribute.text());
    if (!fingerprint) return syntax_error(attribute.line, "malformed fingerprint " + quoted(attribute.text()));
    if (fingerprints.size() < kMaxFingerprints) fingerprints.push_back(*std::move(fingerprint));
  }
  return fingerprints;
}

Result<std::optional<Setup>> parse_setup(const MediaSection& section, const Attributes& session) {
  const Attribute* attribute = section.attributes.find("setup");
  if (!attribute) attribute = session.find("setup");
  if (!attribute) return std::optional<Setup>();
  const std::optional<Setup> setup = setup_named(attribute->text());
  if (!setup) return syntax_error(attribute->line, "unknown setup " + quoted(attribute->text()));
  return setup;
}

void write_fingerprint(const Fingerprint& fingerprint, Attributes& attributes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = fingerprint.algorithm;
  char separator = ' ';
  for (const std::uint8_t byte : fingerprint.digest) {
    text += separator;
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
    separator = ':';
  }
  attributes.add("fingerprint", std::move(text));
}

std::string_view to_string(Setup setup) {
  switch (setup) {
    case Setup::kActpass: return "actpass";
    case Setup::kActive: return "active";
    case Setup::kPassive: return "passive";
    case Setup::kHoldconn: return "holdconn";
  }
  return "";
}

}  // namespace tidewire::sdp
