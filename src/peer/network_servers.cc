// STUN and TURN servers of a connection's configuration, and names that are looked up.
#include <utility>

#include "peer/network.h"

namespace tidewire::peer {
namespace {

// A browser answers within milliseconds; what takes longer is not on this link, and its checks find us anyway.
constexpr Duration kMdnsTimeout = std::chrono::seconds(5);
// W3C WebRTC §4.8.2: the code of a server that could not be reached.
constexpr std::uint16_t kUnreachable = 701;

TurnTransport to_turn(const io::IceUrl& url) {
  if (url.transport == io::IceUrl::Transport::kUdp) return TurnTransport::kUdp;
  return url.is_secure() ? TurnTransport::kTls : TurnTransport::kTcp;
}

}  // namespace

Result<std::vector<Network::Server>> Network::parse_servers() const {
  std::vector<Server> servers;
  for (const IceServer& server : configuration_.ice_servers) {
    for (const std::string& text : server.urls) {
      auto url = io::parse_ice_url(text);
      if (!url) return url.error();
      // W3C WebRTC §4.2.1.1: a relay without both is an InvalidAccessError.
      if (url->is_turn() && (server.username.empty() || server.credential.empty())) {
        return Error{ErrorCode::kInvalidAccess, "the relay " + text + " needs a username and a credential"};
      }
      servers.push_back({std::move(*url), text, &server});
    }
  }
  return servers;
}

void Network::look_up(const Server& server) {
  if (server.url.scheme == io::IceUrl::Scheme::kStuns) {
    // What such a server tells is the address of a TCP connection, which no candidate of ours uses.
    session_.note_server_error({.url = server.text,
                                .error_code = kUnreachable,
                                .error_text = "STUN over TLS finds no addresses for UDP; use a stun: URL"});
    return;
  }
  ++unresolved_servers_;
  resolver_.resolve(server.url.host, [this, server](const Result<std::vector<IpAddress>>& addresses) {
    // One way fewer, and no reason to fail: the others and the host candidates remain.
    if (addresses) {
      use(server, *addresses);
    } else {
      session_.note_server_error(
          {.url = server.text, .error_code = kUnreachable, .error_text = addresses.error().message});
    }
    settle();
    on_change_();
  });
}

void Network::use(const Server& server, const std::vector<IpAddress>& addresses) {
  for (const IpAddress& ip : addresses) {
    const SocketAddress address{ip, server.url.port};
    const auto added = server.url.is_turn() ? session_.add_turn_server({.address = address,
                                                                        .transport = to_turn(server.url),
                                                                        .server_name = server.url.host,
                                                                        .username = server.credentials->username,
                                                                        .credential = server.credentials->credential,
                                                                        .url = server.text},
                                                                       loop_.now())
                                            : session_.add_stun_server(address, loop_.now());
    if (!added) {
      session_.note_server_error({.url = server.text, .error_code = kUnreachable, .error_text = added.error().message});
    }
  }
}

// Gathering may complete when the last name has been looked up.
void Network::settle() {
  if (--unresolved_servers_ == 0) session_.end_of_local_sockets(loop_.now());
}

void Network::resolve(const std::string& name) {
  if (!mdns_) mdns_ = std::make_unique<io::MdnsResolver>(loop_);
  mdns_->resolve(name, kMdnsTimeout, [this, name](const Result<IpAddress>& address) {
    session_.name_resolved(name, address ? std::optional(*address) : std::nullopt, loop_.now());
    on_change_();
  });
}

}  // namespace tidewire::peer
