// Multicast DNS messages (RFC 6762 over the format of RFC 1035 §4): the query for an A record, and the A records
// of a response.
#pragma once

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

// Lower case, without a final dot; nothing when it is no host name (RFC 1035 §2.3.4: labels of 1 to 63 octets,
// 253 characters in all).
std::optional<std::string> normalized_host_name(std::string_view name);

// A question for the A record of a normalized name.
Bytes build_mdns_query(std::string_view name);
// An answer as a responder gives it. For tests and for a responder of our own.
Bytes build_mdns_response(const MdnsAddress& address);

// The A records among the answers and additional records; empty for a query or anything malformed. Records with a
// lifetime of zero (RFC 6762 §10.1: goodbye) are left out.
std::vector<MdnsAddress> parse_mdns_response(ByteView packet);
// The names asked for by a query (type A or any); empty for a response or anything malformed.
std::vector<std::string> parse_mdns_query(ByteView packet);

}  // namespace tidewire::io
