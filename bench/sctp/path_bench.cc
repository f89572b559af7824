// Goodput, losses and queues of one association over simulated paths, as tables. Virtual time under fixed seeds: the
// numbers are the same on every machine.
#include <malloc.h>

#include <cstdio>
#include <cstring>
#include <iterator>

#include "sctp/path_for_test.h"
#include "simulate/tcp_cubic.h"

namespace {

using namespace tidewire;
using namespace tidewire::sctp;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A TCP connection on a path that always has something to send: what to compare SCTP with, and what it has to share a
// bottleneck with.
class TcpNeighbour : public Path::Neighbour {
 public:
  explicit TcpNeighbour(Path& path) : tcp_(path.there, path.back, 0, path.now) { path.neighbour = this; }

  std::uint64_t delivered_bytes() const { return tcp_.delivered_bytes(); }
  Timestamp next() const override { return tcp_.next(); }
  void step(Timestamp now) override { tcp_.step(now); }

 private:
  simulate::TcpCubic tcp_;
};

struct Scene {
  const char* name;
  double megabits;
  int rtt_ms;
  double queue;  // in bandwidth-delay products
  double loss;
  int seconds;
  int jitter_ms = 0;
};

double to_ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

PathOptions options_for(const Scene& scene) {
  PathOptions options;
  options.seed = 7;
  options.bits_per_second = static_cast<std::uint64_t>(scene.megabits * 1e6);
  options.rtt = milliseconds(scene.rtt_ms);
  options.queue_bytes =
      std::max<std::size_t>(static_cast<std::size_t>(scene.megabits * 125 * scene.rtt_ms * scene.queue), 16 * 1024);
  options.loss = scene.loss;
  options.jitter = milliseconds(scene.jitter_ms);
  return options;
}

PathReport run(const Scene& scene) {
  Path path(options_for(scene));
  path.connect();
  return path.measure(seconds(scene.seconds));
}

// What the sender does in each tenth of a second.
void trace(const Scene& scene) {
  Path path(options_for(scene));
  path.connect();
  std::printf("%s\n%8s %9s %10s %10s %10s %8s %8s %8s %8s %8s\n", scene.name, "s", "Mbit/s", "cwnd", "ssthresh",
              "flight", "resent", "timeouts", "probes", "undone", "srtt ms");
  for (int tenth = 1; tenth <= scene.seconds * 10; ++tenth) {
    const PathReport report = path.measure(milliseconds(100));
    const Stats& stats = path.a.stats();
    const long long ssthresh = stats.ssthresh == SIZE_MAX ? -1 : static_cast<long long>(stats.ssthresh);
    std::printf("%8.1f %9.2f %10zu %10lld %10zu %8llu %8llu %8llu %8llu %8.2f\n", tenth / 10.0, report.goodput / 1e6,
                stats.cwnd, ssthresh, stats.flight_size, static_cast<unsigned long long>(report.retransmitted),
                static_cast<unsigned long long>(stats.timeouts), static_cast<unsigned long long>(stats.tail_probes),
                static_cast<unsigned long long>(stats.undone), to_ms(stats.srtt));
  }
}

void print_head() {
  std::printf("%-28s %9s %6s %8s %8s %8s %8s %9s %9s %8s\n", "path", "Mbit/s", "of it", "resent", "spurious",
              "timeouts", "overflow", "queue ms", "max ms", "sacks");
}

void print(const Scene& scene) {
  const PathReport report = run(scene);
  std::printf("%-28s %9.2f %5.1f%% %8llu %8llu %8llu %8llu %9.2f %9.2f %8llu\n", scene.name, report.goodput / 1e6,
              report.goodput / 1e4 / scene.megabits, static_cast<unsigned long long>(report.retransmitted),
              static_cast<unsigned long long>(report.spurious), static_cast<unsigned long long>(report.timeouts),
              static_cast<unsigned long long>(report.overflowed), to_ms(report.mean_queue), to_ms(report.max_queue),
              static_cast<unsigned long long>(report.sacks));
  std::fflush(stdout);
}

constexpr Scene kScenes[] = {
    {"500M 100ms 1 BDP", 500, 100, 1, 0, 20},
    {"500M 100ms 0.2 BDP", 500, 100, 0.2, 0, 20},
    {"500M 100ms 1 BDP, 60 s", 500, 100, 1, 0, 60},
    {"500M 100ms 0.2 BDP, 60 s", 500, 100, 0.2, 0, 60},
    {"150M 50ms 1 BDP 0.1 %", 150, 50, 1, 0.001, 20},
    {"500M 50ms 1 BDP 0.1 %", 500, 50, 1, 0.001, 20},
    {"100M 20ms 1 BDP", 100, 20, 1, 0, 20},
    {"20M 40ms 1 BDP", 20, 40, 1, 0, 20},
    {"5M 60ms 4 BDP", 5, 60, 4, 0, 20},
    {"1M 60ms 4 BDP", 1, 60, 4, 0, 20},
    {"20M 40ms jitter 20ms", 20, 40, 1, 0, 20, 20},
    {"20M 100ms 5 % jitter 5ms", 20, 100, 1, 0.05, 20, 5},
};

double run_tcp(const Scene& scene) {
  Path path(options_for(scene));
  TcpNeighbour tcp(path);
  path.run_for(seconds(scene.seconds));
  return static_cast<double>(tcp.delivered_bytes()) * 8 / scene.seconds;
}

void print_grid() {
  std::printf("\nGoodput in Mbit/s over 100 Mbit/s with 1 BDP of queue, 30 s: SCTP / TCP CUBIC\n%8s", "rtt");
  constexpr double kLosses[] = {0, 0.001, 0.01, 0.05};
  for (const double loss : kLosses) std::printf(" %14.1f%%", loss * 100);
  std::printf("\n");
  for (const int rtt : {1, 20, 50, 100, 200}) {
    std::printf("%6dms", rtt);
    for (const double loss : kLosses) {
      const Scene scene{"", 100, rtt, 1, loss, 30};
      std::printf(" %7.2f/%7.2f", run(scene).goodput / 1e6, run_tcp(scene) / 1e6);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

// Both over one bottleneck, 120 s; counted after the first 20.
void print_sharing() {
  std::printf("\nSharing 50 Mbit/s with one TCP CUBIC: SCTP / TCP in Mbit/s\n%8s", "rtt");
  constexpr double kQueues[] = {0.05, 0.2, 1, 4};
  for (const double queue : kQueues) std::printf(" %11.2f BDP", queue);
  std::printf("\n");
  for (const int rtt : {20, 50, 100}) {
    std::printf("%6dms", rtt);
    for (const double queue : kQueues) {
      Path path(options_for({"", 50, rtt, queue, 0, 120}));
      // Or the two fall into step, and always the same one meets the full queue.
      path.there.config().jitter = std::chrono::microseconds(500);
      path.connect();
      TcpNeighbour tcp(path);
      path.measure(seconds(20));
      const std::uint64_t before = tcp.delivered_bytes();
      const double sctp = path.measure(seconds(100)).goodput;
      std::printf(" %7.2f/%7.2f", sctp / 1e6, static_cast<double>(tcp.delivered_bytes() - before) * 8 / 100e6);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

// What two associations hold when nothing moves, fresh and after a busy time.
void print_memory() {
  const auto used = [] { return static_cast<double>(mallinfo2().uordblks) / 1024; };
  Path({}).connect();  // what is allocated once in a process
  const double before = used();
  Path path(options_for({"", 100, 50, 1, 0, 0}));
  path.connect();
  path.run_for(seconds(100));
  std::printf("\nAn idle pair holds %.1f KiB", used() - before);
  path.measure(seconds(5));
  path.bulk = false;
  path.run_for(seconds(100));
  std::printf("; after 5 s of 100 Mbit/s %.1f KiB, the packets of the pool included\n", used() - before);
}

}  // namespace

// With an argument: only the paths whose name holds it; with a second one, what happens on them in time.
int main(int argc, char** argv) {
  const char* filter = argc > 1 ? argv[1] : "";
  if (argc <= 2) print_head();
  for (const Scene& scene : kScenes) {
    if (std::strstr(scene.name, filter) == nullptr) continue;
    if (argc > 2)
      trace(scene);
    else
      print(scene);
  }
  if (argc <= 1 || std::strcmp(filter, "grid") == 0) print_grid();
  if (argc <= 1 || std::strcmp(filter, "sharing") == 0) print_sharing();
  if (argc <= 1 || std::strcmp(filter, "memory") == 0) print_memory();
}
