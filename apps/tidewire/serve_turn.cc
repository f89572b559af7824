#include "serve_turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include "io/interfaces.h"

namespace tidewire::app {
namespace {

constexpr std::uint16_t kTurnPort = 3478;  // RFC 8656 §19
constexpr std::uint16_t kTurnsPort = 5349;

Error wrong(const std::string& message) { return {ErrorCode::kSyntax, message}; }

// ADDR:PORT, or ADDR alone with the usual port.
Result<SocketAddress> parse_listen(const std::string& flag, const std::string& text, std::uint16_t usual_port) {
  if (const auto address = SocketAddress::parse(text)) return *address;
  const bool brackets = text.size() > 2 && text.front() == '[' && text.back() == ']';
  const auto ip = IpAddress::parse(brackets ? std::string_view(text).substr(1, text.size() - 2) : text);
  if (ip) return SocketAddress{*ip, usual_port};
  return wrong(fmt::format("{}: '{}' is no ADDR:PORT; try 0.0.0.0:{}", flag, text, usual_port));
}

bool is_global(const IpAddress& ip) {
  // RFC 6598: 100.64.0.0/10, of carriers' NATs and of some VPNs.
  const bool shared = ip.is_v4() && ip.bytes()[0] == 100 && ip.bytes()[1] >> 6 == 1;
  return !ip.is_loopback() && !ip.is_private() && !ip.is_link_local() && !shared;
}

int publicity(const IpAddress& ip) { return is_global(ip) ? 2 : ip.is_loopback() ? 0 : 1; }

// The addresses that an unspecified one stands for, the most public ones first. An answer must leave from the address
// that was asked, and a socket on 0.0.0.0 leaves that to the routing table.
std::vector<IpAddress> expand(const IpAddress& ip, std::span<const IpAddress> own) {
  if (!ip.is_unspecified()) return {ip};
  std::vector<IpAddress> all;
  // As for other servers, [::] means IPv4 too.
  std::ranges::copy_if(own, std::back_inserter(all), [&](const IpAddress& one) { return ip.is_v6() || one.is_v4(); });
  std::ranges::stable_sort(all, std::greater(), publicity);
  return all;
}

Result<std::vector<SocketAddress>> listening(const std::string& flag, const std::vector<std::string>& texts,
                                             std::uint16_t usual_port, std::span<const IpAddress> own) {
  std::vector<SocketAddress> all;
  for (const std::string& text : texts) {
    const auto address = parse_listen(flag, text, usual_port);
    if (!address) return address.error();
    for (const IpAddress& ip : expand(address->ip, own)) {
      const SocketAddress one{ip, address->port};
      if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
    }
  }
  if (all.empty()) return wrong(flag + ": this machine has no address of that family");
  return all;
}

// What relayed ports are opened on when nobody says: the most public of the addresses that clients are served on.
std::optional<IpAddress> best_of(const std::vector<SocketAddress>& listening, bool v4) {
  std::optional<IpAddress> best;
  for (const SocketAddress& address : listening) {
    if (address.ip.is_v4() == v4 && (!best || publicity(address.ip) > publicity(*best))) best = address.ip;
  }
  return best;
}

Result<> read_ips(const std::string& flag, const std::vector<std::string>& texts, std::optional<IpAddress>& v4,
                  std::optional<IpAddress>& v6) {
  for (const std::string& text : texts) {
    const auto ip = IpAddress::parse(text);
    if (!ip || ip->is_unspecified()) return wrong(fmt::format("{}: '{}' is no address of a host", flag, text));
    std::optional<IpAddress>& of_family = ip->is_v4() ? v4 : v6;
    if (of_family) return wrong(fmt::format("{}: one IPv4 and one IPv6 address are enough", flag));
    of_family = *ip;
  }
  return {};
}

Result<> read_relays(const ServeTurnOptions& flags, server::TurnOptions& options) {
  turn::ServerConfig& machine = options.machine;
  if (auto read = read_ips("--relay-ip", flags.relay_ips, machine.relay_v4, machine.relay_v6); !read) return read;
  if (flags.relay_ips.empty()) {
    machine.relay_v4 = best_of(options.udp, true);
    machine.relay_v6 = best_of(options.udp, false);
    // Beside a real address, a loopback one of the other family would relay to nowhere.
    const bool real = (machine.relay_v4 && !machine.relay_v4->is_loopback()) ||
                      (machine.relay_v6 && !machine.relay_v6->is_loopback());
    for (auto* relay : {&machine.relay_v4, &machine.relay_v6}) {
      if (real && *relay && (*relay)->is_loopback()) relay->reset();
    }
  }
  if (auto read = read_ips("--public-ip", flags.public_ips, machine.advertised_v4, machine.advertised_v6); !read) {
    return read;
  }
  if ((machine.advertised_v4 && !machine.relay_v4) || (machine.advertised_v6 && !machine.relay_v6)) {
    return wrong("--public-ip: nothing is relayed on an address of that family; name one with --relay-ip");
  }
  const std::string& range = flags.relay_ports;
  const char* end = range.data() + range.size();
  const auto first = std::from_chars(range.data(), end, machine.first_relay_port);
  const bool dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
  const auto last = dash ? std::from_chars(first.ptr + 1, end, machine.last_relay_port) : first;
  if (!dash || last.ec != std::errc() || last.ptr != end || machine.first_relay_port == 0 ||
      machine.last_relay_port < machine.first_relay_port) {
    return wrong(fmt::format("--relay-ports: '{}' is no range; try 49152-65535", range));
  }
  return {};
}

Result<> read_cidrs(const std::string& flag, const std::vector<std::string>& texts, std::vector<turn::Cidr>& cidrs) {
  for (const std::string& text : texts) {
    const auto cidr = turn::Cidr::parse(text);
    if (!cidr) return wrong(fmt::format("{}: '{}' is no address and no range; try 10.0.0.0/8", flag, text));
    cidrs.push_back(*cidr);
  }
  return {};
}

Result<> read_credentials(const ServeTurnOptions& flags, const std::string& secret, turn::ServerConfig& machine) {
  for (const std::string& text : flags.users) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == text.size()) {
      return wrong("--turn-user: a user is NAME:PASSWORD");  // what was written may be a password
    }
    const std::string name = text.substr(0, colon);
    for (const turn::ServerUser& other : machine.users) {
      if (other.name == name) return wrong(fmt::format("--turn-user: '{}' is there twice", name));
    }
    machine.users.push_back({name, text.substr(colon + 1)});
  }
  machine.shared_secrets = flags.secrets;
  if (!secret.empty() && flags.secrets.empty()) machine.shared_secrets.push_back(secret);
  if (!machine.users.empty() || !machine.shared_secrets.empty()) return {};
  return wrong(
      "a relay for everybody is not offered: name users with --turn-user NAME:PASSWORD, or with --turn-secret what "
      "time-limited credentials are made of");
}

