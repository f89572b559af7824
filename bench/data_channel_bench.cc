// What a data channel carries: a stream of messages one way, one small message to and fro. Over loopback sockets on
// one thread, and between Sessions in memory. TCP in the same place is the measure.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "two_peers.h"

namespace {

using namespace tidewire;
using namespace std::chrono_literals;

// As a careful application does it: never more than the first of these in the buffer, filled again at the second.
constexpr std::size_t kHighWater = 2 << 20;
constexpr std::size_t kLowWater = 1 << 20;
// Before the clock starts: the congestion window has grown.
constexpr std::uint64_t kWarmUpBytes = 16 << 20;

Bytes numbered(std::size_t size, std::uint64_t number) {
  Bytes message(size, 0x5a);
  std::memcpy(message.data(), &number, sizeof number);
  return message;
}

bool is_message(ByteView message, std::size_t size, std::uint64_t number) {
  return message.size() == size && std::memcmp(message.data(), &number, sizeof number) == 0;
}

void report_throughput(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void report_sctp(benchmark::State& state, const StatsReport& stats) {
  const SctpTransportStats sctp = stats.sctp_transport.value_or(SctpTransportStats{});
  const double all = static_cast<double>(std::max<std::uint64_t>(stats.transport.packets_sent, 1));
  state.counters["resent_pct"] = 100.0 * static_cast<double>(sctp.chunks_retransmitted) / all;
  state.counters["cwnd_kB"] = static_cast<double>(sctp.congestion_window) / 1000;
  state.counters["discarded"] = static_cast<double>(stats.transport.packets_discarded);
}

// --- PeerConnection to PeerConnection. ---

// Stops the loop when nothing has arrived for a while: a stall is a bug.
class Watchdog {
 public:
  Watchdog(EventLoop& loop, benchmark::State& state) : loop_(loop), state_(state) { watch(); }
  void pet() { ++count_; }

 private:
  void watch() {
    loop_.post_after(5s, [this, before = count_] {
      if (before != count_) return watch();
      state_.SkipWithError("nothing arrived for 5 s");
      loop_.stop();
    });
  }

  EventLoop& loop_;
  benchmark::State& state_;
  std::uint64_t count_ = 0;
};

// One iteration is one message that arrived.
void BM_DataChannelThroughput(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  bench::TwoPeers peers;
  Watchdog watchdog(peers.loop, state);
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool done = false;
  const auto fill = [&] {
    while (!done && peers.channel->buffered_amount() + size <= kHighWater) {
      if (!peers.channel->send(ByteView(numbered(size, sent++)))) state.SkipWithError("send refused");
    }
  };
  peers.call([&] {
    peers.channel->set_buffered_amount_low_threshold(kLowWater);
    peers.channel->on_buffered_amount_low = fill;
    peers.other->on_message = [&](const DataMessage& message) {
      watchdog.pet();
      if (!is_message(message.payload, size, received++)) state.SkipWithError("damaged or out of order");
      if (done || received * size < kWarmUpBytes || state.KeepRunning()) return;
      done = true;  // What has already been read from the socket still comes.
      peers.loop.stop();
    };
    fill();
  });
  peers.loop.run();
  report_throughput(state, size);
  report_sctp(state, peers.alice.get_stats());
}
BENCHMARK(BM_DataChannelThroughput)->Arg(1024)->Arg(64 * 1024)->Arg(256 * 1024)->UseRealTime();

// 4 MiB at once, until it is all there, with a pause between (which is not counted): the congestion window is open and
// nothing is under way, so that all of it leaves at once.
void BM_DataChannelBurst(benchmark::State& state) {
  constexpr std::size_t kSize = 256 * 1024;
  constexpr std::uint64_t kMessages = 16;
  bench::TwoPeers peers;
  Watchdog watchdog(peers.loop, state);
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  const auto burst = [&] {
    for (std::uint64_t i = 0; i < kMessages; ++i) {
      if (!peers.channel->send(ByteView(numbered(kSize, sent++)))) state.SkipWithError("send refused");
    }
  };
  peers.call([&] {
    peers.other->on_message = [&](const DataMessage& message) {
      watchdog.pet();
      if (!is_message(message.payload, kSize, received++)) state.SkipWithError("damaged or out of order");
      if (received % kMessages != 0) return;
      if (received * kSize < kWarmUpBytes) return burst();
      if (!state.KeepRunning()) return peers.loop.stop();
      state.PauseTiming();
      peers.loop.post_after(10ms, [&] {
        state.ResumeTiming();
        burst();
      });
    };
    burst();
  });
  peers.loop.run();
  report_throughput(state, kMessages * kSize);
  report_sctp(state, peers.alice.get_stats());
}
BENCHMARK(BM_DataChannelBurst)->Unit(benchmark::kMillisecond)->UseRealTime();

// 64 bytes to the other side and back.
void BM_DataChannelRoundTrip(benchmark::State& state) {
  bench::TwoPeers peers;
  Watchdog watchdog(peers.loop, state);
  const Bytes ping(64);
  peers.call([&] {
    peers.other->on_message = [&](const DataMessage& message) { (void)peers.other->send(message.payload); };
    peers.channel->on_message = [&](const DataMessage& message) {
      watchdog.pet();
      if (!state.KeepRunning()) return peers.loop.stop();
      (void)peers.channel->send(message.payload);
    };
    (void)peers.channel->send(ByteView(ping));
  });
  peers.loop.run();
}
BENCHMARK(BM_DataChannelRoundTrip)->Unit(benchmark::kMicrosecond)->UseRealTime();

// --- Session to Session. ---

void BM_SessionDataThroughput(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  bench::TwoSessions sessions;
  if (!sessions.connect()) return state.SkipWithError("not connected");
  Session& alice = sessions.alice.session;
  const ChannelId channel = *sessions.alice.channel;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  const auto fill = [&] {
    while (alice.channel(channel)->buffered_amount + size <= kHighWater) {
      if (!alice.send_binary(channel, numbered(size, sent++), sessions.now)) state.SkipWithError("send refused");
    }
  };
  sessions.on_event = [&](bench::SessionPeer&, SessionEvent& event) {
    if (const auto* message = std::get_if<event::MessageReceived>(&event)) {
      if (!is_message(message->payload, size, received++)) state.SkipWithError("damaged or out of order");
    } else if (std::holds_alternative<event::BufferedAmountLow>(event)) {
      fill();
    }
  };
  alice.set_buffered_amount_low_threshold(channel, kLowWater);
  fill();
  const auto run_until = [&](std::uint64_t count) {
    const Timestamp limit = sessions.now + 10s;
    while (received < count && sessions.now < limit) sessions.step();
    if (received < count) state.SkipWithError("nothing arrived for 10 s");
  };
  run_until(kWarmUpBytes / size);
  const std::uint64_t begin = received;
  std::uint64_t counted = 0;
  for (auto _ : state) run_until(begin + ++counted);
  report_throughput(state, size);
  report_sctp(state, alice.stats(sessions.now));
}
BENCHMARK(BM_SessionDataThroughput)->Arg(1024)->Arg(64 * 1024)->Arg(256 * 1024);

void BM_SessionDataRoundTrip(benchmark::State& state) {
  bench::TwoSessions sessions;
  if (!sessions.connect()) return state.SkipWithError("not connected");
  const Bytes ping(64);
  std::uint64_t returned = 0;
  sessions.on_event = [&](bench::SessionPeer& peer, SessionEvent& event) {
    const auto* message = std::get_if<event::MessageReceived>(&event);
    if (!message) return;
    if (&peer == &sessions.alice) {
      ++returned;
    } else {
      (void)peer.session.send_binary(message->channel, message->payload, sessions.now);
    }
  };
  std::uint64_t expected = 0;
  for (auto _ : state) {
    (void)sessions.alice.session.send_binary(*sessions.alice.channel, ping, sessions.now);
    ++expected;
    for (int i = 0; i < 1000 && returned < expected; ++i) sessions.step();
    if (returned < expected) return state.SkipWithError("a message was lost");
  }
}
BENCHMARK(BM_SessionDataRoundTrip)->Unit(benchmark::kMicrosecond);

// Pictures through two whole sessions: one iteration is one frame of the given size, in packets of about 1200 bytes.
void BM_SessionVideoFrame(benchmark::State& state) {
  bench::TwoSessions sessions;
  const TransceiverId video = sessions.alice.session.add_track(MediaKind::kVideo).value();
  bool sending = false;
  std::int64_t received = 0;
  sessions.on_event = [&](bench::SessionPeer& peer, SessionEvent& event) {
    if (const auto* change = std::get_if<event::SendingChanged>(&event)) {
      sending = sending || (&peer == &sessions.alice && !change->encodings.empty());
    }
    received += std::holds_alternative<event::VideoFrameReceived>(event);
  };
  if (!sessions.connect() || !sending) return state.SkipWithError("not connected");
  // The frame header of a VP8 key frame (RFC 6386 §9.1), which the receiver looks at.
  constexpr std::uint8_t kHeader[] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};
  EncodedFrame frame{.payload = Bytes(static_cast<std::size_t>(state.range(0))), .key_frame = true};
  std::ranges::copy(kHeader, frame.payload.begin());
  const std::uint64_t packets_before = sessions.alice.session.stats(sessions.now).transport.packets_sent;
  std::int64_t refused = 0;
  for (auto _ : state) {
    sessions.now += 1ms;
    frame.rtp_timestamp += 90;
    frame.timestamp = sessions.now;
    refused += !sessions.alice.session.send_frame(video, frame, sessions.now);
    const std::int64_t before = received;
    for (int i = 0; i < 100 && received == before; ++i) sessions.step();
  }
  const std::uint64_t packets = sessions.alice.session.stats(sessions.now).transport.packets_sent - packets_before;
  state.SetItemsProcessed(received);
  state.counters["packets_per_s"] = benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate);
  state.counters["frames_lost"] = static_cast<double>(state.iterations() - received - refused);
  state.counters["frames_refused"] = static_cast<double>(refused);
}
BENCHMARK(BM_SessionVideoFrame)->Arg(6'000)->Arg(60'000)->Unit(benchmark::kMicrosecond);

