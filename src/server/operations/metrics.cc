#include "server/operations/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>
#include <utility>
#include <vector>

namespace tidewire::server {
namespace {

using prometheus::MetricType;

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Collects families. Every value goes to the last one that was begun.
class Exposition {
 public:
  void counter(std::string_view name, std::string_view help) { begin(name, help, MetricType::Counter); }
  void gauge(std::string_view name, std::string_view help) { begin(name, help, MetricType::Gauge); }

  // A counter beyond 2^53 loses its last digits: the format's numbers are doubles.
  template <typename Number>
  void value(Number number, Labels labels = {}) {
    prometheus::ClientMetric metric;
    for (const auto& [name, label] : labels) metric.label.push_back({std::string(name), std::string(label)});
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = static_cast<double>(number);
    } else {
      metric.gauge.value = static_cast<double>(number);
    }
    families_.back().metric.push_back(std::move(metric));
  }
  template <typename Number>
  void counter(std::string_view name, std::string_view help, Number number) {
    counter(name, help);
    value(number);
  }
  template <typename Number>
  void gauge(std::string_view name, std::string_view help, Number number) {
    gauge(name, help);
    value(number);
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void begin(std::string_view name, std::string_view help, MetricType type) {
    families_.push_back({std::string(name), std::string(help), type, {}});
  }

  std::vector<prometheus::MetricFamily> families_;
};

void add(Exposition& out, const SignalingStats& stats) {
  out.gauge("tidewire_signaling_rooms", "Rooms with somebody in them.", stats.rooms);
  out.gauge("tidewire_signaling_clients", "Open WebSockets.", stats.connections);
  out.gauge("tidewire_signaling_members", "Clients that have joined a room.", stats.members);
  out.counter("tidewire_signaling_connections_total", "WebSockets that were opened.", stats.connections_taken);
  out.counter("tidewire_signaling_joins_total", "Joins that were granted.", stats.joins);
  out.counter("tidewire_signaling_messages_total", "Messages from clients.", stats.messages);
  out.counter("tidewire_signaling_refused_total", "Errors told to clients, by code (docs/signaling.md).");
  for (std::size_t i = 0; i < stats.faults.size(); ++i) {
    out.value(stats.faults[i], {{"code", signaling::to_string(static_cast<signaling::Fault>(i))}});
  }
}

void add_relaying(Exposition& out, const turn::ServerStats& stats) {
  out.counter("tidewire_turn_relayed_packets_total", "Datagrams relayed.");
  out.value(stats.to_peers, {{"direction", "to_peer"}});
  out.value(stats.to_clients, {{"direction", "to_client"}});
  out.counter("tidewire_turn_relayed_bytes_total", "Payload relayed, in bytes.");
  out.value(stats.to_peers_bytes, {{"direction", "to_peer"}});
  out.value(stats.to_clients_bytes, {{"direction", "to_client"}});
  out.counter("tidewire_turn_dropped_packets_total", "Datagrams that were not relayed, by reason.");
  out.value(stats.dropped_from_clients, {{"reason", "from_client"}});
  out.value(stats.dropped_from_peers, {{"reason", "from_peer"}});
  out.value(stats.dropped_over_rate, {{"reason", "over_rate"}});
  out.value(stats.dropped_full, {{"reason", "queue_full"}});
}

void add(Exposition& out, const turn::RequestCounts& requests) {
  out.counter("tidewire_turn_requests_total", "Well-formed requests, by method.");
  out.value(requests.binding, {{"method", "binding"}});
  out.value(requests.allocate, {{"method", "allocate"}});
  out.value(requests.refresh, {{"method", "refresh"}});
  out.value(requests.create_permission, {{"method", "create_permission"}});
  out.value(requests.channel_bind, {{"method", "channel_bind"}});
  out.value(requests.connect, {{"method", "connect"}});
  out.value(requests.connection_bind, {{"method", "connection_bind"}});
  out.value(requests.unknown, {{"method", "other"}});
}

void add(Exposition& out, const turn::ErrorCounts& errors) {
  out.counter("tidewire_turn_errors_total", "Error answers, by code (RFC 8489, RFC 8656, RFC 6062).");
  for (const stun::ErrorNumber code : turn::ErrorCounts::kCodes) {
    out.value(errors.of(code), {{"code", std::to_string(static_cast<unsigned>(code))}});
  }
}

void add(Exposition& out, const turn::ServerStats& stats) {
  out.gauge("tidewire_turn_allocations", "Allocations that live.", stats.allocations);
  out.gauge("tidewire_turn_users", "Users who hold an allocation.", stats.users);
  out.gauge("tidewire_turn_tcp_connections", "Connections with peers of TCP allocations.", stats.connections);
  out.counter("tidewire_turn_allocations_total", "Allocations that were made.", stats.allocations_made);
  out.counter("tidewire_stun_binding_answers_total", "Answers to Binding requests.", stats.binding_answers);
  out.counter("tidewire_turn_challenges_total", "Error answers to those who are not authenticated.", stats.challenges);
  out.counter("tidewire_turn_challenges_held_total", "Error answers that were not sent: too many to one source.",
              stats.challenges_held);
  out.counter("tidewire_turn_wrong_credentials_total", "Requests whose name or password was wrong.",
              stats.wrong_credentials);
  out.counter("tidewire_turn_refused_total", "Error answers to authenticated requests.", stats.refused);
  add_relaying(out, stats);
}

void add(Exposition& out, const io::UdpHub::Stats& udp) {
  out.counter("tidewire_udp_datagrams_total", "Datagrams that sockets took or gave.");
  out.value(udp.datagrams_received, {{"direction", "received"}});
  out.value(udp.datagrams_sent, {{"direction", "sent"}});
  out.counter("tidewire_udp_calls_total", "System calls that moved datagrams.");
  out.value(udp.receive_calls, {{"direction", "received"}});
  out.value(udp.send_calls, {{"direction", "sent"}});
  out.counter("tidewire_udp_trains_total", "Trains of datagrams that moved with one call.");
  out.value(udp.coalesced_receives, {{"direction", "received"}});
  out.value(udp.segmented_sends, {{"direction", "sent"}});
  out.counter("tidewire_udp_dropped_datagrams_total", "Datagrams that were lost in this program, by reason.");
  out.value(udp.dropped_no_room, {{"reason", "no_room"}});
  out.value(udp.dropped_error, {{"reason", "refused_by_system"}});
}

void add(Exposition& out, const TurnStats& turn) {
  add(out, turn.machine);
  add(out, turn.machine.requests);
  add(out, turn.machine.errors);
  out.gauge("tidewire_turn_connections", "TCP and TLS connections of clients.", turn.streams);
  out.counter("tidewire_log_lost_allocations_total", "Allocations that came or went without a log line.",
              turn.machine.log_lost);
  add(out, turn.udp);
}

// The names that Prometheus' client libraries give to these.
void add(Exposition& out, const ProcessStats& process) {
  out.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", process.resident_bytes);
  out.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", process.virtual_bytes);
  out.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", process.cpu_seconds);
  out.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
            process.start_seconds);
  out.gauge("process_open_fds", "Number of open file descriptors.", process.open_descriptors);
  out.gauge("process_max_fds", "Maximum number of open file descriptors.", process.max_descriptors);
  out.gauge("process_threads", "Number of OS threads in the process.", process.threads);
}

}  // namespace

std::string to_prometheus(const ServerSnapshot& snapshot) {
  Exposition out;
  out.gauge("tidewire_build_info", "Always 1; the version is in the label.");
  out.value(1, {{"version", snapshot.version}});
  out.gauge("tidewire_ready", "1 while new clients are welcome, else 0.", snapshot.ready ? 1 : 0);
  if (snapshot.signaling) add(out, *snapshot.signaling);
  if (snapshot.turn) add(out, *snapshot.turn);
  out.counter("tidewire_log_dropped_lines_total", "Log lines that were lost because the output was too slow.",
              snapshot.log_lines_dropped);
  add(out, snapshot.process);
  return out.text();
}

}  // namespace tidewire::server