Result<std::string> read_file(const std::string& flag, const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorCode::kNotReadable, fmt::format("cannot read {}, which {} names", path, flag)};
  return text.str();
}

Result<> read_tls(const ServeTurnOptions& flags, std::span<const IpAddress> own, server::TurnOptions& options) {
  if (flags.tls_certificate.empty()) {
    if (flags.tls_listen.empty() && flags.tls_key.empty()) return {};
    return wrong("TURN over TLS needs --tls-cert FILE, and --tls-key FILE unless the key is in the same file");
  }
  for (const auto& [flag, path] :
       {std::pair("--tls-cert", &flags.tls_certificate), std::pair("--tls-key", &flags.tls_key)}) {
    if (path->empty()) continue;
    const auto text = read_file(flag, *path);
    if (!text) return text.error();
    options.certificate_pem += *text + '\n';
  }
  if (!flags.tls_listen.empty()) {
    auto addresses = listening("--turn-tls-listen", flags.tls_listen, kTurnsPort, own);
    if (!addresses) return addresses.error();
    options.tls = *std::move(addresses);
    return {};
  }
  for (const SocketAddress& address : options.tcp) {
    // Who lets the system choose one port wants no fixed one beside it.
    const SocketAddress tls{address.ip, address.port == 0 ? std::uint16_t{0} : kTurnsPort};
    if (std::find(options.tls.begin(), options.tls.end(), tls) == options.tls.end()) options.tls.push_back(tls);
  }
  return {};
}

// What turn::check() would refuse too, in the words of the flags.
Result<> check_flags(const ServeTurnOptions& flags, const server::TurnOptions& made) {
  const turn::ServerConfig& machine = made.machine;
  constexpr std::size_t kMaxRealm = turn::ServerConfig::kMaxRealm;
  if (machine.realm.empty() || machine.realm.size() > kMaxRealm) {
    return wrong(
        fmt::format("--realm: '{}' has not 1 to {} bytes; each byte more is one that strangers can make the "
                    "server send",
                    machine.realm, kMaxRealm));
  }
  for (const auto* addresses : {&made.udp, &made.tcp, &made.tls}) {
    for (const SocketAddress& address : *addresses) {
      if (address.port < machine.first_relay_port || address.port > machine.last_relay_port) continue;
      return wrong(
          fmt::format("--relay-ports: {} is listened on, and within {}; choose another range, or another port "
                      "with --turn-listen and --turn-tls-listen",
                      address.port, flags.relay_ports));
    }
  }
  return {};
}

