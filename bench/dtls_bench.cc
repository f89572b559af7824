// DTLS: a whole handshake in one process without a network, and application data of 1200 bytes from end to end.
#include <benchmark/benchmark.h>

#include "dtls/endpoint.h"

namespace {

using namespace tidewire;
using namespace std::chrono_literals;

struct Pair {
  explicit Pair(std::shared_ptr<const crypto::Certificate> certificate)
      : client({.role = dtls::Role::kClient, .certificate = certificate}, pool),
        server({.role = dtls::Role::kServer, .certificate = certificate}, pool) {
    client.set_remote_fingerprints({certificate->fingerprint()}, now);
    server.set_remote_fingerprints({certificate->fingerprint()}, now);
    server.start(now);
    client.start(now);
    while (!client.connected() || !server.connected()) {
      while (std::optional<Packet> packet = client.poll_transmit()) server.handle_input(std::move(*packet), now);
      while (std::optional<Packet> packet = server.poll_transmit()) client.handle_input(std::move(*packet), now);
    }
    while (server.poll_event()) {
    }
  }

  PacketPool pool;
  Timestamp now{1s};
  dtls::Endpoint client;
  dtls::Endpoint server;
};

void BM_DtlsHandshake(benchmark::State& state) {
  const auto certificate = crypto::Certificate::generate({0s}, {1h});
  for (auto _ : state) {
    const Pair pair(certificate);
    benchmark::DoNotOptimize(pair.now);
  }
}
BENCHMARK(BM_DtlsHandshake)->Unit(benchmark::kMicrosecond);

void BM_DtlsData(benchmark::State& state) {
  Pair pair(crypto::Certificate::generate({0s}, {1h}));
  const Bytes message(1200, 7);
  for (auto _ : state) {
    if (!pair.client.send(message, pair.now)) return state.SkipWithError("refused");
    pair.server.handle_input(std::move(*pair.client.poll_transmit()), pair.now);
    if (!pair.server.poll_event()) return state.SkipWithError("lost");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(BM_DtlsData);

void BM_CertificateGenerate(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(crypto::Certificate::generate({0s}, {1h}));
}
BENCHMARK(BM_CertificateGenerate)->Unit(benchmark::kMicrosecond);

}  // namespace
