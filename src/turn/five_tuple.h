// What names a client of a TURN server: RFC 8656 §2's 5-tuple.
#pragma once

#include <cstdint>
#include <cstring>

#include "tidewire/address.h"
#include "tidewire/ids.h"

namespace tidewire::turn {

// Equality of addresses for the way of every datagram: in whole words, where operator== calls memcmp.
inline bool same(const IpAddress& a, const IpAddress& b) {
  if (a.is_v4() != b.is_v4()) return false;
  if (a.is_v4()) {
    std::uint32_t words[2] = {};
    std::memcpy(&words[0], a.bytes().data(), sizeof(words[0]));
    std::memcpy(&words[1], b.bytes().data(), sizeof(words[1]));
    return words[0] == words[1];
  }
  std::uint64_t words[4] = {};
  std::memcpy(&words[0], a.bytes().data(), 2 * sizeof(words[0]));
  std::memcpy(&words[2], b.bytes().data(), 2 * sizeof(words[0]));
  return words[0] == words[2] && words[1] == words[3] && a.scope() == b.scope();
}
inline bool same(const SocketAddress& a, const SocketAddress& b) { return a.port == b.port && same(a.ip, b.ip); }

struct FiveTuple {
  SocketAddress client;
  SocketAddress server;
  StreamId stream;  // none: UDP

  friend bool operator==(const FiveTuple& a, const FiveTuple& b) {
    return same(a.client, b.client) && same(a.server, b.server) && a.stream == b.stream;
  }
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
