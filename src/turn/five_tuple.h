// What names a client of a TURN server: RFC 8656 §2's 5-tuple.
#pragma once

#include <cstdint>
#include <cstring>

#include "tidewire/address.h"
#include "tidewire/ids.h"

namespace tidewire::turn {

struct FiveTuple {
  SocketAddress client;
  SocketAddress server;
  StreamId stream;  // none: UDP

  friend bool operator==(const FiveTuple&, const FiveTuple&) = default;
};

// Keyed, so that nobody can choose addresses that fall together.
class FiveTupleHash {
 public:
  explicit FiveTupleHash(std::uint64_t key) : key_(key) {}

  std::size_t operator()(const FiveTuple& tuple) const noexcept {
    const std::uint64_t hash = add(add(key_, tuple.client), tuple.server);
    return static_cast<std::size_t>(mix(hash, tuple.stream.value()));
  }
  std::uint64_t operator()(const IpAddress& ip) const noexcept { return add(key_, ip); }

 private:
  static std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32;
  }
  static std::uint64_t add(std::uint64_t hash, const IpAddress& ip) {
    const auto bytes = ip.bytes();
    if (ip.is_v4()) {
      std::uint32_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof(word));
      return mix(hash, word);
    }
    std::uint64_t halves[2] = {};
    std::memcpy(halves, bytes.data(), sizeof(halves));
    return mix(mix(hash, halves[0]), halves[1]);
  }
  static std::uint64_t add(std::uint64_t hash, const SocketAddress& address) {
    return mix(add(hash, address.ip), address.port);
  }

  std::uint64_t key_;
};

}  // namespace tidewire::turn
