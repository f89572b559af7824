// The probe behind every kind of NAT, in virtual time, against our own server.
#include "doctor/nat_probe.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "doctor/probe_for_test.h"

namespace tidewire::doctor {
namespace {

using namespace std::chrono_literals;
using sim::NatBehaviour;
using sim::PortAssignment;

constexpr const char* kInside = "192.168.1.2";

class Probing : public TestNet {
 public:
  // The findings of a client on that host.
  NatFindings examine(sim::HostId host, const char* inside, std::vector<SocketAddress> servers,
                      std::vector<IpAddress> own = {}) {
    if (own.empty()) own = {ip(inside)};
    MachineEndpoint<NatProbe> client(NatProbe({.local = {ip(inside), 50000}, .own = own, .servers = std::move(servers)},
                                              crypto::Random::from_test_seed(3), network.pool()));
    simulation.attach(host, client);
    client.machine.start(simulation.now());
    std::optional<NatFindings> findings;
    EXPECT_TRUE(simulation.run_until([&] { return (findings = client.machine.poll_event()).has_value(); }, 40s));
    return findings.value_or(NatFindings{});
  }
};

struct Kind {
  const char* name;
  std::optional<NatBehaviour> mapping;  // nothing: no NAT
  NatBehaviour filtering;
};

Behaviour as_found(NatBehaviour behaviour) {
  switch (behaviour) {
    case NatBehaviour::kEndpointIndependent: return Behaviour::kEndpointIndependent;
    case NatBehaviour::kAddressDependent: return Behaviour::kAddressDependent;
    case NatBehaviour::kAddressAndPortDependent: return Behaviour::kAddressAndPortDependent;
  }
  return Behaviour::kUnknown;
}

TEST(NatProbe, NamesEveryMappingAndFiltering) {
  const auto all = {NatBehaviour::kEndpointIndependent, NatBehaviour::kAddressDependent,
                    NatBehaviour::kAddressAndPortDependent};
  for (const NatBehaviour mapping : all) {
    for (const NatBehaviour filtering : all) {
      for (const bool hairpinning : {true, false}) {
        Probing net;
        net.add_server(kTwoAddresses);
        const auto nat = net.network.add_nat(
            {.mapping = mapping, .filtering = filtering, .external = ip("203.0.113.1"), .hairpinning = hairpinning});
        const NatFindings found = net.examine(net.add_client(kInside, nat), kInside, {kServerAddress});
        const std::string what = std::string(to_string(as_found(mapping))) + " mapping, " +
                                 std::string(to_string(as_found(filtering))) + " filtering";
        EXPECT_TRUE(found.answered) << what;
        EXPECT_TRUE(found.translated) << what;
        EXPECT_FALSE(found.port_preserved) << what;
        EXPECT_EQ(found.mapped.ip, ip("203.0.113.1")) << what;
        EXPECT_EQ(found.mapping, as_found(mapping)) << what << " found as " << to_string(found.mapping);
        EXPECT_EQ(found.filtering, as_found(filtering)) << what << " found as " << to_string(found.filtering);
        // With another mapping it comes back from an external address that was never sent to.
        const bool lets_in =
            mapping == NatBehaviour::kEndpointIndependent || filtering == NatBehaviour::kEndpointIndependent;
        const bool comes_back = hairpinning && lets_in;
        EXPECT_EQ(found.hairpinning, comes_back) << what;
      }
    }
  }
}

TEST(NatProbe, IsNotMisledByLossAndDelay) {
  Probing net;
  net.add_server(kTwoAddresses);
  const auto nat = net.network.add_nat({.mapping = NatBehaviour::kAddressAndPortDependent,
                                        .filtering = NatBehaviour::kAddressDependent,
                                        .external = ip("203.0.113.1")});
  const sim::LinkConfig poor{.delay = 150ms, .jitter = 50ms, .loss = 0.1};
  const auto client = net.add_client(kInside, nat);
  net.network.up(client).config() = poor;
  net.network.down(client).config() = poor;
  const NatFindings found = net.examine(client, kInside, {kServerAddress});
  EXPECT_EQ(found.mapping, Behaviour::kAddressAndPortDependent);
  EXPECT_EQ(found.filtering, Behaviour::kAddressDependent);
}

TEST(NatProbe, SeesThatThereIsNone) {
  Probing net;
  net.add_server(kTwoAddresses);
  const NatFindings found = net.examine(net.add_client("198.51.100.2"), "198.51.100.2", {kServerAddress});
  EXPECT_TRUE(found.answered);
  EXPECT_FALSE(found.translated);
  EXPECT_TRUE(found.port_preserved);
  EXPECT_EQ(found.mapping, Behaviour::kEndpointIndependent);
  EXPECT_EQ(found.filtering, Behaviour::kEndpointIndependent);
  EXPECT_EQ(found.hairpinning, std::nullopt);
}

TEST(NatProbe, TellsAFirewallFromANat) {
  Probing net;
  net.add_server(kTwoAddresses);
  const auto client = net.add_client("198.51.100.2", std::nullopt, sim::FirewallConfig::answers_only());
  const NatFindings found = net.examine(client, "198.51.100.2", {kServerAddress});
  EXPECT_FALSE(found.translated);
  EXPECT_EQ(found.mapping, Behaviour::kEndpointIndependent);
  EXPECT_EQ(found.filtering, Behaviour::kAddressAndPortDependent);
}

TEST(NatProbe, SeesThatUdpIsBlocked) {
  Probing net;
  net.add_server(kTwoAddresses);
  net.add_server(kOneAddress, "192.0.2.77:3478");
  const auto client = net.add_client("198.51.100.2", std::nullopt, sim::FirewallConfig::without_udp());
  EXPECT_FALSE(net.examine(client, "198.51.100.2", {kServerAddress, address("192.0.2.77:3478")}).answered);
}

TEST(NatProbe, WithoutServersOfItsFamilyFindsNothing) {
  Probing net;
  EXPECT_FALSE(net.examine(net.add_client("198.51.100.2"), "198.51.100.2", {}).answered);
  EXPECT_FALSE(net.examine(net.add_client("198.51.100.3"), "198.51.100.3", {address("[2001:db8::1]:3478")}).answered);
}

TEST(NatProbe, SeesAPortThatIsPreserved) {
  Probing net;
  net.add_server(kTwoAddresses);
  const auto nat = net.network.add_nat({.external = ip("203.0.113.1"), .ports = PortAssignment::kPreserving});
  const NatFindings found = net.examine(net.add_client(kInside, nat), kInside, {kServerAddress});
  EXPECT_TRUE(found.port_preserved);
  EXPECT_TRUE(found.translated);
}

TEST(NatProbe, SeesTheOuterOneOfTwoNats) {
  Probing net;
  net.add_server(kTwoAddresses);
  const auto carrier =
      net.network.add_nat({.mapping = NatBehaviour::kAddressAndPortDependent, .external = ip("203.0.113.1")});
  const auto home = net.network.add_nat({.external = ip("100.64.0.2"), .behind = carrier});
  const NatFindings found = net.examine(net.add_client(kInside, home), kInside, {kServerAddress});
  EXPECT_EQ(found.mapped.ip, ip("203.0.113.1"));
  EXPECT_EQ(found.mapping, Behaviour::kAddressAndPortDependent);
}

TEST(NatProbe, ComparesServersOfOneAddress) {
  for (const auto& [mapping, expected] :
       {std::pair{NatBehaviour::kEndpointIndependent, Behaviour::kEndpointIndependent},
        std::pair{NatBehaviour::kAddressDependent, Behaviour::kAddressDependent},
        std::pair{NatBehaviour::kAddressAndPortDependent, Behaviour::kAddressAndPortDependent}}) {
    Probing net;
    // The first one listens on the next port too.
    net.add_server(kTwoPorts, "192.0.2.1:3478");
    net.add_server(kOneAddress, "192.0.2.77:3478");
    const auto nat = net.network.add_nat({.mapping = mapping, .external = ip("203.0.113.1")});
    const NatFindings found =
        net.examine(net.add_client(kInside, nat), kInside, {address("192.0.2.1:3478"), address("192.0.2.77:3478")});
    EXPECT_EQ(found.mapping, expected);
    EXPECT_EQ(found.filtering, Behaviour::kUnknown);
  }
}

TEST(NatProbe, OneServerOfOneAddressTellsOnlyOfPorts) {
  for (const auto& [mapping, expected] :
       {std::pair{NatBehaviour::kEndpointIndependent, Behaviour::kUnknown},
        std::pair{NatBehaviour::kAddressDependent, Behaviour::kUnknown},
        std::pair{NatBehaviour::kAddressAndPortDependent, Behaviour::kAddressAndPortDependent}}) {
    Probing net;
    net.add_server(kTwoPorts);
    const auto nat = net.network.add_nat({.mapping = mapping, .external = ip("203.0.113.1")});
    EXPECT_EQ(net.examine(net.add_client(kInside, nat), kInside, {kServerAddress}).mapping, expected);
  }
}

TEST(NatProbe, GoesPastServersThatAreSilent) {
  Probing net;
  net.add_server(kTwoAddresses);
  const auto nat = net.network.add_nat({.external = ip("203.0.113.1")});
  const NatFindings found =
      net.examine(net.add_client(kInside, nat), kInside, {address("192.0.2.200:3478"), kServerAddress});
  EXPECT_EQ(found.server, kServerAddress);
  EXPECT_EQ(found.mapping, Behaviour::kEndpointIndependent);
  EXPECT_EQ(found.filtering, Behaviour::kAddressAndPortDependent);
}

TEST(NatProbe, DoesNotTakeASilentSecondAddressForAFilter) {
  Probing net;
  net.add_server(kDeafSecondAddress);
  const auto nat =
      net.network.add_nat({.filtering = NatBehaviour::kEndpointIndependent, .external = ip("203.0.113.1")});
  const NatFindings found = net.examine(net.add_client(kInside, nat), kInside, {kServerAddress});
  EXPECT_TRUE(found.answered);
  EXPECT_EQ(found.filtering, Behaviour::kUnknown);
  EXPECT_EQ(found.mapping, Behaviour::kUnknown);
}

TEST(NatProbe, DoesNotAskOfFiltersThatItHasOpenedItself) {
  PacketPool pool;
  const SocketAddress local = address("192.168.1.2:40000");
  // The first server is the far corner of the second one, but does not tell of it.
  NatProbe probe({.local = local, .servers = {kAlternate, kServerAddress}}, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{1h};
  probe.start(now);
  int asked = 0;
  Bytes buffer(200);
  while (const auto request = probe.poll_transmit()) {
    ++asked;
    const auto message = *stun::MessageView::parse(request->packet.bytes());
    EXPECT_FALSE(message.has(stun::AttributeType::kChangeRequest));
    stun::MessageBuilder builder(buffer, stun::MessageClass::kSuccess, stun::Method::kBinding,
                                 message.transaction_id());
    builder.add_xor_address(stun::AttributeType::kXorMappedAddress, local);
    if (request->remote == kServerAddress) builder.add_address(stun::AttributeType::kOtherAddress, kAlternate);
    probe.handle_input({local, request->remote, pool.copy_of(*builder.finish()), {}}, now);
  }
  const auto found = probe.poll_event();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->filtering, Behaviour::kUnknown);
  EXPECT_EQ(found->mapping, Behaviour::kEndpointIndependent);
  EXPECT_EQ(asked, 4);  // both servers, the other port of the second address, and itself
}

TEST(NatProbe, DropsWhatItDidNotAskFor) {
  PacketPool pool;
  const SocketAddress local = address("192.168.1.2:40000");
  NatProbe probe({.local = local, .servers = {kServerAddress}}, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{1h};
  probe.start(now);
  const auto request = probe.poll_transmit();
  ASSERT_TRUE(request);
  Bytes buffer(200);
  const auto answer = [&](stun::TransactionId id, const SocketAddress& from) {
    stun::MessageBuilder builder(buffer, stun::MessageClass::kSuccess, stun::Method::kBinding, id);
    builder.add_xor_address(stun::AttributeType::kXorMappedAddress, local);
    probe.handle_input({local, from, pool.copy_of(*builder.finish()), {}}, now);
  };
  const auto id = stun::MessageView::parse(request->packet.bytes())->transaction_id();
  answer({}, kServerAddress);
  answer(id, address("192.0.2.66:3478"));
  probe.handle_input({local, kServerAddress, pool.copy_of(Bytes(100, 0xff)), {}}, now);
  EXPECT_FALSE(probe.poll_event());
  EXPECT_FALSE(probe.poll_transmit());
  answer(id, kServerAddress);
  EXPECT_TRUE(probe.poll_transmit());  // it goes on
}

}  // namespace
}  // namespace tidewire::doctor
