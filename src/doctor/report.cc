#include "doctor/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "doctor/words.h"

namespace tidewire::doctor {
namespace {

// "heading   line", and further lines below it.
class Sheet {
 public:
  void heading(std::string_view text) { heading_ = text; }
  void line(std::string_view text) {
    text_ += fmt::format("{:<11} {}\n", heading_, text);
    heading_ = {};
  }
  std::string take() {
    text_.pop_back();
    return std::move(text_);
  }

 private:
  std::string_view heading_;
  std::string text_;
};

std::string_view plain(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::kUnknown: return "unknown";
    case Behaviour::kEndpointIndependent: return "endpoint-independent";
    case Behaviour::kAddressDependent: return "address-dependent";
    case Behaviour::kAddressAndPortDependent: return "address- and port-dependent";
  }
  return "";
}

// The names that people use (RFC 3489 §5).
std::string_view common_name(const NatFindings& nat) {
  if (nat.mapping == Behaviour::kUnknown) return "of unknown kind";
  if (nat.mapping != Behaviour::kEndpointIndependent) return "symmetric";
  switch (nat.filtering) {
    case Behaviour::kUnknown: return "cone";
    case Behaviour::kEndpointIndependent: return "full cone";
    case Behaviour::kAddressDependent: return "restricted cone";
    case Behaviour::kAddressAndPortDependent: return "port-restricted cone";
  }
  return "";
}

void write_interfaces(const Findings& findings, Sheet& sheet) {
  sheet.heading("interfaces");
  if (findings.interfaces.empty()) sheet.line("none");
  for (const InterfaceFinding& interface : findings.interfaces) {
    if (interface.kind == "loopback") continue;
    std::vector<std::string> addresses;
    for (const IpAddress& ip : interface.addresses) addresses.push_back(ip.to_string());
    std::string line = fmt::format("{:<10} {}", interface.name, fmt::join(addresses, ", "));
    if (interface.mtu) line += fmt::format(", MTU {}", *interface.mtu);
    if (interface.kind != "physical") line += ", " + interface.kind;
    if (!interface.up) line += ", down";
    sheet.line(line);
  }
}

void write_nat(std::string_view family, const std::optional<NatFindings>& nat, Sheet& sheet) {
  if (!nat) return;
  if (!nat->answered) return sheet.line(fmt::format("{}: blocked, or nobody answers; no UDP came back", family));
  if (!nat->translated) {
    if (nat->filtering == Behaviour::kEndpointIndependent)
      return sheet.line(
          fmt::format("{}: none; UDP from everywhere comes in at {}", family, nat->mapped.ip.to_string()));
    return sheet.line(fmt::format("{}: none, seen as {}; filtering {}{}", family, nat->mapped.to_string(),
                                  plain(nat->filtering), nat->filtering == Behaviour::kUnknown ? "" : " (a firewall)"));
  }
  sheet.line(fmt::format("{}: a NAT, {}; seen as {}", family, common_name(*nat), nat->mapped.to_string()));
  sheet.line(fmt::format("      mapping {}, filtering {}", plain(nat->mapping), plain(nat->filtering)));
  sheet.line(fmt::format("      {}, {}{}", nat->port_preserved ? "keeps ports" : "changes ports",
                         nat->hairpinning.value_or(false) ? "hairpins" : "does not hairpin",
                         nat->one_address ? "" : ", has several external addresses"));
}

std::string relay_words(const RelayFindings& relay) {
  const double lost = 100.0 * (relay.sent - relay.received) / std::max(relay.sent, 1U);
  return fmt::format(", relays {}({:.0f} % lost{})",
                     relay.round_trip ? "in " + milliseconds(*relay.round_trip) + " " : "", lost,
                     relay.path == RelayPath::kSecondAllocation ? "; between two allocations" : "");
}

void write_servers(const Findings& findings, Sheet& sheet) {
  sheet.heading("servers");
  if (findings.servers.empty()) sheet.line("none given");
  for (const ServerFinding& server : findings.servers) {
    std::string line = server.problem == Problem::kNone ? "ok    " : "FAILS ";
    if (server.problem == Problem::kRelayPortsClosed) line = "BUT   ";
    line += server.url;
    if (server.address && server.url.find(server.address->ip.to_string()) == std::string::npos)
      line += " at " + server.address->ip.to_string();
    line += " over " + server.transport;
    if (server.latency) line += ", answers in " + milliseconds(*server.latency);
    if (server.connect_time) line += ", connects in " + milliseconds(*server.connect_time);
    if (server.relays()) line += relay_words(*server.relay);
    sheet.line(line);
    if (!server.message.empty()) sheet.line("      " + server.message);
  }
}

void write_rest(const Findings& findings, const Verdict& verdict, Sheet& sheet) {
  if (findings.mtu) {
    sheet.heading("path MTU");
    sheet.line(
        findings.mtu->largest_packet == 0
            ? fmt::format("unknown: no large packet was answered by {}", findings.mtu->server.to_string())
            : fmt::format("{} bytes or more to {}", findings.mtu->largest_packet, findings.mtu->server.ip.to_string()));
  }
  if (findings.clock) {
    sheet.heading("clock");
    if (!findings.clock->ahead) {
      sheet.line(findings.clock->error);
    } else if (std::chrono::abs(*findings.clock->ahead) <= std::chrono::seconds(1)) {
      sheet.line("right, by " + findings.clock->url);
    } else {
      sheet.line(seconds(*findings.clock->ahead) + (*findings.clock->ahead > Duration(0) ? " behind " : " ahead of ") +
                 findings.clock->url);
    }
  }
  sheet.heading("verdict");
  sheet.line(verdict.sentence);
  for (const std::string& advice : verdict.advice) sheet.line("→ " + advice);
}

// ---- JSON

namespace json = boost::json;

// To three places.
double rounded(double value) { return std::round(value * 1000) / 1000; }

json::value in_ms(const std::optional<Duration>& duration) {
  if (!duration) return nullptr;
  return rounded(std::chrono::duration<double, std::milli>(*duration).count());
}

json::value text_of(const std::optional<SocketAddress>& address) {
  if (!address) return nullptr;
  return json::value(address->to_string());
}

json::value failure(Problem problem, const std::string& message) {
  if (problem == Problem::kNone) return nullptr;
  return json::object{{"cause", to_string(problem)}, {"message", message}};
}

json::value nat_json(const std::optional<NatFindings>& nat) {
  if (!nat) return nullptr;
  if (!nat->answered) return json::object{{"kind", nat_kind(*nat)}};
  return json::object{{"kind", nat_kind(*nat)},
                      {"server", nat->server.to_string()},
                      {"mapped", nat->mapped.to_string()},
                      {"translated", nat->translated},
                      {"mapping", to_string(nat->mapping)},
                      {"filtering", to_string(nat->filtering)},
                      {"hairpinning", nat->hairpinning ? json::value(*nat->hairpinning) : json::value(nullptr)},
                      {"port_preserved", nat->port_preserved},
                      {"one_address", nat->one_address}};
}

json::value relay_json(const std::optional<RelayFindings>& relay) {
  if (!relay) return nullptr;
  return json::object{{"allocated", relay->allocated},
                      {"allocate_ms", relay->allocated ? in_ms(relay->allocate_time) : json::value(nullptr)},
                      {"relayed", relay->allocated ? json::value(relay->relayed.to_string()) : json::value(nullptr)},
                      {"relays", relay->relays()},
                      {"path", to_string(relay->path)},
                      {"sent", relay->sent},
                      {"received", relay->received},
                      {"round_trip_ms", in_ms(relay->round_trip)}};
}

json::array interfaces_json(const Findings& findings) {
  json::array list;
  for (const InterfaceFinding& interface : findings.interfaces) {
    json::array addresses;
    for (const IpAddress& ip : interface.addresses) addresses.emplace_back(ip.to_string());
    list.push_back(json::object{{"name", interface.name},
                                {"kind", interface.kind},
                                {"up", interface.up},
                                {"mtu", interface.mtu ? json::value(*interface.mtu) : json::value(nullptr)},
                                {"addresses", std::move(addresses)}});
  }
  return list;
}

json::array servers_json(const Findings& findings) {
  json::array list;
  for (const ServerFinding& server : findings.servers) {
    list.push_back(json::object{{"url", server.url},
                                {"transport", server.transport},
                                {"address", text_of(server.address)},
                                {"answered", server.answered},
                                {"connect_ms", in_ms(server.connect_time)},
                                {"latency_ms", in_ms(server.latency)},
                                {"mapped", text_of(server.mapped)},
                                {"relay", relay_json(server.relay)},
                                {"failure", failure(server.problem, server.message)}});
  }
  return list;
}

json::object verdict_json(const Verdict& verdict) {
  json::array advice;
  for (const std::string& sentence : verdict.advice) advice.emplace_back(sentence);
  return {{"works", verdict.works()},
          {"to_public", to_string(verdict.to_public)},
          {"to_ordinary_nat", to_string(verdict.to_ordinary_nat)},
          {"to_symmetric_nat", to_string(verdict.to_symmetric_nat)},
          {"sentence", verdict.sentence},
          {"advice", std::move(advice)}};
}

json::value clock_json(const std::optional<ClockFinding>& clock) {
  if (!clock) return nullptr;
  json::value ahead = nullptr;
  if (clock->ahead) ahead = rounded(std::chrono::duration<double>(*clock->ahead).count());
  return json::object{{"url", clock->url},
                      {"server_ahead_s", std::move(ahead)},
                      {"error", clock->error.empty() ? json::value(nullptr) : json::value(clock->error)}};
}

json::value mtu_json(const std::optional<MtuFinding>& mtu) {
  if (!mtu) return nullptr;
  return json::object{{"server", mtu->server.to_string()},
                      {"path", mtu->largest_packet == 0 ? json::value(nullptr) : json::value(mtu->largest_packet)}};
}

}  // namespace

