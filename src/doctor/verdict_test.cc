#include "doctor/verdict.h"

#include <gmock/gmock.h>

#include "doctor/probe_for_test.h"
#include "doctor/report.h"

namespace tidewire::doctor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto kAny = Behaviour::kEndpointIndependent;
constexpr auto kAddress = Behaviour::kAddressDependent;
constexpr auto kPort = Behaviour::kAddressAndPortDependent;
constexpr auto kUnknown = Behaviour::kUnknown;

Findings on_a_network() {
  Findings findings;
  findings.interfaces = {
      {.name = "eth0", .kind = "physical", .up = true, .mtu = 1500, .addresses = {ip("192.168.1.2")}}};
  return findings;
}

ServerFinding server(const char* url, const char* transport, bool is_turn) {
  ServerFinding finding{.url = url, .is_turn = is_turn};
  finding.transport = transport;
  finding.address = kServerAddress;
  finding.answered = true;
  return finding;
}

ServerFinding relay(const char* transport, std::uint16_t port = 3478) {
  ServerFinding finding = server("turn:relay", transport, true);
  finding.address->port = port;
  finding.relay = RelayFindings{};
  finding.relay->allocated = true;
  finding.relay->path = RelayPath::kPeerSocket;
  finding.relay->sent = finding.relay->received = 50;
  finding.relay->round_trip = 12ms;
  return finding;
}

ServerFinding broken(Problem problem) {
  ServerFinding finding = server("turn:relay", "udp", true);
  finding.problem = problem;
  finding.message = "it is broken";
  return finding;
}

Findings behind(Behaviour mapping, Behaviour filtering, bool translated = true) {
  Findings findings = on_a_network();
  findings.servers = {server("stun:one", "udp", false)};
  findings.nat_v4 = NatFindings{.answered = true,
                                .server = kServerAddress,
                                .mapped = address("203.0.113.1:40000"),
                                .translated = translated,
                                .mapping = mapping,
                                .filtering = filtering};
  return findings;
}

Findings without_udp() {
  Findings findings = on_a_network();
  findings.servers = {server("stun:one", "udp", false)};
  findings.servers[0].answered = false;
  findings.servers[0].problem = Problem::kServersUnreachable;
  findings.nat_v4 = NatFindings{};
  return findings;
}

TEST(Verdict, SaysWhomCallsReachAndHow) {
  struct Case {
    const char* what;
    Behaviour mapping, filtering;
    Way to_ordinary, to_symmetric;        // without a relay
    Way ordinary_relay, symmetric_relay;  // with one
  };
  for (const Case& c : {
           Case{"open, or full cone", kAny, kAny, Way::kDirect, Way::kDirect, Way::kDirect, Way::kDirect},
           Case{"restricted cone", kAny, kAddress, Way::kDirect, Way::kDirect, Way::kDirect, Way::kDirect},
           Case{"port-restricted cone", kAny, kPort, Way::kDirect, Way::kNone, Way::kDirect, Way::kRelayed},
           Case{"cone", kAny, kUnknown, Way::kDirect, Way::kUnknown, Way::kDirect, Way::kEither},
           Case{"symmetric", kPort, kPort, Way::kNone, Way::kNone, Way::kRelayed, Way::kRelayed},
           Case{"symmetric by address", kAddress, kPort, Way::kNone, Way::kNone, Way::kRelayed, Way::kRelayed},
           Case{"unknown", kUnknown, kUnknown, Way::kUnknown, Way::kUnknown, Way::kEither, Way::kEither},
       }) {
    Findings findings = behind(c.mapping, c.filtering);
    const Verdict alone = judge(findings);
    EXPECT_EQ(alone.to_public, Way::kDirect) << c.what;
    EXPECT_EQ(alone.to_ordinary_nat, c.to_ordinary) << c.what;
    EXPECT_EQ(alone.to_symmetric_nat, c.to_symmetric) << c.what;
    EXPECT_EQ(alone.works(), c.to_ordinary == Way::kDirect && c.to_symmetric == Way::kDirect) << c.what;
    EXPECT_EQ(alone.problem, alone.works() ? Problem::kNone : Problem::kRelayNeeded) << c.what;

    findings.servers.push_back(relay("udp"));
    const Verdict with_relay = judge(findings);
    EXPECT_EQ(with_relay.to_public, Way::kDirect) << c.what;
    EXPECT_EQ(with_relay.to_ordinary_nat, c.ordinary_relay) << c.what;
    EXPECT_EQ(with_relay.to_symmetric_nat, c.symmetric_relay) << c.what;
    EXPECT_TRUE(with_relay.works()) << c.what;
    EXPECT_EQ(with_relay.problem, Problem::kNone) << c.what;
  }
}

