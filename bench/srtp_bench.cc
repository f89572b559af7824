// SRTP at 1200 bytes, ours and libsrtp2's side by side. Each round protects (or opens) one packet of a stream whose
// sequence numbers go on and on.
#include <benchmark/benchmark.h>
#include <srtp2/srtp.h>

#include <algorithm>
#include <vector>

#include "srtp/session.h"
#include "srtp/test_packets.h"

namespace {

using namespace tidewire;
using crypto::SrtpProfile;

constexpr std::size_t kPayload = 1200;
constexpr std::size_t kBatch = 32768;  // packets that are protected before the clock of an opening run starts

SrtpProfile profile_of(const benchmark::State& state) { return static_cast<SrtpProfile>(state.range(0)); }

void report(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kPayload));
  state.SetLabel(std::string(crypto::to_string(profile_of(state))));
}

void set_sequence(std::uint8_t* packet, std::uint64_t sequence) {
  packet[2] = static_cast<std::uint8_t>(sequence >> 8);
  packet[3] = static_cast<std::uint8_t>(sequence);
}

srtp_t reference(SrtpProfile profile, bool outbound) {
  static const srtp_err_status_t kInit = srtp_init();
  benchmark::DoNotOptimize(kInit);
  const crypto::SrtpMasterKey master = srtp::test_key(profile);
  Bytes key = master.key;
  key.insert(key.end(), master.salt.begin(), master.salt.end());
  srtp_policy_t policy{};
  if (profile == SrtpProfile::kAes128CmSha1_80) {
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
  } else {
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
  }
  policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
  policy.key = key.data();
  policy.window_size = 1024;
  srtp_t session = nullptr;
  srtp_create(&session, &policy);
  return session;
}

void BM_SrtpProtect(benchmark::State& state) {
  PacketPool pool;
  srtp::Sender sender(srtp::test_key(profile_of(state)));
  const Bytes rtp = srtp::rtp_packet({.payload = kPayload});
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    Packet packet = pool.copy_of(rtp);
    set_sequence(packet.data(), sequence++);
    if (sender.protect_rtp(packet) != srtp::Status::kOk) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(packet.data());
  }
  report(state);
}

void BM_SrtpProtectOutOfPlace(benchmark::State& state) {
  PacketPool pool;
  srtp::Sender sender(srtp::test_key(profile_of(state)));
  Bytes rtp = srtp::rtp_packet({.payload = kPayload});
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    Packet packet = pool.make();
    set_sequence(rtp.data(), sequence++);
    const ByteView whole(rtp);
    if (sender.protect_rtp(whole.first(12), whole.subspan(12), packet) != srtp::Status::kOk) {
      return state.SkipWithError("refused");
    }
    benchmark::DoNotOptimize(packet.data());
  }
  report(state);
}

void BM_LibsrtpProtect(benchmark::State& state) {
  const srtp_t session = reference(profile_of(state), true);
  const Bytes rtp = srtp::rtp_packet({.payload = kPayload});
  Bytes packet(2048);
  std::uint64_t sequence = 0;
  for (auto _ : state) {
    std::copy(rtp.begin(), rtp.end(), packet.begin());
    set_sequence(packet.data(), sequence++);
    int size = static_cast<int>(rtp.size());
    if (srtp_protect(session, packet.data(), &size) != srtp_err_status_ok) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(packet.data());
  }
  srtp_dealloc(session);
  report(state);
}

// Protected packets of one lap of sequence numbers, at most.
std::vector<Bytes> protected_lap(SrtpProfile profile) {
  PacketPool pool;
  srtp::Sender sender(srtp::test_key(profile));
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < kBatch; ++i) {
    Packet packet = pool.copy_of(srtp::rtp_packet({.sequence = static_cast<std::uint16_t>(i), .payload = kPayload}));
    if (sender.protect_rtp(packet) != srtp::Status::kOk) break;
    packets.emplace_back(packet.data(), packet.data() + packet.size());
  }
  return packets;
}

void BM_SrtpUnprotect(benchmark::State& state) {
  const std::vector<Bytes> packets = protected_lap(profile_of(state));
  PacketPool pool;
  srtp::Receiver receiver(srtp::test_key(profile_of(state)));
  std::size_t next = 0;
  for (auto _ : state) {
    if (next == packets.size()) {
      state.PauseTiming();
      receiver = srtp::Receiver(srtp::test_key(profile_of(state)));
      next = 0;
      state.ResumeTiming();
    }
    Packet packet = pool.copy_of(packets[next++]);
    if (receiver.unprotect_rtp(packet) != srtp::Status::kOk) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(packet.data());
  }
  report(state);
}

void BM_LibsrtpUnprotect(benchmark::State& state) {
  const std::vector<Bytes> packets = protected_lap(profile_of(state));
  srtp_t session = reference(profile_of(state), false);
  Bytes packet(2048);
  std::size_t next = 0;
  for (auto _ : state) {
    if (next == packets.size()) {
      state.PauseTiming();
      srtp_dealloc(session);
      session = reference(profile_of(state), false);
      next = 0;
      state.ResumeTiming();
    }
    std::copy(packets[next].begin(), packets[next].end(), packet.begin());
    int size = static_cast<int>(packets[next++].size());
    if (srtp_unprotect(session, packet.data(), &size) != srtp_err_status_ok) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(packet.data());
  }
  srtp_dealloc(session);
  report(state);
}

constexpr auto kGcm = static_cast<int>(SrtpProfile::kAeadAes128Gcm);
constexpr auto kCm = static_cast<int>(SrtpProfile::kAes128CmSha1_80);

BENCHMARK(BM_SrtpProtect)->Arg(kGcm)->Arg(kCm);
BENCHMARK(BM_SrtpProtectOutOfPlace)->Arg(kGcm)->Arg(kCm);
BENCHMARK(BM_LibsrtpProtect)->Arg(kGcm)->Arg(kCm);
BENCHMARK(BM_SrtpUnprotect)->Arg(kGcm)->Arg(kCm);
BENCHMARK(BM_LibsrtpUnprotect)->Arg(kGcm)->Arg(kCm);

}  // namespace
