// A load for TURN servers on this machine: many clients and their peers in one process, which checks what is relayed
// and reads the server's CPU time and memory from /proc. See turn/run for the comparison that is made of it, traffic.h
// for how the load keeps itself in step, and process_stats.h for what a server's CPU time contains.
//
// One thread, which never sleeps: give it a core of its own (taskset).
#include <CLI/CLI.hpp>

#include "datagram_batch.h"
#include "loads.h"
#include "traffic.h"

namespace {

using tidewire::bench::LoadOptions;

void add_server_options(CLI::App& verb, LoadOptions& options) {
  verb.add_option("--server", options.server, "The server")->type_name("ADDR:PORT")->capture_default_str();
  verb.add_option("--user", options.user, "Name of the long-term credential")->capture_default_str();
  verb.add_option("--password", options.password, "Its password")->capture_default_str();
  verb.add_option("--pid", options.pid, "The server's process, to tell its CPU time and memory")->type_name("PID");
  verb.add_flag("--plain", options.plain, "The server is turn_forwarder and knows no TURN");
  verb.add_flag("--json", options.json, "Print one JSON object");
}

void add_time_options(CLI::App& verb, LoadOptions& options) {
  const auto seconds = CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"ms", 0.001}});
  verb.add_option("--duration", options.duration, "What is measured")->transform(seconds)->type_name("TIME");
  verb.add_option("--warm-up", options.warm_up, "What goes before")->transform(seconds)->type_name("TIME");
}

void add_window(CLI::App& verb, std::size_t& window, const std::string& help) {
  verb.add_option("--window", window, help)->check(CLI::Range(1, 100'000))->capture_default_str();
}

void add_allocations(CLI::App& verb, LoadOptions& options) {
  verb.add_option("--allocations", options.allocations, "How many, each with a client of its own")
      ->check(CLI::Range(1, 25'000))
      ->capture_default_str();
}

void add_data_options(CLI::App& verb, LoadOptions& options) {
  add_allocations(verb, options);
  verb.add_option("--peers", options.peers, "How many peers share the allocations")->check(CLI::Range(1, 25'000));
  verb.add_option("--peer-ip", options.peer_ip, "Address of the peers")->capture_default_str();
  verb.add_option("--size", options.size, "Bytes of data in a datagram")
      ->check(CLI::Range(std::size_t{16}, std::size_t{1400}))
      ->capture_default_str();
  verb.add_option("--framing", options.framing, "ChannelData, or Send and Data indications")
      ->check(CLI::IsMember({"channel", "send"}))
      ->capture_default_str();
  verb.add_option("--direction", options.direction, "Which way the data goes")
      ->check(CLI::IsMember({"both", "to-peer", "to-client"}))
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A load for TURN servers", "turn_load"};
  app.require_subcommand(1);
  LoadOptions options;
  CLI::App* relay = app.add_subcommand("relay", "Relay data as fast as the server does, or at a rate");
  CLI::App* latency = app.add_subcommand("latency", "Relay data at a steady rate and tell how long it takes");
  CLI::App* binding = app.add_subcommand("binding", "Binding requests as fast as they are answered");
  CLI::App* allocate = app.add_subcommand("allocate", "Allocate and give back, as fast as that goes");
  CLI::App* idle = app.add_subcommand("idle", "Allocations that do nothing, and the memory that they take");
  for (CLI::App* verb : {relay, latency, binding, allocate, idle}) add_server_options(*verb, options);
  for (CLI::App* verb : {relay, latency, binding, allocate}) add_time_options(*verb, options);
  for (CLI::App* verb : {relay, latency}) add_data_options(*verb, options);
  relay->add_option("--train", options.train, "Send so many datagrams of a flow as one (UDP_SEGMENT)")
      ->check(CLI::Range(1, 40));
  relay->add_flag("--receive-trains", options.receive_trains,
                  "Receive trains of the server as one, as if a network card cut them up (UDP_GRO)");
  add_window(*relay, options.window, "Datagrams of a flow under way in each direction");
  relay->add_option("--in-flight", options.in_flight, "The same of all flows together")->capture_default_str();
  relay->add_option("--rate", options.rate, "Datagrams per second in all, in place of a window");
  double latency_rate = 10'000;
  latency->add_option("--rate", latency_rate, "Datagrams per second in all")->capture_default_str();
  std::size_t requests = 128;
  add_window(*binding, requests, "Requests under way");
  add_window(*allocate, options.window, "Clients at once");
  add_allocations(*idle, options);
  CLI11_PARSE(app, argc, argv);

  tidewire::bench::raise_descriptor_limit();
  if (relay->parsed()) return tidewire::bench::relay_load(options);
  if (allocate->parsed()) return tidewire::bench::allocate_load(options);
  if (idle->parsed()) return tidewire::bench::idle_load(options);
  if (binding->parsed()) {
    options.window = requests;
    return tidewire::bench::binding_load(options);
  }
  options.rate = latency_rate;
  options.latency = true;
  return tidewire::bench::relay_load(options);
}
