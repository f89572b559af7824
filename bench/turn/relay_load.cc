// Relayed data: how much, at what cost, how late. And allocations that do nothing.
#include <unistd.h>

#include <algorithm>

#include "datagram_batch.h"
#include "flows.h"
#include "loads.h"
#include "process_stats.h"
#include "report.h"
#include "traffic.h"

namespace tidewire::bench {

namespace {

SocketAddress parse_address(const std::string& text) {
  const auto address = SocketAddress::parse(text);
  if (!address) give_up("'" + text + "' is no ADDR:PORT");
  return *address;
}

std::vector<Peer> open_peers(const LoadOptions& options) {
  const SocketAddress any = parse_address(options.peer_ip + ":0");
  std::vector<Peer> peers;
  for (std::size_t i = 0; i < std::min(options.peers, options.allocations); ++i) {
    const int fd = open_udp(any);
    peers.push_back({.fd = fd, .address = socket_address(local_address(fd))});
  }
  return peers;
}

std::vector<Flow> make_flows(const LoadOptions& options, const std::vector<Peer>& peers, Goal goal) {
  std::vector<SocketAddress> addresses;
  for (std::size_t i = 0; i < options.allocations; ++i)
    addresses.push_back(peers[peer_of(i, options.allocations, peers.size())].address);
  const SocketAddress server = parse_address(options.server);
  if (options.plain) return make_plain_flows(server, addresses);
  return make_allocations({server, options.user, options.password}, goal, addresses);
}

TrafficOptions traffic_options(const LoadOptions& options) {
  TrafficOptions traffic;
  traffic.size = options.size;
  traffic.train = options.train;
  traffic.receive_trains = options.receive_trains;
  traffic.framing = options.framing == "channel" ? Framing::kChannel : Framing::kSend;
  if (options.plain) traffic.framing = Framing::kNone;
  traffic.directions = {options.direction != "to-client", options.direction != "to-peer"};
  traffic.window = options.window;
  traffic.in_flight = options.in_flight;
  traffic.rate = options.rate;
  return traffic;
}

void run_for(Traffic& traffic, double seconds) {
  const double end = seconds_now() + seconds;
  while (seconds_now() < end) traffic.step();
}

void add_latencies(Report& report, std::vector<std::uint32_t>& latencies) {
  if (latencies.empty()) give_up("nothing arrived");
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double part) {
    return latencies[static_cast<std::size_t>(part * static_cast<double>(latencies.size() - 1))] / 1000.0;
  };
  report.add("latency_p50_us", at(0.5));
  report.add("latency_p90_us", at(0.9));
  report.add("latency_p99_us", at(0.99));
  report.add("latency_max_us", at(1));
}

}  // namespace

int relay_load(const LoadOptions& options) {
  const std::vector<Peer> peers = open_peers(options);
  const Goal goal = options.framing == "channel" ? Goal::kChannel : Goal::kPermission;
  Traffic traffic(make_flows(options, peers, goal), peers, traffic_options(options));
  run_for(traffic, options.warm_up);
  if (options.latency) traffic.keep_latencies();

  const TrafficCounts before = traffic.counts();
  const ProcessStats server_before = process_stats(options.pid);
  const double start = seconds_now();
  run_for(traffic, options.duration);
  const double seconds = seconds_now() - start;
  const ProcessStats server = process_stats(options.pid);
  const TrafficCounts& after = traffic.counts();

  const auto relayed = static_cast<double>(after.received - before.received);
  Report report;
  report.add("datagrams_per_second", relayed / seconds);
  report.add("lost", static_cast<double>(after.lost - before.lost));
  report.add("late", static_cast<double>(after.late - before.late));
  report.add("wrong", static_cast<double>(after.wrong));
  if (options.pid != 0) {
    const double cpu = server.cpu_seconds - server_before.cpu_seconds;
    report.add("cpu_seconds_per_million", cpu / relayed * 1e6);
    report.add("server_busy_percent", cpu / seconds * 100);
    report.add("resident_kib", static_cast<double>(server.resident_bytes) / 1024);
  }
  if (options.latency) add_latencies(report, traffic.latencies());
  report.print(options.json);
  return after.wrong == 0 && relayed > 0 ? 0 : 1;
}

int idle_load(const LoadOptions& options) {
  const std::vector<Peer> peers = open_peers(options);
  LoadOptions first = options;
  first.allocations = 1;  // what the server makes once, for any allocation
  make_flows(first, peers, Goal::kNothing);
  const ProcessStats before = process_stats(options.pid);
  make_flows(options, peers, Goal::kNothing);
  sleep(1);  // the server may have put off some work
  const ProcessStats after = process_stats(options.pid);
  const auto allocations = static_cast<double>(options.allocations);
  Report report;
  report.add("resident_before_kib", static_cast<double>(before.resident_bytes) / 1024);
  report.add("resident_after_kib", static_cast<double>(after.resident_bytes) / 1024);
  report.add("bytes_per_allocation", static_cast<double>(after.resident_bytes - before.resident_bytes) / allocations);
  report.add("descriptors_per_allocation", static_cast<double>(after.descriptors - before.descriptors) / allocations);
  report.print(options.json);
  return 0;
}

}  // namespace tidewire::bench
