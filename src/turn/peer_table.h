// Whom a TURN client talks to: a channel for each peer, a permission for each of their IP addresses
// (RFC 8656 §9, §12).
#pragma once

#include <cstdint>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/time.h"
#include "turn/channel_data.h"
#include "turn/request.h"

namespace tidewire::turn {

// "Was never granted": before every point in time.
inline constexpr Timestamp kLongAgo = Timestamp::min();

struct Permission {
  IpAddress ip;
  Timestamp until = kLongAgo;
  Timestamp renew_at = kLongAgo;  // as soon as possible
  bool asked = false;             // is in the CreatePermission request that is in flight
  bool alone = false;             // a request for several was refused: ask for this one only
  bool refused = false;
};

struct Peer {
  SocketAddress address;
  ChannelNumber channel;
  bool channel_refused = false;  // then data travels in Send indications
  Timestamp bound_until = kLongAgo;
  Timestamp rebind_at = kLongAgo;
  Timestamp last_used{};
  Request bind;  // ChannelBind

  bool bound(Timestamp now) const { return bound_until > now; }
};

class PeerTable {
 public:
  static constexpr std::size_t kMaxPeers = 64;
  // Channels of peers that had to go, which the server may still hold.
  static constexpr std::size_t kMaxRetired = 256;

  // O(1) for the peer that was found last.
  Peer* find(const SocketAddress& address);
  Peer* find(ChannelNumber channel);
  Permission* find_permission(const IpAddress& ip);
  // The permission of a peer in the table.
  Permission& permission_of(const Peer& peer) { return *find_permission(peer.address.ip); }
  const Permission& permission_of(const Peer& peer) const { return const_cast<PeerTable*>(this)->permission_of(peer); }

  // A peer that is not in the table yet. When it is full, the least recently used one goes.
  Peer& add(const SocketAddress& address, Timestamp now);
  // Peers that nothing was ever asked of the server for: their channels may be given to others at once.
  template <typename Predicate>  // of an IpAddress
  void remove_if(Predicate predicate) {
    std::erase_if(peers_, [&](const Peer& peer) { return predicate(peer.address.ip); });
    std::erase_if(permissions_, [&](const Permission& permission) { return predicate(permission.ip); });
  }
  void clear();

  std::vector<Peer>& peers() { return peers_; }
  const std::vector<Peer>& peers() const { return peers_; }
  std::vector<Permission>& permissions() { return permissions_; }
  const std::vector<Permission>& permissions() const { return permissions_; }

 private:
  struct Retired {
    SocketAddress address;
    ChannelNumber channel;
    Timestamp free_at;
  };

  void remove_least_recently_used(Timestamp now);
  ChannelNumber pick_channel(const SocketAddress& address, Timestamp now);
  bool in_use(ChannelNumber channel) const;

  std::vector<Peer> peers_;              // at most kMaxPeers
  std::vector<Permission> permissions_;  // one for each IP address of peers_
  std::vector<Retired> retired_;         // at most kMaxRetired, oldest first
  std::size_t last_found_ = 0;
  ChannelNumber next_channel_ = kFirstChannel;
};

}  // namespace tidewire::turn
