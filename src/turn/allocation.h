// One client's allocation on a TURN server, with its permissions and channels (RFC 8656 §3.2, §9, §12).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "stun/message.h"
#include "tidewire/address.h"
#include "tidewire/strong_id.h"
#include "tidewire/time.h"
#include "turn/channel_data.h"
#include "turn/five_tuple.h"
#include "turn/long_term_credential.h"

namespace tidewire::turn {

// CONNECTION-ID (RFC 6062 §6.2.1).
using ConnectionId = StrongId<struct ConnectionIdTag, std::uint32_t>;

enum class Family : std::uint8_t { kV4 = 0, kV6 = 1 };
inline constexpr std::array kFamilies{Family::kV4, Family::kV6};

inline Family family_of(const IpAddress& ip) { return ip.is_v4() ? Family::kV4 : Family::kV6; }

// How a request was signed, and its answer is.
struct Signature {
  LongTermKey key;
  PasswordAlgorithm algorithm = PasswordAlgorithm::kMd5;
  bool sha1 = false;
  bool sha256 = false;

  bool is_signed() const { return sha1 || sha256; }
};

// What an answer repeats of its request.
struct ReplyTo {
  FiveTuple client;
  stun::Method method{};
  stun::TransactionId transaction{};
  Signature signature;
  bool fingerprint = false;
};

// The relayed port of one address family.
struct Relay {
  std::uint16_t port = 0;  // none
  bool open = false;       // the owner has said so
  bool even = false;       // EVEN-PORT
  bool fixed = false;      // reserved, or next to a reserved one: no other port will do
  std::uint8_t attempts = 0;
  std::uint16_t error = 0;  // why there is none although it was asked for; ADDRESS-ERROR-CODE
};

// Data relayed for one allocation. Of TCP, bytes only.
struct RelayCounters {
  std::uint64_t to_peers = 0;  // datagrams
  std::uint64_t to_peers_bytes = 0;
  std::uint64_t to_client = 0;
  std::uint64_t to_client_bytes = 0;
  std::uint64_t dropped_over_rate = 0;
};

struct Allocation {
  static constexpr std::size_t kMaxPermissions = 64;
  static constexpr std::size_t kMaxChannels = 64;
  static constexpr Duration kPermissionLifetime = std::chrono::minutes(5);  // RFC 8656 §9
  static constexpr Duration kChannelLifetime = std::chrono::minutes(10);    // RFC 8656 §12

  struct Permission {
    IpAddress peer;
    Timestamp expires{};
  };
  struct Channel {
    ChannelNumber number;
    SocketAddress peer;
    Timestamp expires{};
    // When the permission of its peer ends, kept here too so that data needs one look. RFC 8656 §9: a channel outlives
    // its permission when nobody renews that, and then nothing passes.
    Timestamp permitted_until{};

    bool carries(Timestamp now) const { return expires > now && permitted_until > now; }
  };

  // What data needs comes first, to lie together.
  Timestamp expires{};
  std::array<Relay, 2> relays;
  bool answered = false;  // all relays are open, or given up
  bool tcp = false;       // RFC 6062
  // Few of each are alive at a time, so that a walk is faster than a hash. Bounded as above; what has run out
  // makes room for what comes.
  std::vector<Permission> permissions;
  std::vector<Channel> channels;
  std::vector<ConnectionId> connections;  // see TcpConnections
  RelayCounters counters;
  Timestamp paid_until{};  // see Server::over_rate()
  // The Allocate request that made it; a repetition gets the same answer.
  ReplyTo made_by;

  std::string username;
  std::string account;  // whom it is counted for
  Timestamp made_at{};
  Duration granted{};
  std::array<std::uint16_t, 2> told_ports{};  // by Family, which the client was told of at first
  std::uint64_t reservation = 0;              // RESERVATION-TOKEN of the answer; 0: none
  std::uint64_t hash = 0;                     // of AllocationTable
  std::size_t heap_place = 0;                 // likewise

  Relay& relay(Family family) { return relays[static_cast<std::size_t>(family)]; }
  const Relay& relay(Family family) const { return relays[static_cast<std::size_t>(family)]; }
  bool is_pending() const { return !answered; }
  // Its client has been told of it, and it has not ended.
  bool lives(Timestamp now) const { return answered && expires > now; }

  bool permits(const IpAddress& peer, Timestamp now) const;
  // Room for so many more peers, those that are permitted already not counted?
  bool has_room_for(const std::vector<IpAddress>& peers, Timestamp now) const;
  void permit(const IpAddress& peer, Timestamp now);

  const Channel* channel(ChannelNumber number, Timestamp now) const;
  const Channel* channel(const SocketAddress& peer, Timestamp now) const;
  bool has_room_for_channel(Timestamp now) const;
  // The pair must not contradict one that is there.
  void bind(ChannelNumber number, const SocketAddress& peer, Timestamp now);
  // Ends what belongs to peers of a family that is no longer relayed to.
  void forget_peers(Family family);
};

// With its name, its place in two tables and a handful of peers an idle one takes less than 2 KiB.
static_assert(sizeof(Allocation) <= 512);

}  // namespace tidewire::turn
