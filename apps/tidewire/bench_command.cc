#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "bench_answerer.h"
#include "bench_caller.h"
#include "commands.h"
#include "output.h"

namespace tidewire::app {
namespace {

// Runs the end that is called in a process of its own. Before there is any thread.
pid_t fork_answerer(const std::array<int, 2>& wire, std::size_t size) {
  const pid_t child = ::fork();
  if (child != 0) {
    ::close(wire[1]);
    return child;
  }
  ::close(wire[0]);
  BenchAnswerer(wire[1], size).run();
  ::_exit(0);
}

boost::json::object to_json(const RoundTrips& times) { return {{"p50", times.p50_us}, {"p99", times.p99_us}}; }

void print(const BenchDataChannelOptions& options, const BenchFigures& figures) {
  const double seconds = std::chrono::duration<double>(options.duration).count();
  if (options.json) {
    return print_result(boost::json::serialize(boost::json::object{{"size", options.size},
                                                                   {"processes", options.processes},
                                                                   {"duration_s", seconds},
                                                                   {"goodput_mbps", figures.goodput_mbps},
                                                                   {"cpu_s_per_gib", figures.cpu_s_per_gib},
                                                                   {"rtt_us", to_json(figures.idle)},
                                                                   {"rtt_busy_us", to_json(figures.busy)}}));
  }
  fmt::print("One data channel on this host, messages of {} bytes for {} s, {}\n", options.size, seconds,
             options.processes == 2 ? "two processes" : "one process with two threads");
  fmt::print("  goodput         {:.0f} Mbit/s\n", figures.goodput_mbps);
  fmt::print("  processor time  {:.2f} s per GiB, both ends together\n", figures.cpu_s_per_gib);
  fmt::print("  round trip      p50 {:.0f} µs, p99 {:.0f} µs: 100 bytes, nothing else under way\n", figures.idle.p50_us,
             figures.idle.p99_us);
  fmt::print("                  p50 {:.0f} µs, p99 {:.0f} µs: 100 bytes beside the transfer\n", figures.busy.p50_us,
             figures.busy.p99_us);
}

int finish(const BenchDataChannelOptions& options, const Result<BenchFigures>& figures) {
  if (!figures) return fail(options.json, figures.error());
  print(options, *figures);
  return 0;
}

}  // namespace

int bench_data_channel(const BenchDataChannelOptions& options) {
  std::array<int, 2> wire{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire.data()) != 0) {
    return fail(options.json, {ErrorCode::kOperation, "no socket for the two ends of the bench to speak over"});
  }
  if (options.processes == 1) {
    std::thread answerer([&] { BenchAnswerer(wire[1], options.size).run(); });
    const auto figures = BenchCaller(wire[0], options).run();  // whose end is the end of the other one
    answerer.join();
    return finish(options, figures);
  }
  const pid_t child = fork_answerer(wire, options.size);
  if (child < 0) return fail(options.json, {ErrorCode::kOperation, "no second process can be made; try --processes 1"});
  const auto figures = BenchCaller(wire[0], options).run();
  ::waitpid(child, nullptr, 0);
  return finish(options, figures);
}

}  // namespace tidewire::app