bool is_wildcard(const std::string& listen) {
  const auto address = parse_listen({}, listen, kTurnPort);
  return address && address->ip.is_unspecified();
}

// RFC 5780 §6: with two addresses clients can find out how their NATs behave. Both must be reachable by whoever reaches
// one, or clients take our silence for that of their NAT: of what a wildcard has found, global ones are; behind a NAT
// of our own we cannot tell.
void add_alternate(const std::vector<std::string>& listen, server::TurnOptions& options) {
  const SocketAddress first = options.udp.front();
  if (first.ip.is_loopback() || first.port == 0 || first.port == 65535) return;
  const bool chosen = std::ranges::none_of(listen, is_wildcard);
  if (options.machine.advertised_v4 || options.machine.advertised_v6) return;
  const auto second = std::find_if(options.udp.begin(), options.udp.end(), [&](const SocketAddress& other) {
    return other.port == first.port && other.ip != first.ip && other.ip.is_v4() == first.ip.is_v4() &&
           !other.ip.is_loopback() && (chosen || (is_global(first.ip) && is_global(other.ip)));
  });
  if (second == options.udp.end()) return;
  const auto port = static_cast<std::uint16_t>(first.port + 1);
  const IpAddress second_ip = second->ip;
  options.machine.alternate = SocketAddress{second_ip, port};
  for (const IpAddress& ip : {first.ip, second_ip}) {
    const SocketAddress corner{ip, port};
    if (std::find(options.udp.begin(), options.udp.end(), corner) == options.udp.end()) options.udp.push_back(corner);
  }
}

// Where to listen when no flag says: where the page is; without a page everywhere.
std::vector<std::string> default_listen(const ServeOptions& options) {
  if (options.only == "turn") return {"[::]"};
  const auto page = SocketAddress::parse(options.listen);
  if (!page) return {};
  return {page->ip.is_v4() ? page->ip.to_string() : "[" + page->ip.to_string() + "]"};
}

bool is_wanted(const ServeOptions& options) {
  if (options.only == "signaling") return false;
  if (options.only == "turn" || options.turn.asked_for()) return true;
  const auto page = SocketAddress::parse(options.listen);
  return page && !page->ip.is_loopback();
}

}  // namespace

std::vector<IpAddress> own_addresses() {
  std::vector<IpAddress> all;
  const auto interfaces = io::list_interfaces();
  if (!interfaces) return all;
  for (const io::HostAddress& host : io::ice_host_addresses(*interfaces, true)) all.push_back(host.ip);
  return all;
}

Result<std::optional<server::TurnOptions>> turn_options(const ServeOptions& options, const std::string& secret,
                                                        std::span<const IpAddress> own) {
  if (!is_wanted(options)) return std::optional<server::TurnOptions>();
  const ServeTurnOptions& flags = options.turn;
  server::TurnOptions made;
  const auto listen = flags.listen.empty() ? default_listen(options) : flags.listen;
  auto addresses = listening("--turn-listen", listen, kTurnPort, own);
  if (!addresses) return addresses.error();
  made.udp = made.tcp = *std::move(addresses);
  made.threads = flags.threads;
  turn::ServerConfig& machine = made.machine;
  machine.realm = flags.realm;
  machine.software = "Tidewire " TIDEWIRE_VERSION;
  machine.max_allocations = flags.max_allocations;
  machine.max_allocations_per_user = flags.max_allocations_per_user;
  machine.max_bytes_per_second = flags.max_kbps * 1000 / 8;
  if (auto read = read_credentials(flags, secret, machine); !read) return read.error();
  if (auto read = read_relays(flags, made); !read) return read.error();
  if (auto read = read_cidrs("--allow-peer", flags.allow_peers, machine.allow); !read) return read.error();
  if (auto read = read_cidrs("--deny-peer", flags.deny_peers, machine.deny); !read) return read.error();
  if (auto read = read_tls(flags, own, made); !read) return read.error();
  add_alternate(listen, made);
  if (auto checked = check_flags(flags, made); !checked) return checked.error();
  if (auto valid = server::check(made); !valid) return valid.error();
  return std::optional(std::move(made));
}

}  // namespace tidewire::app
