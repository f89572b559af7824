#include "ice/candidate.h"

#include <algorithm>
#include <charconv>

#include "stun/crc32.h"
#include "tidewire/bytes.h"

namespace tidewire::ice {
namespace {

constexpr std::size_t kMaxText = 1024;        // of a whole candidate
constexpr std::size_t kMaxFoundation = 32;    // RFC 8839 §5.1
constexpr std::size_t kMaxHostName = 255;     // RFC 1035 §2.3.4
constexpr std::size_t kMaxUfrag = 256;        // RFC 8839 §5.4
constexpr std::uint16_t kMaxComponent = 256;  // RFC 8445 §4: component-id is 1 to 256

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!equal_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_ice_char(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool is_host_name_char(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// Words between blanks.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  std::string_view next() {
    const std::size_t begin = std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
    rest_.remove_prefix(begin);
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t\r\n"));
    rest_.remove_prefix(word.size());
    return word;
  }

 private:
  std::string_view rest_;
};

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  if (equal_ignoring_case(text, "udp")) return Protocol::kUdp;
  if (equal_ignoring_case(text, "tcp")) return Protocol::kTcp;
  return std::nullopt;
}

std::optional<CandidateType> parse_type(std::string_view text) {
  for (const auto type : {CandidateType::kHost, CandidateType::kServerReflexive, CandidateType::kPeerReflexive,
                          CandidateType::kRelayed}) {
    if (equal_ignoring_case(text, to_string(type))) return type;
  }
  return std::nullopt;
}

TcpType parse_tcp_type(std::string_view text) {
  if (equal_ignoring_case(text, "active")) return TcpType::kActive;
  if (equal_ignoring_case(text, "passive")) return TcpType::kPassive;
  if (equal_ignoring_case(text, "so")) return TcpType::kSimultaneousOpen;
  return TcpType::kNone;
}

bool set_address(Candidate& candidate, std::string_view host) {
  if (const auto ip = IpAddress::parse(host)) {
    candidate.address.ip = *ip;
    return true;
  }
  if (host.empty() || host.size() > kMaxHostName || !std::all_of(host.begin(), host.end(), is_host_name_char)) {
    return false;
  }
  candidate.host_name = host;
  return true;
}

// RFC 8839 §5.1: pairs of a name and a value; unknown names are skipped.
void read_extensions(Words& words, Candidate& candidate) {
  std::optional<IpAddress> related_ip;
  std::optional<std::uint16_t> related_port;
  for (std::string_view name = words.next(); !name.empty(); name = words.next()) {
    const std::string_view value = words.next();
    if (equal_ignoring_case(name, "raddr")) related_ip = IpAddress::parse(value);
    if (equal_ignoring_case(name, "rport")) related_port = parse_number<std::uint16_t>(value);
    if (equal_ignoring_case(name, "tcptype")) candidate.tcp_type = parse_tcp_type(value);
    if (equal_ignoring_case(name, "ufrag") && value.size() <= kMaxUfrag) candidate.ufrag = value;
  }
  if (related_ip && related_port) candidate.related_address = SocketAddress{*related_ip, *related_port};
}

}  // namespace

std::string_view to_string(CandidateType type) {
  switch (type) {
    case CandidateType::kHost: return "host";
    case CandidateType::kServerReflexive: return "srflx";
    case CandidateType::kPeerReflexive: return "prflx";
    case CandidateType::kRelayed: return "relay";
  }
  return "";
}

std::string_view to_string(Protocol protocol) { return protocol == Protocol::kUdp ? "udp" : "tcp"; }

std::string_view to_string(TcpType type) {
  switch (type) {
    case TcpType::kActive: return "active";
    case TcpType::kPassive: return "passive";
    case TcpType::kSimultaneousOpen: return "so";
    case TcpType::kNone: break;
  }
  return "";
}

