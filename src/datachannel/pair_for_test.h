// What the tests of the channel table are told with.
#pragma once

#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "datachannel/channel_table.h"

namespace tidewire::datachannel {

inline Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

// Two tables on a transport that delivers everything at once and in order.
struct Pair {
  ChannelTable client;
  ChannelTable server;
  std::vector<Event> client_events;
  std::vector<Event> server_events;
  std::vector<SendMessage> client_sent;

  void start() {
    client.set_role(Role::kDtlsClient);
    server.set_role(Role::kDtlsServer);
    client.handle_connected(65535);
    server.handle_connected(65535);
    run();
  }
  static bool move(ChannelTable& from, ChannelTable& to, std::vector<SendMessage>* log) {
    auto action = from.poll_action();
    if (!action) return false;
    if (auto* message = std::get_if<SendMessage>(&*action)) {
      if (log) log->push_back(*message);
      to.handle_message({message->stream, message->ppid, message->payload});
      from.handle_buffered_amount(message->stream, 0, 0);
    } else {
      const auto streams = std::get<ResetStreams>(*action).streams;
      to.handle_incoming_reset(streams);
      from.handle_outgoing_reset(streams, Timestamp{});
    }
    return true;
  }
  static void collect(ChannelTable& table, std::vector<Event>& events) {
    while (auto event = table.poll_event()) events.push_back(std::move(*event));
  }
  void run() {
    while (move(client, server, &client_sent) || move(server, client, nullptr)) {
    }
    collect(client, client_events);
    collect(server, server_events);
  }
};

template <typename E>
std::vector<E> of(const std::vector<Event>& events) {
  std::vector<E> found;
  for (const Event& event : events) {
    if (const auto* e = std::get_if<E>(&event)) found.push_back(*e);
  }
  return found;
}

}  // namespace tidewire::datachannel
