#include "turn/peer_policy.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "turn/server_config.h"

namespace tidewire::turn {
namespace {

// What no peer on the internet has (IANA's special-purpose registries, RFC 6890), and what clouds answer secrets on.
// The addresses of documentation are not among them: they lead nowhere, and tests use them.
constexpr std::array kRefused{
    "0.0.0.0/8",        // RFC 1122 §3.2.1.3: this network
    "10.0.0.0/8",       // RFC 1918
    "100.64.0.0/10",    // RFC 6598: carrier-grade NAT
    "127.0.0.0/8",      // RFC 1122 §3.2.1.3: loopback
    "168.63.129.16",    // QUIRK Azure: its hosts' agent, on an address that looks public
    "169.254.0.0/16",   // RFC 3927: link-local, metadata services among them
    "172.16.0.0/12",    // RFC 1918
    "192.0.0.0/24",     // RFC 6890 §2.1: protocol assignments
    "192.88.99.0/24",   // RFC 7526: 6to4 relays
    "192.168.0.0/16",   // RFC 1918
    "198.18.0.0/15",    // RFC 2544: benchmarking
    "224.0.0.0/4",      // RFC 5771: multicast
    "240.0.0.0/4",      // RFC 1112 §4: reserved, broadcast among them
    "::/96",            // RFC 4291 §2.5.2, §2.5.3, §2.5.5.1: unspecified, loopback, IPv4-compatible
    "::ffff:0:0/96",    // RFC 4291 §2.5.5.2: IPv4-mapped, which is never on a wire
    "::ffff:0:0:0/96",  // RFC 2765 §2.1: IPv4-translated
    "64:ff9b:1::/48",   // RFC 8215: NAT64 of the local network
    "100::/64",         // RFC 6666: discard
    "2001:2::/48",      // RFC 5180: benchmarking
    "2001:10::/28",     // RFC 4843: ORCHID
    "2001:20::/28",     // RFC 7343: ORCHIDv2
    "5f00::/16",        // RFC 9602: segment identifiers
    "fc00::/7",         // RFC 4193: unique local
    "fe80::/10",        // RFC 4291 §2.5.6: link-local
    "fec0::/10",        // RFC 3879: site-local
    "ff00::/8",         // RFC 4291 §2.7: multicast
};

const std::vector<Cidr>& refused() {
  static const std::vector<Cidr> ranges = [] {
    std::vector<Cidr> parsed;
    parsed.reserve(kRefused.size());
    for (const char* text : kRefused) parsed.push_back(*Cidr::parse(text));
    return parsed;
  }();
  return ranges;
}

bool any_contains(std::span<const Cidr> ranges, const IpAddress& ip) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Cidr& range) { return range.contains(ip); });
}

IpAddress v4_at(const IpAddress& ip, std::size_t offset, std::uint8_t mask = 0) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = ip.bytes()[offset + i] ^ mask;
  return IpAddress::v4(bytes);
}

// The IPv4 addresses that an IPv6 one leads to, for those who translate or tunnel.
std::vector<IpAddress> embedded(const IpAddress& ip) {
  if (ip.is_v4()) return {};
  static const Cidr mapped = *Cidr::parse("::ffff:0:0/96");
  static const Cidr compatible = *Cidr::parse("::/96");
  static const Cidr translated = *Cidr::parse("::ffff:0:0:0/96");
  static const Cidr nat64 = *Cidr::parse("64:ff9b::/96");     // RFC 6052 §2.1
  static const Cidr six_to_four = *Cidr::parse("2002::/16");  // RFC 3056 §2
  static const Cidr teredo = *Cidr::parse("2001::/32");       // RFC 4380 §4: server, and the client's with bits turned
  const auto bytes = ip.bytes();
  if (mapped.contains(ip) || compatible.contains(ip) || translated.contains(ip) || nat64.contains(ip)) {
    return {v4_at(ip, 12)};
  }
  if (six_to_four.contains(ip)) return {v4_at(ip, 2)};
  if (teredo.contains(ip)) return {v4_at(ip, 4), v4_at(ip, 12, 0xff)};
  // RFC 5214 §6.1: ISATAP, in any network.
  if ((bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe) return {v4_at(ip, 12)};
  return {};
}

}  // namespace

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = static_cast<unsigned>(address->bytes().size() * 8);
  if (slash == std::string_view::npos) return Cidr{*address, bits};
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix_size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix_size);
  if (error != std::errc{} || end != digits.data() + digits.size() || prefix_size > bits) return std::nullopt;
  return Cidr{*address, prefix_size};
}

bool Cidr::contains(const IpAddress& ip) const {
  if (ip.is_v4() != address.is_v4()) return false;
  const auto mine = address.bytes();
  const auto theirs = ip.bytes();
  const std::size_t whole = prefix_size / 8;
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin())) return false;
  const unsigned rest = prefix_size % 8;
  return rest == 0 || ((mine[whole] ^ theirs[whole]) >> (8 - rest)) == 0;
}

PeerPolicy::PeerPolicy(const ServerConfig& config)
    : allow_(config.allow),
      deny_(config.deny),
      listening_(config.listen),
      first_relay_port_(config.first_relay_port),
      last_relay_port_(config.last_relay_port) {
  if (config.alternate && !config.listen.empty()) {
    const SocketAddress& primary = config.listen.front();
    listening_.push_back(*config.alternate);
    listening_.push_back({primary.ip, config.alternate->port});
    listening_.push_back({config.alternate->ip, primary.port});
  }
  for (const SocketAddress& address : listening_) own_.push_back(address.ip);
  for (const auto& relay : {config.relay_v4, config.relay_v6, config.advertised_v4, config.advertised_v6}) {
    if (!relay) continue;
    own_.push_back(*relay);
    relays_.push_back(*relay);
    if (!any_contains(allow_, *relay)) limited_.push_back(*relay);
  }
  special_ports_.push_back(0);
  for (const SocketAddress& address : listening_) {
    if (std::find(special_ports_.begin(), special_ports_.end(), address.port) == special_ports_.end()) {
      special_ports_.push_back(address.port);
    }
  }
}

bool PeerPolicy::is_own(const IpAddress& peer) const { return std::find(own_.begin(), own_.end(), peer) != own_.end(); }

bool PeerPolicy::allows(const IpAddress& peer) const {
  const std::vector<IpAddress> inside = embedded(peer);
  const auto denied = [&](const IpAddress& ip) { return any_contains(deny_, ip); };
  if (denied(peer) || std::any_of(inside.begin(), inside.end(), denied)) return false;
  if (any_contains(allow_, peer)) return true;
  const bool is_relay = std::find(relays_.begin(), relays_.end(), peer) != relays_.end();
  if ((is_own(peer) && !is_relay) || any_contains(refused(), peer)) return false;
  return std::none_of(inside.begin(), inside.end(),
                      [&](const IpAddress& ip) { return is_own(ip) || any_contains(refused(), ip); });
}

bool PeerPolicy::allows_permission(const SocketAddress& peer) const {
  return allows(peer.ip) && (peer.port == 0 || !is_limited(peer.ip) || in_range(peer.port));
}

bool PeerPolicy::allows_special_port(const SocketAddress& peer) const {
  if (peer.port == 0) return false;
  if (is_limited(peer.ip) && !in_range(peer.port)) return false;
  const IpAddress ip = peer.ip.unmapped();
  return std::none_of(listening_.begin(), listening_.end(), [&](const SocketAddress& own) {
    if (own.port != peer.port) return false;
    return own.ip == ip || (own.ip.is_unspecified() && (is_own(ip) || ip.is_loopback()));
  });
}

}  // namespace tidewire::turn
