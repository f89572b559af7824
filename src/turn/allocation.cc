#include "turn/allocation.h"

#include <algorithm>

namespace tidewire::turn {
namespace {

template <typename T>
std::size_t count_alive(const std::vector<T>& entries, Timestamp now) {
  return static_cast<std::size_t>(
      std::count_if(entries.begin(), entries.end(), [now](const T& entry) { return entry.expires > now; }));
}

// A place for one more: a new one, or that of one that has run out.
template <typename T>
T& place(std::vector<T>& entries, std::size_t limit, Timestamp now) {
  const auto old = std::find_if(entries.begin(), entries.end(), [now](const T& entry) { return entry.expires <= now; });
  if (old != entries.end()) return *old;
  if (entries.size() < limit) return entries.emplace_back();
  return entries.back();
}

}  // namespace

bool Allocation::permits(const IpAddress& peer, Timestamp now) const {
  for (const Permission& permission : permissions) {
    if (same(permission.peer, peer)) return permission.expires > now;  // an address has one
  }
  return false;
}

bool Allocation::has_room_for(const std::vector<IpAddress>& peers, Timestamp now) const {
  std::size_t added = 0;
  for (auto peer = peers.begin(); peer != peers.end(); ++peer) {
    if (!permits(*peer, now) && std::find(peers.begin(), peer, *peer) == peer) ++added;
  }
  return count_alive(permissions, now) + added <= kMaxPermissions;
}

void Allocation::permit(const IpAddress& peer, Timestamp now) {
  const auto same = std::find_if(permissions.begin(), permissions.end(),
                                 [&](const Permission& permission) { return permission.peer == peer; });
  Permission& permission = same != permissions.end() ? *same : place(permissions, kMaxPermissions, now);
  permission = {peer, now + kPermissionLifetime};
  for (Channel& channel : channels) {
    if (channel.peer.ip == peer) channel.permitted_until = permission.expires;
  }
}

const Allocation::Channel* Allocation::channel(ChannelNumber number, Timestamp now) const {
  for (const Channel& channel : channels) {
    if (channel.number == number && channel.expires > now) return &channel;
  }
  return nullptr;
}

const Allocation::Channel* Allocation::channel(const SocketAddress& peer, Timestamp now) const {
  for (const Channel& channel : channels) {
    if (same(channel.peer, peer) && channel.expires > now) return &channel;
  }
  return nullptr;
}

bool Allocation::has_room_for_channel(Timestamp now) const { return count_alive(channels, now) < kMaxChannels; }

void Allocation::bind(ChannelNumber number, const SocketAddress& peer, Timestamp now) {
  const auto same = std::find_if(channels.begin(), channels.end(), [&](const Channel& channel) {
    return channel.number == number && channel.expires > now;
  });
  Channel& channel = same != channels.end() ? *same : place(channels, kMaxChannels, now);
  channel = {number, peer, now + kChannelLifetime, now};
  permit(peer.ip, now);  // RFC 8656 §12.2: binding a channel also permits its peer
}

void Allocation::forget_peers(Family family) {
  std::erase_if(permissions, [&](const Permission& entry) { return family_of(entry.peer) == family; });
  std::erase_if(channels, [&](const Channel& entry) { return family_of(entry.peer.ip) == family; });
}

}  // namespace tidewire::turn
