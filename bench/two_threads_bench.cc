// One connection with one core a side, over loopback sockets: how much a data channel carries and what it costs, and
// what bare UDP costs in the same place: with the same cipher, and from one thread to the other and back.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "crypto/aead.h"
#include "io/udp_segments.h"
#include "two_threads.h"

namespace {

// Calls of the heap by all threads, while somebody counts.
std::atomic<bool> counting = false;
std::atomic<std::uint64_t> allocations = 0;

void* counted(std::size_t size) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = counted(size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace tidewire;
using namespace std::chrono_literals;

constexpr double kGiB = 1 << 30;
// As a careful application does it: never more than the first of these in the buffer, filled again at the second.
constexpr std::size_t kHighWater = 4 << 20;
constexpr std::size_t kLowWater = 2 << 20;
// Before the clock starts: the congestion window has grown.
constexpr std::uint64_t kWarmUpBytes = 128 << 20;
constexpr std::uint64_t kMeasuredBytes = 1 << 30;
constexpr auto kPatience = 60s;

void report(benchmark::State& state, const bench::Moment& begin, const bench::Moment& end, double bytes) {
  const double seconds = end.wall - begin.wall;
  state.SetIterationTime(seconds);
  state.counters["Gbit_s"] = 8e-9 * bytes / seconds;
  state.counters["cpu_s_per_GiB"] = (end.processor - begin.processor) * kGiB / bytes;
}

// --- A data channel. ---

class Throughput {
 public:
  explicit Throughput(std::size_t size) : message_(size, 0x5a) {}

  bool run(benchmark::State& state) {
    if (!threads_.connect()) return false;
    auto done = done_.get_future();
    threads_.bob.loop.post([this] {
      threads_.bob.channel->on_message = [this](const DataMessage& message) { take(message.payload); };
      threads_.alice.loop.post([this] { begin(); });
    });
    const bool in_time = done.wait_for(kPatience) == std::future_status::ready;
    threads_.alice.stop();
    threads_.bob.stop();
    if (!in_time || damaged_) return false;
    report(state, begin_, end_, static_cast<double>(received_));
    const double messages = static_cast<double>(received_) / static_cast<double>(message_.size());
    state.counters["allocs_per_message"] = static_cast<double>(allocations) / messages;
    const StatsReport stats = threads_.alice.connection->get_stats();
    const SctpTransportStats sctp = stats.sctp_transport.value_or(SctpTransportStats{});
    state.counters["resent"] = static_cast<double>(sctp.chunks_retransmitted);
    state.counters["cwnd_kB"] = static_cast<double>(sctp.congestion_window) / 1000;
    return true;
  }

 private:
  void begin() {
    threads_.alice.channel->set_buffered_amount_low_threshold(kLowWater);
    threads_.alice.channel->on_buffered_amount_low = [this] { fill(); };
    fill();
  }

  void fill() {
    DataChannel& channel = *threads_.alice.channel;
    for (std::size_t room = channel.buffered_amount(); room + message_.size() <= kHighWater; room += message_.size()) {
      std::memcpy(message_.data(), &sent_, sizeof sent_);
      ++sent_;
      if (!channel.send(ByteView(message_))) return;
    }
  }

  // On Bob's thread.
  void take(ByteView payload) {
    damaged_ =
        damaged_ || payload.size() != message_.size() || std::memcmp(payload.data(), &count_, sizeof count_) != 0;
    ++count_;
    received_ += payload.size();
    if (!warm_ && received_ >= kWarmUpBytes) {
      warm_ = true;
      received_ = 0;
      allocations = 0;
      counting = true;
      begin_ = bench::Moment();
    } else if (warm_ && !finished_ && received_ >= kMeasuredBytes) {
      finished_ = true;
      end_ = bench::Moment();
      counting = false;
      threads_.bob.channel->on_message = nullptr;
      done_.set_value();
    }
  }

  bench::TwoThreads threads_;
  Bytes message_;
  std::uint64_t sent_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t received_ = 0;
  bool damaged_ = false;
  bool warm_ = false;
  bool finished_ = false;
  bench::Moment begin_;
  bench::Moment end_;
  std::promise<void> done_;
};

void BM_DataChannelThroughput(benchmark::State& state) {
  for (auto _ : state) {
    Throughput throughput(static_cast<std::size_t>(state.range(0)));
    if (!throughput.run(state)) return state.SkipWithError("not connected, stalled or damaged");
  }
}
BENCHMARK(BM_DataChannelThroughput)
    ->Name("DataChannel/Throughput")
    ->Arg(64 * 1024)
    ->Arg(16 * 1024)
    ->Arg(1024)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// --- To the other thread and back. ---

constexpr int kWarmUpRounds = 2'000;
constexpr int kRounds = 20'000;
constexpr std::size_t kPingSize = 100;

void report_rounds(benchmark::State& state, double seconds) {
  state.SetIterationTime(seconds);
  state.counters["round_trip_us"] = 1e6 * seconds / kRounds;
}

void BM_DataChannelPingPong(benchmark::State& state) {
  for (auto _ : state) {
    bench::TwoThreads threads;
    if (!threads.connect()) return state.SkipWithError("not connected");
    const Bytes ping(kPingSize);
    int rounds = 0;
    double begin = 0;
    double end = 0;
    std::promise<void> done;
    threads.bob.loop.post([&] {
      threads.bob.channel->on_message = [&](const DataMessage& message) {
        (void)threads.bob.channel->send(message.payload);
      };
      threads.alice.loop.post([&] {
        threads.alice.channel->on_message = [&](const DataMessage&) {
          if (++rounds == kWarmUpRounds) begin = bench::wall_seconds();
          if (rounds == kWarmUpRounds + kRounds) {
            end = bench::wall_seconds();
            done.set_value();
          } else {
            (void)threads.alice.channel->send(ByteView(ping));
          }
        };
        (void)threads.alice.channel->send(ByteView(ping));
      });
    });
    const bool in_time = done.get_future().wait_for(kPatience) == std::future_status::ready;
    threads.alice.stop();
    threads.bob.stop();
    if (!in_time) return state.SkipWithError("stalled");
    report_rounds(state, end - begin);
  }
}
BENCHMARK(BM_DataChannelPingPong)->Name("DataChannel/PingPong")->Iterations(1)->UseManualTime();

// Two UDP sockets that are connected to each other.
struct UdpPair {
  UdpPair() {
    for (int& fd : fds) fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    std::array<sockaddr_in, 2> addresses{};
    for (std::size_t i = 0; i < 2; ++i) {
      addresses[i].sin_family = AF_INET;
      addresses[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t length = sizeof addresses[i];
      auto* any = reinterpret_cast<sockaddr*>(&addresses[i]);
      ok = ok && ::bind(fds[i], any, length) == 0 && ::getsockname(fds[i], any, &length) == 0;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto* any = reinterpret_cast<const sockaddr*>(&addresses[1 - i]);
      ok = ok && ::connect(fds[i], any, sizeof addresses[i]) == 0;
      const int buffer = 4 << 20;
      ::setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
      ::setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    }
  }
  ~UdpPair() {
    for (const int fd : fds) ::close(fd);
  }
  UdpPair(const UdpPair&) = delete;
  UdpPair& operator=(const UdpPair&) = delete;

  std::array<int, 2> fds{-1, -1};
  bool ok = true;
};

// Waits as an event loop does: in epoll_wait.
class Readable {
 public:
  explicit Readable(int fd) : epoll_(::epoll_create1(0)) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  ~Readable() { ::close(epoll_); }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  bool wait() const {
    epoll_event event{};
    return ::epoll_wait(epoll_, &event, 1, 1000) == 1;
  }

 private:
  int epoll_;
};

ssize_t wait_and_receive(const Readable& readable, int fd, MutableByteView buffer) {
  for (;;) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n >= 0 || errno != EAGAIN || !readable.wait()) return n;
  }
}

void BM_UdpPingPong(benchmark::State& state) {
  for (auto _ : state) {
    const UdpPair udp;
    if (!udp.ok) return state.SkipWithError("no sockets");
    std::thread other([&] {
      const Readable readable(udp.fds[1]);
      Bytes buffer(kPingSize);
      for (int i = 0; i < kWarmUpRounds + kRounds; ++i) {
        if (wait_and_receive(readable, udp.fds[1], buffer) <= 0) return;
        (void)::send(udp.fds[1], buffer.data(), buffer.size(), 0);
      }
    });
    double seconds = 0;
    std::thread one([&] {
      const Readable readable(udp.fds[0]);
      Bytes buffer(kPingSize);
      double begin = 0;
      for (int i = 0; i < kWarmUpRounds + kRounds; ++i) {
        if (i == kWarmUpRounds) begin = bench::wall_seconds();
        (void)::send(udp.fds[0], buffer.data(), buffer.size(), 0);
        if (wait_and_receive(readable, udp.fds[0], buffer) <= 0) return;
      }
      seconds = bench::wall_seconds() - begin;
    });
    one.join();
    other.join();
    if (seconds == 0) return state.SkipWithError("stalled");
    report_rounds(state, seconds);
  }
}
BENCHMARK(BM_UdpPingPong)->Name("UdpPingPong")->Iterations(1)->UseManualTime();

// --- The floor: trains of datagrams of 1 KiB, sealed on one thread and opened on the other. ---

class SealLoop {
 public:
  bool run(benchmark::State& state) {
    if (!udp_.ok) return false;
    std::thread receiver([this] { receive(); });
    std::thread sender([this] { send(); });
    sender.join();
    receiver.join();
    if (!opened_) return false;
    report(state, begin_, end_, static_cast<double>(kMeasuredBytes));
    return true;
  }

