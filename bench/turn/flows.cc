#include "flows.h"

#include <poll.h>

#include <deque>
#include <memory>

#include "datagram_batch.h"
#include "io/os_random.h"
#include "plain_hello.h"

namespace tidewire::bench {

namespace {

// Servers bound what unauthenticated clients may ask at once.
constexpr std::size_t kAtOnce = 16;

bool wait_readable(int fd, int milliseconds) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&waited, 1, milliseconds) > 0;
}

void finish(Session& session) {
  while (!session.done() && !session.port_is_taken()) {
    wait_readable(session.fd(), 100);
    session.handle_readable(seconds_now());
    session.handle_time(seconds_now());
  }
}

Flow make_plain_flow(const sockaddr_in& forwarder, const SocketAddress& peer) {
  Flow flow{.fd = open_udp({})};
  connect_udp(flow.fd, forwarder);
  const PlainHello hello = plain_hello(system_address(peer));
  for (int tries = 0; tries < 10; ++tries) {
    send(flow.fd, hello.data(), hello.size(), 0);
    if (!wait_readable(flow.fd, 200)) continue;
    PlainHello answer{};
    const auto size = recv(flow.fd, answer.data(), answer.size(), 0);
    const auto relayed = read_plain_hello(ByteView(answer).first(size > 0 ? static_cast<std::size_t>(size) : 0));
    if (!relayed) continue;
    flow.relayed = *relayed;
    return flow;
  }
  give_up("the forwarder does not answer");
}

}  // namespace

std::vector<Flow> make_allocations(const Account& account, Goal goal, const std::vector<SocketAddress>& peers) {
  crypto::Random random = io::os_random();
  std::vector<Flow> flows;
  std::deque<std::unique_ptr<Session>> open;
  for (std::size_t i = 0; flows.size() < peers.size();) {
    for (; i < peers.size() && open.size() < kAtOnce; ++i)
      open.push_back(std::make_unique<Session>(account, goal, peers[i], random, seconds_now()));
    finish(*open.front());
    if (open.front()->port_is_taken()) {
      open.front() = std::make_unique<Session>(account, goal, open.front()->peer(), random, seconds_now());
      continue;
    }
    const sockaddr_in relayed = system_address(open.front()->relayed());
    flows.push_back({.fd = open.front()->release(), .relayed = relayed});
    open.pop_front();
    for (auto& session : open) session->handle_readable(seconds_now());
  }
  return flows;
}

std::vector<Flow> make_plain_flows(const SocketAddress& forwarder, const std::vector<SocketAddress>& peers) {
  std::vector<Flow> flows;
  flows.reserve(peers.size());
  for (const SocketAddress& peer : peers) flows.push_back(make_plain_flow(system_address(forwarder), peer));
  return flows;
}

}  // namespace tidewire::bench
