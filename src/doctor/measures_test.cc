// Latency and the largest packet, in virtual time.
#include <gtest/gtest.h>

#include "doctor/binding_probe.h"
#include "doctor/mtu_probe.h"
#include "doctor/probe_for_test.h"

namespace tidewire::doctor {
namespace {

using namespace std::chrono_literals;

const SocketAddress kLocal = address("198.51.100.2:40000");

template <typename M, typename Findings>
std::optional<Findings> run(TestNet& net, sim::HostId host, M machine) {
  MachineEndpoint<M> client(std::move(machine));
  net.simulation.attach(host, client);
  client.machine.start(net.simulation.now());
  std::optional<Findings> found;
  net.simulation.run_until([&] { return (found = client.machine.poll_event()).has_value(); }, 60s);
  EXPECT_FALSE(client.machine.poll_event());  // it is told once
  return found;
}

BindingFindings ping(TestNet& net, sim::HostId host, const SocketAddress& server) {
  const auto found = run<BindingProbe, BindingFindings>(
      net, host,
      BindingProbe({.local = kLocal, .server = server}, crypto::Random::from_test_seed(1), net.network.pool()));
  return found.value_or(BindingFindings{});
}

TEST(BindingProbe, MeasuresTheRoundTrip) {
  TestNet net;
  net.add_server(kOneAddress);
  const BindingFindings found = ping(net, net.add_client("198.51.100.2"), kServerAddress);
  EXPECT_TRUE(found.answered);
  EXPECT_EQ(found.mapped, kLocal);
  EXPECT_EQ(found.round_trip, 20ms);  // each of the two hosts has 5 ms up and 5 ms down
}

TEST(BindingProbe, EndsWhenNobodyAnswers) {
  TestNet net;
  net.add_server(kOneAddress);
  EXPECT_FALSE(ping(net, net.add_client("198.51.100.2"), address("192.0.2.200:3478")).answered);
}

TEST(BindingProbe, BelievesNoTimeOfARepeatedRequest) {
  TestNet net;
  net.add_server(kOneAddress);
  const auto host = net.add_client("198.51.100.2");
  net.network.up(host).config().delay = 400ms;  // beyond the first retransmission
  const BindingFindings found = ping(net, host, kServerAddress);
  EXPECT_TRUE(found.answered);
  EXPECT_EQ(found.round_trip, std::nullopt);
}

TEST(BindingProbe, TellsAnErrorAnswer) {
  PacketPool pool;
  BindingProbe probe({.local = kLocal, .server = kServerAddress}, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{1h};
  probe.start(now);
  while (const auto request = probe.poll_transmit()) {
    Bytes buffer(200);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kError, stun::Method::kBinding,
                                 stun::MessageView::parse(request->packet.bytes())->transaction_id());
    builder.add_error_code(stun::ErrorNumber::kUnauthenticated);
    EXPECT_TRUE(probe.handle_input({kLocal, kServerAddress, pool.copy_of(*builder.finish()), {}}, now));
  }
  const auto found = probe.poll_event();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->answered);
  EXPECT_EQ(found->error_code, 401);
  EXPECT_FALSE(found->mapped);
}

TEST(BindingProbe, AsksOnAStreamOnce) {
  PacketPool pool;
  BindingProbe probe({.local = kLocal, .server = kServerAddress, .stream = StreamId(4), .patience = 3s},
                     crypto::Random::from_test_seed(1), pool);
  Timestamp now{1h};
  probe.start(now);
  const auto request = probe.poll_transmit();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->stream, StreamId(4));
  EXPECT_EQ(probe.next_timeout(), now + 3s);
  probe.handle_timeout(now += 2s);
  EXPECT_FALSE(probe.poll_transmit());
  EXPECT_FALSE(probe.poll_event());
  probe.handle_timeout(now += 1s);
  const auto found = probe.poll_event();
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->answered);
}

TEST(Questions, AreBounded) {
  PacketPool pool;
  Questions questions(kLocal, {}, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{1h};
  for (std::size_t i = 0; i < Questions::kMaxQuestions; ++i) EXPECT_FALSE(questions.is_settled(questions.ask({}, now)));
  const auto beyond = questions.ask({}, now);
  EXPECT_TRUE(questions.is_settled(beyond));
  EXPECT_FALSE(questions.answer(beyond));
  std::size_t sent = 0;
  while (questions.poll_transmit()) ++sent;
  EXPECT_EQ(sent, Questions::kMaxQuestions);
}

// Drops what is larger than the path, as routers do when fragmentation is forbidden.
class Path {
 public:
  explicit Path(std::size_t mtu) : mtu_(mtu) {}

  std::optional<std::size_t> measure(const SocketAddress& local, const SocketAddress& server) {
    MtuProbe probe(local, server, crypto::Random::from_test_seed(1), pool_);
    Timestamp now{1h};
    probe.start(now);
    for (;;) {
      while (const auto request = probe.poll_transmit()) {
        const std::size_t headers = server.ip.is_v6() ? 48 : 28;
        largest_ = std::max(largest_, request->packet.size() + headers);
        if (request->packet.size() + headers > mtu_) continue;
        Bytes buffer(100);
        stun::MessageBuilder builder(buffer, stun::MessageClass::kSuccess, stun::Method::kBinding,
                                     stun::MessageView::parse(request->packet.bytes())->transaction_id());
        builder.add_xor_address(stun::AttributeType::kXorMappedAddress, local);
        probe.handle_input({local, server, pool_.copy_of(*builder.finish()), {}}, now);
      }
      if (const auto found = probe.poll_event()) return found;
      if (probe.next_timeout() == kNever) return std::nullopt;
      probe.handle_timeout(now = probe.next_timeout());
    }
  }
  std::size_t largest() const { return largest_; }

 private:
  std::size_t mtu_;
  std::size_t largest_ = 0;
  PacketPool pool_;
};

TEST(MtuProbe, FindsTheLargestThatPasses) {
  struct Case {
    std::size_t mtu;
    std::size_t found;
  };
  for (const auto& [mtu, found] :
       {Case{9000, 1500}, Case{1500, 1500}, Case{1499, 1492}, Case{1420, 1420}, Case{1280, 1280}, Case{1000, 0}}) {
    for (const auto& [local, server] :
         {std::pair{kLocal, kServerAddress}, std::pair{address("[2001:db8::2]:5"), address("[2001:db8::1]:3478")}}) {
      Path path(mtu);
      EXPECT_EQ(path.measure(local, server), found) << mtu;
      EXPECT_EQ(path.largest(), 1500U);
    }
  }
}

}  // namespace
}  // namespace tidewire::doctor
