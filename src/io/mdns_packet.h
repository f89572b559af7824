// Multicast DNS messages (RFC 6762 over the format of RFC 1035 §4): queries for addresses, and the A and AAAA
// records of responses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/bytes.h"

namespace tidewire::io {

struct MdnsAddress {
  std::string name;  // lower case, without the final dot
  IpAddress ip;
  friend bool operator==(const MdnsAddress&, const MdnsAddress&) = default;
};

// RFC 1035 §3.2.2, RFC 3596 §2.1.
enum class MdnsType : std::uint16_t { kA = 1, kAaaa = 28 };

struct MdnsQuestion {
  std::string name;
  bool v4 = false;  // asks for A records
  bool v6 = false;  // asks for AAAA records; type "any" asks for both
};

struct MdnsQuery {
  std::vector<MdnsQuestion> questions;
  // RFC 6762 §7.1: answers that are not wanted, with half of their lifetime or more to go.
  std::vector<MdnsAddress> known;
};

// Lower case, without a final dot; nothing when it is no host name (RFC 1035 §2.3.4: labels of 1 to 63 octets,
// 253 characters in all).
std::optional<std::string> normalized_host_name(std::string_view name);

// A question for the address records of one family of a normalized name.
Bytes build_mdns_query(std::string_view name, MdnsType type = MdnsType::kA);
// An answer as a responder gives it (RFC 6762 §10: host addresses live for two minutes), or with `goodbye` (§10.1) its
// withdrawal.
Bytes build_mdns_response(const MdnsAddress& address, bool goodbye = false);

// The A and AAAA records among the answers and additional records; empty for a query or anything malformed. Records
// with a lifetime of zero (RFC 6762 §10.1: goodbye) are left out.
std::vector<MdnsAddress> parse_mdns_response(ByteView packet);
// What a query asks and knows already; empty for a response or anything malformed.
MdnsQuery parse_mdns_query(ByteView packet);

}  // namespace tidewire::io
