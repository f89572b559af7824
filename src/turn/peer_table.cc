#include "turn/peer_table.h"

#include <algorithm>
#include <utility>

namespace tidewire::turn {
namespace {

// RFC 8656 §12: a binding lasts ten minutes, and for five more neither the channel nor the peer may be bound
// otherwise. One more for a request that was on its way.
constexpr Duration kChannelRetirement = std::chrono::minutes(16);

}  // namespace

Peer* PeerTable::find(const SocketAddress& address) {
  if (last_found_ < peers_.size() && peers_[last_found_].address == address) return &peers_[last_found_];
  const auto found = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.address == address; });
  if (found == peers_.end()) return nullptr;
  last_found_ = static_cast<std::size_t>(found - peers_.begin());
  return &*found;
}

Peer* PeerTable::find(ChannelNumber channel) {
  if (last_found_ < peers_.size() && peers_[last_found_].channel == channel) return &peers_[last_found_];
  const auto found = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.channel == channel; });
  if (found == peers_.end()) return nullptr;
  last_found_ = static_cast<std::size_t>(found - peers_.begin());
  return &*found;
}

Permission* PeerTable::find_permission(const IpAddress& ip) {
  const auto found =
      std::find_if(permissions_.begin(), permissions_.end(), [&](const Permission& p) { return p.ip == ip; });
  return found == permissions_.end() ? nullptr : &*found;
}

Peer& PeerTable::add(const SocketAddress& address, Timestamp now) {
  if (peers_.size() >= kMaxPeers) remove_least_recently_used(now);
  if (find_permission(address.ip) == nullptr) permissions_.push_back({.ip = address.ip});
  const ChannelNumber channel = pick_channel(address, now);
  peers_.push_back({.address = address, .channel = channel, .last_used = now});
  return peers_.back();
}

void PeerTable::clear() {
  peers_.clear();
  permissions_.clear();
  retired_.clear();
}

void PeerTable::remove_least_recently_used(Timestamp now) {
  const auto oldest = std::min_element(peers_.begin(), peers_.end(),
                                       [](const Peer& a, const Peer& b) { return a.last_used < b.last_used; });
  // When there is no room, the oldest is forgotten: a server that still holds it refuses the next binding of that
  // channel, and data travels in indications.
  if (retired_.size() >= kMaxRetired) retired_.erase(retired_.begin());
  retired_.push_back({.address = oldest->address, .channel = oldest->channel, .free_at = now + kChannelRetirement});
  const IpAddress ip = oldest->address.ip;
  peers_.erase(oldest);
  if (std::none_of(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.address.ip == ip; })) {
    std::erase_if(permissions_, [&](const Permission& p) { return p.ip == ip; });
  }
}

ChannelNumber PeerTable::pick_channel(const SocketAddress& address, Timestamp now) {
  std::erase_if(retired_, [&](const Retired& r) { return r.free_at <= now; });
  const auto former =
      std::find_if(retired_.begin(), retired_.end(), [&](const Retired& r) { return r.address == address; });
  if (former != retired_.end()) {
    const ChannelNumber channel = former->channel;
    retired_.erase(former);
    return channel;
  }
  // Ends, because there are more numbers than peers and retired ones.
  static_assert(kMaxPeers + kMaxRetired < 0x1000);
  ChannelNumber channel = next_channel_;
  const auto after = [](ChannelNumber n) {
    return n == kLastChannel ? kFirstChannel : ChannelNumber{static_cast<std::uint16_t>(n.value() + 1)};
  };
  while (in_use(channel)) channel = after(channel);
  next_channel_ = after(channel);
  return channel;
}

bool PeerTable::in_use(ChannelNumber channel) const {
  return std::any_of(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.channel == channel; }) ||
         std::any_of(retired_.begin(), retired_.end(), [&](const Retired& r) { return r.channel == channel; });
}

}  // namespace tidewire::turn
