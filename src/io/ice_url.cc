#include "io/ice_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tidewire/address.h"

namespace tidewire::io {
namespace {

using Scheme = IceUrl::Scheme;
using Transport = IceUrl::Transport;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

Error wrong(std::string_view url, const std::string& what) {
  return {ErrorCode::kSyntax, "'" + std::string(url) + "' is no STUN or TURN URL: " + what};
}

// RFC 3986 §3.1: schemes are the same in capitals.
std::optional<Scheme> read_scheme(std::string_view text) {
  for (const Scheme scheme : {Scheme::kStun, Scheme::kStuns, Scheme::kTurn, Scheme::kTurns})
    if (same_word(text, to_string(scheme))) return scheme;
  return std::nullopt;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > IceUrl::kMaxHostLength) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

// "HOST", "HOST:PORT", "[IPv6]" or "[IPv6]:PORT".
Result<> read_host_and_port(std::string_view url, std::string_view text, IceUrl& result) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    const std::string_view host = text.substr(1, close == std::string_view::npos ? close : close - 1);
    const auto address = IpAddress::parse(host);
    if (close == std::string_view::npos || !address || !address->is_v6())
      return wrong(url, "what stands in brackets is an IPv6 address, as in stun:[2001:db8::1]:3478");
    result.host = std::string(host);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    const std::string_view host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
    if (port.find(':', 1) != std::string_view::npos)
      return wrong(url, "an IPv6 address stands in brackets, as in stun:[2001:db8::1]:3478");
    if (!is_host_name(host)) return wrong(url, "it names no host, as stun:stun.example.org does");
    result.host = std::string(host);
  }
  if (port.empty()) return {};
  const auto number = port.front() == ':' ? read_port(port.substr(1)) : std::nullopt;
  if (!number) return wrong(url, "after the host comes nothing, or a colon and a port from 1 to 65535");
  result.port = *number;
  return {};
}

Result<> read_query(std::string_view url, std::string_view query, IceUrl& result) {
  // RFC 7064 §3.1: a stun URL has none.
  if (!result.is_turn()) return wrong(url, "only turn and turns URLs say ?transport=");
  constexpr std::string_view kName = "transport=";
  const std::string_view value = query.starts_with(kName) ? query.substr(kName.size()) : std::string_view();
  if (same_word(value, "udp")) {
    result.transport = Transport::kUdp;
  } else if (same_word(value, "tcp")) {
    result.transport = Transport::kTcp;
  } else {
    return wrong(url, "after the question mark comes transport=udp or transport=tcp");
  }
  if (result.is_secure() && result.transport == Transport::kUdp) {
    return Error{ErrorCode::kNotSupported, "'" + std::string(url) +
                                               "' asks for DTLS, which is not supported; use turns with transport=tcp, "
                                               "or turn with transport=udp"};
  }
  return {};
}

}  // namespace

std::string_view to_string(Scheme scheme) {
  switch (scheme) {
    case Scheme::kStun: return "stun";
    case Scheme::kStuns: return "stuns";
    case Scheme::kTurn: return "turn";
    case Scheme::kTurns: return "turns";
  }
  return "";
}

std::string_view to_string(Transport transport) { return transport == Transport::kUdp ? "udp" : "tcp"; }

std::string IceUrl::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text =
      std::string(io::to_string(scheme)) + ':' + (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
  if (is_turn()) text += "?transport=" + std::string(io::to_string(transport));
  return text;
}

Result<IceUrl> parse_ice_url(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto scheme = read_scheme(text.substr(0, colon));
  if (colon == std::string_view::npos || !scheme)
    return wrong(text, "it begins with stun:, stuns:, turn: or turns:, as in turn:turn.example.org?transport=udp");
  IceUrl url;
  url.scheme = *scheme;
  url.port = url.is_secure() ? IceUrl::kDefaultTlsPort : IceUrl::kDefaultPort;
  url.transport = url.is_secure() ? Transport::kTcp : Transport::kUdp;

  const std::string_view rest = text.substr(colon + 1);
  if (rest.starts_with("//")) return wrong(text, "the host follows the colon at once, without //");
  const std::size_t question = rest.find('?');
  if (auto read = read_host_and_port(text, rest.substr(0, question), url); !read) return read.error();
  if (question != std::string_view::npos) {
    if (auto read = read_query(text, rest.substr(question + 1), url); !read) return read.error();
  }
  return url;
}

}  // namespace tidewire::io