 private:
  static constexpr std::size_t kPayload = 1024;
  static constexpr std::size_t kDatagram = kPayload + crypto::kAeadTagSize;
  static constexpr std::size_t kTrain = 60;
  static constexpr std::uint64_t kWindow = 1 << 20;

  void send() {
    crypto::AeadSealer sealer(crypto::AeadAlgorithm::kAes128Gcm, Bytes(16));
    Bytes train(kTrain * kDatagram);
    std::array<std::uint8_t, crypto::kAeadNonceSize> nonce{};
    const int segment = kDatagram;
    ::setsockopt(udp_.fds[0], SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
    for (std::uint64_t sent = 0; sent < kMeasuredBytes && !stop_; sent += kTrain * kPayload) {
      while (sent > received_ + kWindow && !stop_) std::this_thread::yield();
      for (std::size_t i = 0; i < kTrain; ++i) {
        const MutableByteView text = MutableByteView(train).subspan(i * kDatagram, kPayload);
        sealer.seal(nonce, ByteView(), text, text.data(), text.data() + kPayload);
      }
      while (::send(udp_.fds[0], train.data(), train.size(), 0) < 0 && !stop_) std::this_thread::yield();
    }
  }

  void receive() {
    crypto::AeadOpener opener(crypto::AeadAlgorithm::kAes128Gcm, Bytes(16));
    const Readable readable(udp_.fds[1]);
    const std::array<std::uint8_t, crypto::kAeadNonceSize> nonce{};
    const int yes = 1;
    ::setsockopt(udp_.fds[1], SOL_UDP, UDP_GRO, &yes, sizeof yes);
    Bytes buffer(65536);
    begin_ = bench::Moment();
    while (received_ < kMeasuredBytes) {
      const ssize_t n = wait_and_receive(readable, udp_.fds[1], buffer);
      if (n <= 0) break;
      const MutableByteView train = MutableByteView(buffer).first(static_cast<std::size_t>(n));
      for (std::size_t at = 0; at + kDatagram <= train.size(); at += kDatagram) {
        const MutableByteView text = train.subspan(at, kPayload);
        opened_ = opener.open(nonce, ByteView(), text, train.subspan(at + kPayload, crypto::kAeadTagSize), text.data());
        received_ = received_ + kPayload;
      }
    }
    end_ = bench::Moment();
    stop_ = true;
  }

  UdpPair udp_;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<bool> stop_ = false;
  bool opened_ = false;
  bench::Moment begin_;
  bench::Moment end_;
};

void BM_UdpSealLoop(benchmark::State& state) {
  for (auto _ : state) {
    SealLoop loop;
    if (!loop.run(state)) return state.SkipWithError("nothing arrived, or it was damaged");
  }
}
BENCHMARK(BM_UdpSealLoop)->Name("UdpSealLoop")->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
