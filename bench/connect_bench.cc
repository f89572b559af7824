// From the first call to a data channel that is open on both sides.
#include <benchmark/benchmark.h>

#include "two_peers.h"

namespace {

using namespace tidewire;

// What a user waits for on a network without delay: both peers on one thread, over loopback sockets, certificates
// included.
void BM_ConnectPeers(benchmark::State& state) {
  for (auto _ : state) {
    bench::TwoPeers peers;
    peers.call([&] { peers.loop.stop(); });
    peers.loop.run();
  }
}
BENCHMARK(BM_ConnectPeers)->Unit(benchmark::kMillisecond)->UseRealTime();

// What the protocols of both sides compute for it. `waited_ms` is what their timers let pass meanwhile.
void BM_ConnectSessions(benchmark::State& state) {
  Duration waited{};
  for (auto _ : state) {
    bench::TwoSessions sessions;
    const Timestamp begin = sessions.now;
    if (!sessions.connect()) state.SkipWithError("not connected");
    waited += sessions.now - begin;
  }
  state.counters["waited_ms"] =
      benchmark::Counter(std::chrono::duration<double, std::milli>(waited).count(), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_ConnectSessions)->Unit(benchmark::kMillisecond);

// The same with sound and pictures in both directions.
void BM_ConnectSessionsWithMedia(benchmark::State& state) {
  for (auto _ : state) {
    bench::TwoSessions sessions;
    for (bench::SessionPeer* peer : {&sessions.alice, &sessions.bob}) {
      (void)peer->session.add_track(MediaKind::kAudio).value();
      (void)peer->session.add_track(MediaKind::kVideo).value();
    }
    if (!sessions.connect()) state.SkipWithError("not connected");
  }
}
BENCHMARK(BM_ConnectSessionsWithMedia)->Unit(benchmark::kMillisecond);

}  // namespace
