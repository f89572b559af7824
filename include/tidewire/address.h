// Internet addresses as plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidewire {

// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses stay IPv6 unless unmapped() is called.
class IpAddress {
 public:
  // 0.0.0.0
  constexpr IpAddress() = default;

  static constexpr IpAddress v4(std::array<std::uint8_t, 4> bytes) {
    IpAddress address;
    for (std::size_t i = 0; i < 4; ++i) address.bytes_[i] = bytes[i];
    return address;
  }
  // `scope` is the interface index that a link-local address needs, 0 for none.
  static constexpr IpAddress v6(std::array<std::uint8_t, 16> bytes, std::uint32_t scope = 0) {
    IpAddress address;
    address.bytes_ = bytes;
    address.is_v6_ = true;
    address.scope_ = scope;
    return address;
  }
  // Textual form without brackets, port or scope; nothing when it is no address (host names are none).
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr bool is_v4() const { return !is_v6_; }
  constexpr bool is_v6() const { return is_v6_; }
  // 4 or 16 bytes in network order.
  constexpr std::span<const std::uint8_t> bytes() const { return {bytes_.data(), is_v6_ ? 16U : 4U}; }
  constexpr std::uint32_t scope() const { return scope_; }

  bool is_unspecified() const;  // 0.0.0.0, ::
  bool is_loopback() const;     // 127.0.0.0/8, ::1
  bool is_link_local() const;   // 169.254.0.0/16, fe80::/10
  bool is_private() const;      // RFC 1918, fc00::/7
  bool is_multicast() const;
  // The IPv4 address inside an IPv4-mapped one (::ffff:a.b.c.d), else the address itself.
  IpAddress unmapped() const;

  // RFC 5952 form; the scope is not written.
  std::string to_string() const;

  friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool is_v6_ = false;
  std::uint32_t scope_ = 0;
  std::array<std::uint8_t, 16> bytes_{};
};

// An address and a port.
struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  // "192.0.2.1:80" or "[2001:db8::1]:80"; nothing when malformed.
  static std::optional<SocketAddress> parse(std::string_view text);
  std::string to_string() const;

  friend constexpr bool operator==(const SocketAddress&, const SocketAddress&) = default;
  friend constexpr auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

// Makes addresses keys of unordered containers.
struct SocketAddressHash {
  std::size_t operator()(const SocketAddress& address) const noexcept;
};

}  // namespace tidewire
