// Makes the iceServers of one client: the addresses of our own STUN and TURN server, and credentials for it that end.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/signaling/own_turn.h"
#include "tidewire/configuration.h"
#include "tidewire/time.h"

namespace tidewire::server {

// The host of "HOST", "HOST:PORT" or "[IPV6]:PORT", as it goes into a URL: in small letters, IPv6 in brackets. Nothing
// when it is neither a host name nor an address that one can send to: the text may come from anybody.
std::optional<std::string> host_of(std::string_view authority);

// What stands for a peer in the names of its credentials. The same peer always has the same, so that its allocations
// share one quota however often it joins. TURN sends names in the clear: whoever reads them on the wire, and be it a
// member of the room, cannot tell which peer it is without the secret.
std::string turn_user(const OwnTurn& own, std::string_view peer_id);

// `called` is what the client called us (a Host header), `user` goes into the name of its credentials. Empty when no
// host is known.
std::vector<IceServer> mint_ice_servers(const OwnTurn& own, std::string_view called, std::string_view user,
                                        UnixTime now);

// The value of RTCConfiguration.iceServers, ready to paste: [{"urls": […], "username": …, "credential": …}]
std::string ice_servers_json(std::span<const IceServer> servers);

}  // namespace tidewire::server