// --- TCP, and what the kernel takes for the datagrams. ---

struct SocketPair {
  explicit SocketPair(int type) {
    const int listener = ::socket(AF_INET, type, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    sender = ::socket(AF_INET, type, 0);
    bool ok = ::bind(listener, any, length) == 0 && ::getsockname(listener, any, &length) == 0;
    if (type == SOCK_STREAM) ok = ok && ::listen(listener, 1) == 0;
    ok = ok && ::connect(sender, any, length) == 0;
    receiver = listener;
    if (type == SOCK_STREAM) {
      receiver = ::accept(listener, nullptr, nullptr);
      ::close(listener);
      const int yes = 1;
      for (const int fd : {sender, receiver}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    if (!ok) ::close(std::exchange(sender, -1));
  }
  ~SocketPair() {
    ::close(sender);
    ::close(receiver);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  int sender = -1;
  int receiver = -1;
};

// Writes what goes in, reads it all: one thread, as above.
void BM_TcpThroughput(benchmark::State& state) {
  const SocketPair tcp(SOCK_STREAM);
  const auto size = static_cast<std::size_t>(state.range(0));
  const Bytes out(size);
  Bytes in(size);
  for (auto _ : state) {
    std::size_t written = 0;
    std::size_t read = 0;
    while (read < size) {
      const ssize_t w = ::send(tcp.sender, out.data() + written, size - written, MSG_DONTWAIT);
      if (w > 0) written += static_cast<std::size_t>(w);
      const ssize_t r = ::recv(tcp.receiver, in.data(), in.size(), MSG_DONTWAIT);
      if (r > 0) read += static_cast<std::size_t>(r);
      if (w <= 0 && r <= 0 && errno != EAGAIN) return state.SkipWithError("TCP failed");
    }
  }
  report_throughput(state, size);
}
BENCHMARK(BM_TcpThroughput)->Arg(64 * 1024)->Arg(256 * 1024)->UseRealTime();

void BM_TcpRoundTrip(benchmark::State& state) {
  const SocketPair tcp(SOCK_STREAM);
  Bytes ping(64);
  for (auto _ : state) {
    bool ok = ::send(tcp.sender, ping.data(), ping.size(), 0) > 0 && ::recv(tcp.receiver, ping.data(), 64, 0) > 0;
    ok = ok && ::send(tcp.receiver, ping.data(), ping.size(), 0) > 0 && ::recv(tcp.sender, ping.data(), 64, 0) > 0;
    if (!ok) return state.SkipWithError("TCP failed");
  }
}
BENCHMARK(BM_TcpRoundTrip)->Unit(benchmark::kMicrosecond)->UseRealTime();

// Datagrams of a data channel's size in batches of 32, with nothing in them: the floor for anything over UDP.
void BM_UdpThroughput(benchmark::State& state) {
  constexpr std::size_t kBatch = 32;
  const SocketPair udp(SOCK_DGRAM);
  Bytes packet(1228);
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> headers{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {packet.data(), packet.size()};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  for (auto _ : state) {
    const int sent = ::sendmmsg(udp.sender, headers.data(), kBatch, 0);
    const int received = ::recvmmsg(udp.receiver, headers.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (sent != kBatch || received != kBatch) return state.SkipWithError("UDP failed");
  }
  report_throughput(state, kBatch * packet.size());
}
BENCHMARK(BM_UdpThroughput)->UseRealTime();

}  // namespace