TEST(Verdict, IsSaidInASentence) {
  Findings cone = behind(kAny, kPort);
  EXPECT_EQ(judge(cone).sentence,
            "Calls from here go directly to peers that are public and peers behind an ordinary NAT, and will fail to "
            "peers behind a symmetric NAT, which takes a relay.");
  cone.servers.push_back(relay("udp"));
  cone.servers.push_back(relay("tls", 443));
  EXPECT_EQ(judge(cone).sentence,
            "Calls from here go directly to peers that are public and peers behind an ordinary NAT, and go through a "
            "relay to peers behind a symmetric NAT; a relay is available over UDP (12 ms) and TLS 443 (12 ms).");
  EXPECT_EQ(judge(behind(kAny, kAny)).sentence, "Calls from here go directly to everybody.");
  EXPECT_EQ(judge(without_udp()).sentence, "Nobody answers over UDP. Calls from here will fail.");
  Findings tls_only = without_udp();
  tls_only.servers.push_back(relay("tls", 443));
  EXPECT_EQ(judge(tls_only).sentence,
            "UDP is blocked here. Calls from here go through a relay to everybody; a relay is available over TLS "
            "443 (12 ms).");
  EXPECT_THAT(judge(behind(kUnknown, kUnknown)).sentence, HasSubstr("may or may not reach"));
}

TEST(Verdict, NamesTheWorstThingThatIsWrongWithTheRelays) {
  struct Case {
    std::vector<Problem> problems;
    Problem expected;
  };
  for (const auto& [problems, expected] : {
           Case{{}, Problem::kRelayNeeded},
           Case{{Problem::kServersUnreachable}, Problem::kServersUnreachable},
           Case{{Problem::kNameNotFound}, Problem::kServersUnreachable},
           Case{{Problem::kServersUnreachable, Problem::kCredentialsRefused}, Problem::kCredentialsRefused},
           Case{{Problem::kQuotaReached, Problem::kServersUnreachable}, Problem::kQuotaReached},
           Case{{Problem::kRelaySilent, Problem::kServersUnreachable}, Problem::kRelaySilent},
           Case{{Problem::kRefused}, Problem::kRefused},
       }) {
    Findings findings = without_udp();
    for (const Problem problem : problems) findings.servers.push_back(broken(problem));
    const Verdict verdict = judge(findings);
    EXPECT_EQ(verdict.problem, expected) << to_string(expected);
    EXPECT_FALSE(verdict.works());
    ASSERT_FALSE(verdict.advice.empty());
    EXPECT_THAT(verdict.advice[0], HasSubstr(problems.empty() ? "Give a relay that is reached without UDP" : "Repair"));
  }
  // A relay that works makes up for one that does not.
  Findings findings = without_udp();
  findings.servers.push_back(broken(Problem::kCredentialsRefused));
  findings.servers.push_back(relay("tcp"));
  EXPECT_TRUE(judge(findings).works());
  EXPECT_EQ(judge(findings).problem, Problem::kNone);
}

TEST(Verdict, GoesByIpv4WhereThereIsSome) {
  Findings findings = behind(kPort, kPort);
  findings.nat_v6 = NatFindings{.answered = true, .mapping = kAny, .filtering = kPort};
  EXPECT_EQ(judge(findings).to_ordinary_nat, Way::kNone);
  findings.nat_v4.reset();
  EXPECT_EQ(judge(findings).to_ordinary_nat, Way::kDirect);
}

TEST(Verdict, WithoutServersSaysThatItDoesNotKnow) {
  const Verdict verdict = judge(on_a_network());
  EXPECT_FALSE(verdict.works());
  EXPECT_EQ(verdict.to_public, Way::kUnknown);
  EXPECT_EQ(verdict.problem, Problem::kRelayNeeded);
  ASSERT_FALSE(verdict.advice.empty());
  EXPECT_THAT(verdict.advice[0], HasSubstr("--ice-server"));
}

TEST(Verdict, WithoutAddressesSaysSo) {
  const Verdict nothing = judge(Findings{});
  EXPECT_EQ(nothing.problem, Problem::kNoLocalCandidates);
  EXPECT_FALSE(nothing.works());
  Findings down = behind(kAny, kAny);
  down.interfaces[0].up = false;
  EXPECT_EQ(judge(down).problem, Problem::kNoLocalCandidates);
}

