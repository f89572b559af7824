// What one connectivity check costs: parsing, checking, building.
#include <benchmark/benchmark.h>

#include <array>

#include "ice/agent.h"
#include "ice/check_message.h"
#include "stun/builder.h"
#include "stun/message.h"

namespace tidewire {
namespace {

constexpr std::string_view kPwd = "VOkJxbRl1RmTxUk/WvJxBt++";

Packet request(PacketPool& pool) {
  return ice::build_check(pool, {.username = "evtj:h6vY", .remote_pwd = kPwd, .tie_breaker = 7, .priority = 1});
}

void StunParse(benchmark::State& state) {
  PacketPool pool;
  const Packet packet = request(pool);
  for (auto _ : state) {
    const auto message = stun::MessageView::parse(packet.bytes());
    benchmark::DoNotOptimize(message->username());
    benchmark::DoNotOptimize(message->priority());
  }
}
BENCHMARK(StunParse);

void StunParseAndVerify(benchmark::State& state) {
  PacketPool pool;
  const Packet packet = request(pool);
  for (auto _ : state) {
    const auto message = stun::MessageView::parse(packet.bytes());
    if (message->check_fingerprint() != stun::FingerprintCheck::kValid || !message->verify_integrity(as_bytes(kPwd))) {
      state.SkipWithError("does not verify");
    }
  }
}
BENCHMARK(StunParseAndVerify);

void StunBuildCheck(benchmark::State& state) {
  PacketPool pool;
  for (auto _ : state) benchmark::DoNotOptimize(request(pool));
}
BENCHMARK(StunBuildCheck);

// Two agents, wired together without delay, from first call to a nominated pair on both sides.
void IceConnect(benchmark::State& state) {
  PacketPool pool;
  const Timestamp now = Timestamp{} + std::chrono::seconds(1);
  const std::array addresses{*SocketAddress::parse("127.0.0.1:5000"), *SocketAddress::parse("127.0.0.1:5001")};
  for (auto _ : state) {
    ice::Agent a({.role = ice::Role::kControlling}, crypto::Random::from_test_seed(1), pool);
    ice::Agent b({.role = ice::Role::kControlled}, crypto::Random::from_test_seed(2), pool);
    const std::array agents{&a, &b};
    for (std::size_t i = 0; i < 2; ++i) {
      ice::Agent& other = *agents[1 - i];
      (void)agents[i]->add_local_socket(addresses[i], 65535, now);
      (void)other.set_remote_credentials(agents[i]->local_credentials(), now);
      for (const ice::Candidate& candidate : agents[i]->local_candidates()) {
        (void)other.add_remote_candidate(candidate, now);
      }
    }
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < 2; ++i) {
        while (const auto datagram = agents[i]->poll_transmit()) {
          agents[1 - i]->handle_input(datagram->remote, datagram->local, datagram->packet.bytes(), now);
          moved = true;
        }
      }
    }
    if (!b.selected_pair() || !b.selected_pair()->nominated) state.SkipWithError("not connected");
  }
}
BENCHMARK(IceConnect);

}  // namespace
}  // namespace tidewire
