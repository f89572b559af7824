#include "ice_options.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "io/ice_url.h"
#include "tidewire/udp_port.h"

namespace tidewire::app {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

Result<PortRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return Error{ErrorCode::kSyntax, "--port-range: '" + std::string(text) + "' is no range; try 50000-50100"};
  }
  return PortRange{*first, *last};
}

// `auto` means what STUN tells: with a server there, the address is found and announced by itself.
Result<std::optional<IpAddress>> parse_public_ip(const IceOptions& options) {
  if (options.public_ip.empty()) return std::optional<IpAddress>();
  if (options.public_ip == "auto") {
    if (!options.servers.empty()) return std::optional<IpAddress>();
    return Error{ErrorCode::kInvalidAccess,
                 "--public-ip auto asks a STUN server: name one with --ice-server stun:HOST"};
  }
  const auto ip = IpAddress::parse(options.public_ip);
  if (!ip) return Error{ErrorCode::kSyntax, "--public-ip: '" + options.public_ip + "' is no IP address and not 'auto'"};
  return std::optional(*ip);
}

}  // namespace

Result<std::vector<IceServer>> parse_ice_servers(const std::vector<std::string>& urls, const std::string& username,
                                                 const std::string& credential) {
  std::vector<IceServer> servers;
  for (const std::string& text : urls) {
    const auto url = io::parse_ice_url(text);
    if (!url) return Error{url.error().code, "--ice-server: " + url.error().message};
    if (!url->is_turn()) {
      servers.push_back({{text}, "", ""});
    } else if (username.empty() || credential.empty()) {
      return Error{ErrorCode::kInvalidAccess,
                   "--ice-server: the relay " + text + " needs --ice-username and --ice-credential"};
    } else {
      servers.push_back({{text}, username, credential});
    }
  }
  return servers;
}

Result<Configuration> to_configuration(const IceOptions& options, EventLoop& loop) {
  Configuration configuration;
  auto servers = parse_ice_servers(options.servers, options.username, options.credential);
  if (!servers) return servers.error();
  configuration.ice_servers = std::move(*servers);
  if (options.transport_policy == "relay") configuration.ice_transport_policy = IceTransportPolicy::kRelay;
  if (!options.port_range.empty()) {
    const auto range = parse_range(options.port_range);
    if (!range) return range.error();
    configuration.port_range = *range;
  }
  const auto public_ip = parse_public_ip(options);
  if (!public_ip) return public_ip.error();
  configuration.public_ip = *public_ip;
  if (options.udp_port != 0) {
    auto port = UdpPort::open(loop, options.udp_port, true);
    if (!port) return Error{port.error().code, "--udp-port: " + port.error().message};
    configuration.udp_port = std::move(*port);
  }
  configuration.hide_host_addresses = options.hide_addresses;
  configuration.tcp_candidates = !options.no_tcp;
  configuration.tls_ca_file = options.tls_ca;
  return configuration;
}

}  // namespace tidewire::app
