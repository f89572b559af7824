#include "server/turn/turn_stats.h"

namespace tidewire::server {
namespace {

void add(turn::ServerStats& sum, const turn::ServerStats& one) {
  sum.allocations += one.allocations;
  sum.users = one.users;
  sum.connections += one.connections;
  sum.allocations_made += one.allocations_made;
  sum.requests.binding += one.requests.binding;
  sum.requests.allocate += one.requests.allocate;
  sum.requests.refresh += one.requests.refresh;
  sum.requests.create_permission += one.requests.create_permission;
  sum.requests.channel_bind += one.requests.channel_bind;
  sum.requests.connect += one.requests.connect;
  sum.requests.connection_bind += one.requests.connection_bind;
  sum.requests.unknown += one.requests.unknown;
  sum.errors += one.errors;
  sum.binding_answers += one.binding_answers;
  sum.challenges += one.challenges;
  sum.challenges_held += one.challenges_held;
  sum.wrong_credentials += one.wrong_credentials;
  sum.refused += one.refused;
  sum.to_peers += one.to_peers;
  sum.to_peers_bytes += one.to_peers_bytes;
  sum.to_clients += one.to_clients;
  sum.to_clients_bytes += one.to_clients_bytes;
  sum.dropped_from_clients += one.dropped_from_clients;
  sum.dropped_from_peers += one.dropped_from_peers;
  sum.dropped_over_rate += one.dropped_over_rate;
  sum.dropped_full += one.dropped_full;
  sum.log_lost += one.log_lost;
}

void add(io::UdpHub::Stats& sum, const io::UdpHub::Stats& one) {
  sum.datagrams_received += one.datagrams_received;
  sum.datagrams_sent += one.datagrams_sent;
  sum.receive_calls += one.receive_calls;
  sum.send_calls += one.send_calls;
  sum.coalesced_receives += one.coalesced_receives;
  sum.segmented_sends += one.segmented_sends;
  sum.segmentation_refused += one.segmentation_refused;
  sum.dropped_no_room += one.dropped_no_room;
  sum.dropped_error += one.dropped_error;
}

}  // namespace

TurnStats& TurnStats::operator+=(const TurnStats& other) {
  add(machine, other.machine);
  add(udp, other.udp);
  streams += other.streams;
  return *this;
}

}  // namespace tidewire::server
