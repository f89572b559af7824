// Permissions and channels (RFC 8656 §9, §10, §12).
#include <algorithm>
#include <chrono>
#include <utility>

#include "turn/client.h"
#include "turn/client_send.h"

namespace tidewire::turn {

using stun::AttributeType;
using stun::ErrorNumber;
using stun::MessageBuilder;
using stun::Method;

namespace {

constexpr Duration kPermissionLifetime = std::chrono::minutes(5);  // RFC 8656 §9
constexpr Duration kChannelLifetime = std::chrono::minutes(10);    // RFC 8656 §12
// As with allocations: enough for all retransmissions.
constexpr Duration kRenewMargin = std::chrono::minutes(1);
// What is due within this is renewed in the same request.
constexpr Duration kRenewTogether = std::chrono::seconds(30);

// RFC 8656 §12.2, §10.2: it is the peer's address that is not wanted, channel or not.
bool concerns_the_address(std::uint16_t code) {
  return code == static_cast<std::uint16_t>(ErrorNumber::kForbidden) ||
         code == static_cast<std::uint16_t>(ErrorNumber::kPeerAddressFamilyMismatch);
}

void grant(Permission& permission, Timestamp now) {
  permission.until = now + kPermissionLifetime;
  permission.renew_at = permission.until - kRenewMargin;
}

}  // namespace

std::size_t Client::open_binds() const {
  const auto& peers = peers_.peers();
  return static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [](const Peer& peer) { return peer.bind.open(); }));
}

// RFC 8656 §12.2: a ChannelBind installs or renews the permission too.
bool Client::awaits_bind(const Permission& permission) const {
  const auto& peers = peers_.peers();
  return std::any_of(peers.begin(), peers.end(),
                     [&](const Peer& peer) { return peer.bind.open() && peer.address.ip == permission.ip; });
}

// Sends whatever requests for peers are due and may be in flight now.
void Client::ask_for_peers(Timestamp now) {
  if (state_ != ClientState::kAllocated) return;
  std::size_t open = open_binds();
  for (std::size_t i = 0; i < peers_.peers().size() && open < kMaxOpenBinds; ++i) {
    Peer& peer = peers_.peers()[i];
    if (peer.channel_refused || peer.bind.open() || peer.rebind_at > now || peers_.permission_of(peer).refused) {
      continue;
    }
    send_bind(peer, now);
    if (state_ != ClientState::kAllocated) return;
    ++open;
  }
  if (!permission_request_.open() && choose_permissions(now)) send_create_permission(now);
}

void Client::send_bind(Peer& peer, Timestamp now) {
  send_request(peer.bind, Method::kChannelBind, now, [&](MessageBuilder& builder) {
    // RFC 8656 §18.1: the number, then two bytes that are zero.
    builder.add_u32(AttributeType::kChannelNumber, static_cast<std::uint32_t>(peer.channel.value()) << 16);
    builder.add_xor_address(AttributeType::kXorPeerAddress, peer.address);
  });
}

// Marks those that go into the next CreatePermission request. False: there is nothing to ask for.
bool Client::choose_permissions(Timestamp now) {
  auto& permissions = peers_.permissions();
  const auto wants = [&](const Permission& p, Timestamp by) {
    return !p.refused && p.renew_at <= by && !awaits_bind(p);
  };
  const auto due = std::find_if(permissions.begin(), permissions.end(), [&](const auto& p) { return wants(p, now); });
  if (due == permissions.end()) return false;
  due->asked = true;
  std::size_t count = 1;
  for (Permission& permission : permissions) {
    if (due->alone || count >= kMaxPermissionsPerRequest) break;
    if (permission.asked || permission.alone || !wants(permission, now + kRenewTogether)) continue;
    permission.asked = true;
    ++count;
  }
  return true;
}

void Client::send_create_permission(Timestamp now) {
  // RFC 8656 §10.1: several peers, whose ports do not matter.
  send_request(permission_request_, Method::kCreatePermission, now, [&](MessageBuilder& builder) {
    for (const Permission& permission : peers_.permissions()) {
      if (permission.asked) builder.add_xor_address(AttributeType::kXorPeerAddress, {permission.ip, 0});
    }
  });
}

void Client::bound(Peer& peer, Timestamp now) {
  peer.bound_until = now + kChannelLifetime;
  peer.rebind_at = peer.bound_until - kRenewMargin;
  grant(peers_.permission_of(peer), now);
}

void Client::bind_refused(Peer& peer, const Refusal& refusal, Timestamp now) {
  if (concerns_the_address(refusal.code) || refusal.code == event::Failed::kUnreachable) {
    return refuse(peers_.permission_of(peer), refusal);
  }
  // No channel, but perhaps a permission; what is bound is used until it ends.
  peer.channel_refused = true;
  if (peers_.permission_of(peer).until <= now) peers_.permission_of(peer).renew_at = now;
}

void Client::permissions_created(Timestamp now) {
  for (Permission& permission : peers_.permissions()) {
    if (!std::exchange(permission.asked, false)) continue;
    grant(permission, now);
    permission.alone = false;
  }
}

void Client::permissions_refused(const Refusal& refusal) {
  auto& permissions = peers_.permissions();
  const auto count = std::count_if(permissions.begin(), permissions.end(), [](const auto& p) { return p.asked; });
  for (Permission& permission : permissions) {
    if (!std::exchange(permission.asked, false)) continue;
    // RFC 8656 §10.2: one address that is forbidden fails them all; each is asked for by itself then.
    if (count > 1 && refusal.code != event::Failed::kUnreachable) {
      permission.alone = true;
    } else {
      refuse(permission, refusal);
    }
  }
}

void Client::refuse(Permission& permission, const Refusal& refusal) {
  if (std::exchange(permission.refused, true)) return;
  constexpr std::size_t kKeptForMore = 4;
  if (events_.size() + kKeptForMore >= events_.limit()) return;
  (void)events_.push(event::PermissionRefused{.peer = permission.ip, .code = refusal.code, .reason = refusal.reason});
}

// When ask_for_peers() has something to do, or a request of a peer is due. What waits for an answer has no time.
Timestamp Client::peers_deadline() const {
  Timestamp earliest = kNever;
  const bool may_bind = open_binds() < kMaxOpenBinds;
  for (const Peer& peer : peers_.peers()) {
    earliest = std::min(earliest, peer.bind.deadline);
    const bool wants_bind =
        may_bind && !peer.channel_refused && !peer.bind.open() && !peers_.permission_of(peer).refused;
    if (wants_bind) earliest = std::min(earliest, peer.rebind_at);
  }
  if (permission_request_.open()) return earliest;
  for (const Permission& permission : peers_.permissions()) {
    if (!permission.refused && !awaits_bind(permission)) earliest = std::min(earliest, permission.renew_at);
  }
  return earliest;
}

}  // namespace tidewire::turn