std::optional<Candidate> parse_candidate(std::string_view text) {
  if (text.size() > kMaxText) return std::nullopt;
  take_prefix(text, "a=");
  if (!take_prefix(text, "candidate:")) return std::nullopt;
  Words words(text);
  Candidate candidate;
  candidate.foundation = words.next();
  const auto component = parse_number<std::uint16_t>(words.next());
  const auto protocol = parse_protocol(words.next());
  const auto priority = parse_number<std::uint32_t>(words.next());
  const std::string_view host = words.next();
  const auto port = parse_number<std::uint16_t>(words.next());
  const bool has_typ = equal_ignoring_case(words.next(), "typ");
  const auto type = parse_type(words.next());
  if (!component || *component == 0 || *component > kMaxComponent || !protocol || !priority || !port || !has_typ ||
      !type || candidate.foundation.empty() || candidate.foundation.size() > kMaxFoundation ||
      !std::all_of(candidate.foundation.begin(), candidate.foundation.end(), is_ice_char) ||
      !set_address(candidate, host)) {
    return std::nullopt;
  }
  candidate.component = *component;
  candidate.protocol = *protocol;
  candidate.priority = *priority;
  candidate.address.port = *port;
  candidate.type = *type;
  read_extensions(words, candidate);
  return candidate;
}

std::string to_string(const Candidate& candidate) {
  const std::string host = candidate.host_name.empty() ? candidate.address.ip.to_string() : candidate.host_name;
  std::string text = "candidate:" + candidate.foundation + " " + std::to_string(candidate.component) + " ";
  text += to_string(candidate.protocol);
  text +=
      " " + std::to_string(candidate.priority) + " " + host + " " + std::to_string(candidate.address.port) + " typ ";
  text += to_string(candidate.type);
  if (candidate.related_address) {
    text += " raddr " + candidate.related_address->ip.to_string();
    text += " rport " + std::to_string(candidate.related_address->port);
  }
  if (candidate.tcp_type != TcpType::kNone) text.append(" tcptype ").append(to_string(candidate.tcp_type));
  if (!candidate.ufrag.empty()) text += " ufrag " + candidate.ufrag;
  return text;
}

std::uint32_t type_preference(CandidateType type) {
  // RFC 8445 §5.1.2.2: the recommended values.
  switch (type) {
    case CandidateType::kHost: return 126;
    case CandidateType::kPeerReflexive: return 110;
    case CandidateType::kServerReflexive: return 100;
    case CandidateType::kRelayed: return 0;
  }
  return 0;
}

std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference, std::uint16_t component) {
  return type_preference(type) << 24 | std::uint32_t{local_preference} << 8 | (256U - component);
}

std::uint32_t tcp_candidate_priority(CandidateType type, TcpType tcp_type, std::uint16_t local_preference) {
  constexpr std::uint32_t kHost = 90;
  constexpr std::uint32_t kPeerReflexive = 80;
  const std::uint32_t type_preference = type == CandidateType::kHost ? kHost : kPeerReflexive;
  // RFC 6544 §4.2: three bits of direction, host candidates' order, before the other preference.
  const std::uint32_t direction = tcp_type == TcpType::kActive ? 6 : tcp_type == TcpType::kPassive ? 4 : 2;
  const std::uint32_t local = direction << 13 | static_cast<std::uint32_t>(local_preference >> 3);
  return type_preference << 24 | local << 8 | 255;
}

std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) {
  const std::uint64_t low = std::min(controlling, controlled);
  const std::uint64_t high = std::max(controlling, controlled);
  return (low << 32) + 2 * high + (controlling > controlled ? 1 : 0);
}

std::string foundation(CandidateType type, const IpAddress& base, Protocol protocol,
                       const std::optional<SocketAddress>& server) {
  std::string key(to_string(type));
  key.append(to_string(protocol)).append(" ").append(base.to_string());
  if (server) key.append(" ").append(server->ip.to_string());
  return std::to_string(stun::crc32(as_bytes(key)));
}

}  // namespace tidewire::ice
