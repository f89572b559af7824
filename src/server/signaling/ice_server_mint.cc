#include "server/signaling/ice_server_mint.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/base64.h"
#include "crypto/hash.h"
#include "tidewire/address.h"
#include "turn/credentials.h"

namespace tidewire::server {
namespace {

constexpr std::size_t kMaxHost = 253;   // RFC 1035 §2.3.4, in textual form
constexpr std::size_t kMaxLabel = 63;   // RFC 1035 §2.3.4
constexpr std::size_t kUserBytes = 10;  // 80 bits: nobody has the user of another by chance

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }

bool can_be_sent_to(const IpAddress& ip) { return !ip.is_unspecified() && !ip.is_multicast(); }

// RFC 9110 §4.2.1 with RFC 3986 §3.2.3: the digits of a port may be missing.
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

// RFC 1123 §2.1: letters, digits and inner hyphens.
bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view name) {
  if (name.size() > kMaxHost) return false;
  std::string_view label;
  for (std::string_view rest = name;;) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // RFC 1123 §2.1: the last label is not numeric, lest the name be taken for an address.
  return !label.starts_with("0x") && !std::all_of(label.begin(), label.end(), is_digit);
}

IceServer credentialed(const OwnTurn& own, const std::string& host, std::string_view user, UnixTime now) {
  const std::string plain = "turn:" + host + ":" + std::to_string(own.port);
  IceServer turn{.urls = {plain + "?transport=udp", plain + "?transport=tcp"}};
  if (own.tls_port) turn.urls.push_back("turns:" + host + ":" + std::to_string(*own.tls_port) + "?transport=tcp");
  turn.username = turn::time_limited_name({now.since_epoch + own.credential_lifetime}, user);
  turn.credential = turn::time_limited_password(own.secret, turn.username);
  return turn;
}

}  // namespace

std::optional<std::string> host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
    const auto ip = IpAddress::parse(authority.substr(1, end - 1));
    if (!ip || !ip->is_v6() || !can_be_sent_to(*ip)) return std::nullopt;
    return "[" + ip->to_string() + "]";
  }
  const std::size_t colon = authority.find(':');
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return std::nullopt;
  std::string host(authority.substr(0, colon));
  if (const auto ip = IpAddress::parse(host)) {
    return can_be_sent_to(*ip) ? std::optional(ip->to_string()) : std::nullopt;
  }
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return is_host_name(host) ? std::optional(std::move(host)) : std::nullopt;
}

std::string turn_user(const OwnTurn& own, std::string_view peer_id) {
  if (own.secret.empty()) return {};
  // This text begins with no number, so it is the name of no credentials: no password is given away.
  const std::string text = "tidewire-turn-user:" + std::string(peer_id);
  return hex_encode(ByteView(crypto::hmac_sha256(as_bytes(own.secret), as_bytes(text))).first(kUserBytes));
}

std::vector<IceServer> mint_ice_servers(const OwnTurn& own, std::string_view called, std::string_view user,
                                        UnixTime now) {
  // The owner may write an IPv6 address as it is.
  const auto plain = IpAddress::parse(own.host);
  const std::string named = plain && plain->is_v6() ? "[" + own.host + "]" : own.host;
  const auto host = host_of(named.empty() ? called : std::string_view(named));
  if (!host) return {};
  std::vector<IceServer> servers = {{.urls = {"stun:" + *host + ":" + std::to_string(own.port)}}};
  if (!own.secret.empty()) servers.push_back(credentialed(own, *host, user, now));
  return servers;
}

std::string ice_servers_json(std::span<const IceServer> servers) {
  boost::json::array list;
  for (const IceServer& server : servers) {
    boost::json::object& object = list.emplace_back(boost::json::object{}).as_object();
    object["urls"] = boost::json::array(server.urls.begin(), server.urls.end());
    if (!server.username.empty()) object["username"] = server.username;
    if (!server.credential.empty()) object["credential"] = server.credential;
  }
  return boost::json::serialize(list);
}

}  // namespace tidewire::server