std::string_view nat_kind(const NatFindings& nat) {
  if (!nat.answered) return "blocked";
  if (nat.translated) {
    if (nat.mapping == Behaviour::kUnknown) return "unknown";
    return nat.mapping == Behaviour::kEndpointIndependent ? "ordinary" : "symmetric";
  }
  return nat.filtering == Behaviour::kAddressDependent || nat.filtering == Behaviour::kAddressAndPortDependent
             ? "firewall"
             : "open";
}

std::string in_words(const Findings& findings, const Verdict& verdict) {
  Sheet sheet;
  write_interfaces(findings, sheet);
  if (findings.nat_v4 || findings.nat_v6) {
    sheet.heading("NAT");
    write_nat("IPv4", findings.nat_v4, sheet);
    write_nat("IPv6", findings.nat_v6, sheet);
  }
  write_servers(findings, sheet);
  write_rest(findings, verdict, sheet);
  return sheet.take();
}

json::object to_json(const Findings& findings, const Verdict& verdict) {
  return {{"interfaces", interfaces_json(findings)},
          {"nat", {{"ipv4", nat_json(findings.nat_v4)}, {"ipv6", nat_json(findings.nat_v6)}}},
          {"servers", servers_json(findings)},
          {"mtu", mtu_json(findings.mtu)},
          {"clock", clock_json(findings.clock)},
          {"verdict", verdict_json(verdict)},
          {"failure", failure(verdict.problem, verdict.sentence)}};
}

}  // namespace tidewire::doctor