TEST(Verdict, Advises) {
  Findings findings = behind(kAny, kAny);
  EXPECT_TRUE(judge(findings).advice.empty());
  for (const auto& [ahead, words] :
       {std::pair{Duration(31s), "31 s behind"}, std::pair{Duration(-1h), "60 min ahead of"},
        std::pair{Duration(30s), ""}, std::pair{Duration(-2s), ""}}) {
    findings.clock = ClockFinding{.url = "http://host/", .ahead = ahead, .error = {}};
    const Verdict verdict = judge(findings);
    EXPECT_TRUE(verdict.works());
    ASSERT_EQ(verdict.advice.size(), *words ? 1U : 0U);
    for (const std::string& advice : verdict.advice) EXPECT_THAT(advice, HasSubstr(words));
  }
  findings.clock.reset();
  for (const char* inside : {"10.1.2.3:5", "127.0.0.1:5", "[fd00::1]:5"}) {
    Findings private_net = behind(kAny, kAny);
    private_net.nat_v4->mapped = address(inside);
    EXPECT_THAT(judge(private_net).advice.at(0), HasSubstr("peers in there only"));
  }
  findings.mtu = MtuFinding{kServerAddress, 1228};
  EXPECT_THAT(judge(findings).advice.at(0), HasSubstr("1228 bytes at most"));
  findings.mtu = MtuFinding{kServerAddress, 1280};
  EXPECT_TRUE(judge(findings).advice.empty());
}

TEST(Report, NamesTheKindOfNat) {
  const auto kind = [](Behaviour mapping, Behaviour filtering, bool translated) {
    return nat_kind(*behind(mapping, filtering, translated).nat_v4);
  };
  EXPECT_EQ(nat_kind({}), "blocked");
  EXPECT_EQ(kind(kAny, kAny, false), "open");
  EXPECT_EQ(kind(kUnknown, kUnknown, false), "open");
  EXPECT_EQ(kind(kAny, kPort, false), "firewall");
  EXPECT_EQ(kind(kAny, kAddress, false), "firewall");
  EXPECT_EQ(kind(kAny, kAny, true), "ordinary");
  EXPECT_EQ(kind(kAny, kPort, true), "ordinary");
  EXPECT_EQ(kind(kAddress, kAny, true), "symmetric");
  EXPECT_EQ(kind(kPort, kPort, true), "symmetric");
  EXPECT_EQ(kind(kUnknown, kPort, true), "unknown");
}

TEST(Report, HasTheKeysThatAreDocumented) {
  Findings findings = behind(kAny, kPort);
  findings.servers.push_back(relay("tls", 443));
  findings.servers.push_back(broken(Problem::kCredentialsRefused));
  findings.clock = ClockFinding{.url = "http://host/", .ahead = 1500ms, .error = {}};
  findings.mtu = MtuFinding{kServerAddress, 1500};
  const auto json = to_json(findings, judge(findings));
  EXPECT_EQ(json.at("nat").at("ipv4").at("kind").as_string(), "ordinary");
  EXPECT_EQ(json.at("nat").at("ipv4").at("filtering").as_string(), "address_and_port_dependent");
  EXPECT_TRUE(json.at("nat").at("ipv6").is_null());
  EXPECT_EQ(json.at("interfaces").at(0).at("mtu").to_number<int>(), 1500);
  EXPECT_TRUE(json.at("servers").at(0).at("relay").is_null());
  EXPECT_EQ(json.at("servers").at(1).at("relay").at("round_trip_ms").to_number<double>(), 12.0);
  EXPECT_EQ(json.at("servers").at(1).at("address").as_string(), "192.0.2.1:443");
  EXPECT_TRUE(json.at("servers").at(1).at("failure").is_null());
  EXPECT_EQ(json.at("servers").at(2).at("failure").at("cause").as_string(), "credentials_refused");
  EXPECT_EQ(json.at("clock").at("server_ahead_s").to_number<double>(), 1.5);
  EXPECT_EQ(json.at("mtu").at("path").to_number<int>(), 1500);
  EXPECT_TRUE(json.at("verdict").at("works").as_bool());
  EXPECT_EQ(json.at("verdict").at("to_symmetric_nat").as_string(), "relayed");
  EXPECT_TRUE(json.at("failure").is_null());
  findings.servers.pop_back();
  findings.servers.pop_back();
  EXPECT_EQ(to_json(findings, judge(findings)).at("failure").at("cause").as_string(), "relay_needed");
}

TEST(Report, TellsAPersonWhatWasFound) {
  Findings findings = behind(kAny, kPort);
  findings.servers.push_back(relay("tls", 443));
  findings.servers.push_back(broken(Problem::kCredentialsRefused));
  const std::string text = in_words(findings, judge(findings));
  for (const char* part : {"eth0", "192.168.1.2", "MTU 1500", "port-restricted cone", "203.0.113.1:40000",
                           "relays in 12 ms (0 % lost)", "FAILS turn:relay", "it is broken", "Calls from here"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

}  // namespace
}  // namespace tidewire::doctor
