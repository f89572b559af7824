// An association to another one through memory, without delay or loss: what the protocol itself costs.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "sctp/association.h"

namespace {

using namespace tidewire;
using namespace tidewire::sctp;

struct Loop {
  PacketPool pool;
  Timestamp now = Timestamp{} + std::chrono::seconds(1);
  Association a{{}, pool, crypto::Random::from_test_seed(1)};
  Association b{{}, pool, crypto::Random::from_test_seed(2)};
  std::size_t received = 0;  // messages
  std::size_t received_bytes = 0;
  std::size_t packets = 0;  // both ways

  Loop() {
    a.connect(now);
    b.connect(now);
    run();
  }
  void run() {
    bool moved = true;
    while (moved) {
      moved = false;
      now += std::chrono::microseconds(1);
      for (int i = 0; i < 64; ++i) moved |= pass(a, b);
      while (pass(b, a)) moved = true;
      while (auto event = b.poll_event()) {
        const auto* message = std::get_if<MessageReceived>(&*event);
        if (!message) continue;
        ++received;
        received_bytes += message->payload.size();
      }
      while (a.poll_event()) {
      }
    }
  }
  bool pass(Association& from, Association& to) {
    const auto packet = from.poll_transmit();
    if (!packet) return false;
    ++packets;
    to.handle_input(packet->bytes(), now);
    return true;
  }
};

// 4 MiB at a time, in messages of the given size.
void BM_SctpThroughput(benchmark::State& state) {
  Loop loop;
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t count = 4 * 1024 * 1024 / size;
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!loop.a.send({StreamId(0), Ppid(53), Bytes(size), {}}, loop.now)) state.SkipWithError("send buffer full");
    }
    loop.run();
  }
  const auto iterations = static_cast<std::size_t>(state.iterations());
  if (loop.received != count * iterations) state.SkipWithError("messages missing");
  if (loop.received_bytes != count * iterations * size) state.SkipWithError("bytes missing");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(count * size));
  state.counters["packets"] = benchmark::Counter(static_cast<double>(loop.packets), benchmark::Counter::kAvgIterations);
  state.counters["pool_blocks"] = static_cast<double>(loop.pool.allocations());
}
BENCHMARK(BM_SctpThroughput)->Arg(1024)->Arg(64 * 1024)->Arg(256 * 1024)->Unit(benchmark::kMillisecond);

// A small message there, until it is delivered.
void BM_SctpMessageLatency(benchmark::State& state) {
  Loop loop;
  for (auto _ : state) {
    const std::size_t before = loop.received;
    static_cast<void>(loop.a.send({StreamId(0), Ppid(53), Bytes(100), {}}, loop.now));
    loop.run();
    if (loop.received != before + 1) state.SkipWithError("message missing");
  }
}
BENCHMARK(BM_SctpMessageLatency);

void BM_SctpConnect(benchmark::State& state) {
  for (auto _ : state) {
    Loop loop;
    benchmark::DoNotOptimize(loop.a.connected());
  }
}
BENCHMARK(BM_SctpConnect)->Unit(benchmark::kMicrosecond);

}  // namespace
