// The physical limit of a relay: receives datagrams in batches and sends them on in batches, with one socket per flow
// towards the peer, as a TURN server has. No header, permission, timer or statistic. What a TURN server costs more than
// this is its own; what this costs is the kernel's.
//
// Clients share one listening socket and come from one address (127.0.0.1), so that their ports tell them apart.
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <iostream>

#include "datagram_batch.h"
#include "io/socket_address.h"
#include "plain_hello.h"

namespace tidewire::bench {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kDatagramSize = 2048;
constexpr std::size_t kTrainSize = 65535;
// Of one flow in one call, so that what others send still finds room in the batch.
constexpr std::size_t kMostPerFlow = 16;

struct Options {
  std::string listen = "127.0.0.1:3478";
  bool segments = false;
  bool connected = false;
};

struct Flow {
  int fd = -1;
  sockaddr_in client{};
  sockaddr_in peer{};
};

class Forwarder {
 public:
  Forwarder(const SocketAddress& listen, const Options& options)
      : options_(options),
        listen_(listen),
        listener_(open_udp(listen)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        batch_(kBatch, options.segments ? kTrainSize : kDatagramSize),
        flows_(65536) {
    watch(listener_, 0);
    if (options.segments) receive_trains(listener_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kBatch> events;
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), kBatch, listener_has_more_ ? 0 : -1);
      filled_ = 0;
      for (int i = 0; i < count; ++i) {
        const auto port = static_cast<std::uint16_t>(events[static_cast<std::size_t>(i)].data.u32);
        if (port != 0) collect_from_peer(flows_[port]);
      }
      send_to_clients();
      forward_to_peers();
    }
  }

 private:
  // Edge-triggered: who is told of a socket reads it until it is empty, and is not told again that it was.
  void watch(int fd, std::uint16_t port) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u32 = port}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl: " + io::system_message(errno));
  }

  // What came from the peer of one flow joins what goes to all clients.
  void collect_from_peer(const Flow& flow) {
    std::size_t count = kMostPerFlow;
    while (count == kMostPerFlow) {
      if (kBatch - filled_ < kMostPerFlow) send_to_clients();
      count = batch_.receive(flow.fd, filled_, kMostPerFlow);
      for (std::size_t i = filled_; i < filled_ + count; ++i) batch_.address(i) = flow.client;
      filled_ += count;
    }
  }

  void send_to_clients() {
    if (filled_ > 0) batch_.send(listener_, 0, filled_, true);
    filled_ = 0;
  }

  // Neighbours of one flow leave in one call.
  void forward_to_peers() {
    const std::size_t count = batch_.receive(listener_, 0, kBatch);
    listener_has_more_ = count == kBatch;
    std::size_t first = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Flow& flow = flows_[batch_.address(i).sin_port];
      if (flow.fd < 0) {
        open_flow(flow, i);
        first = i + 1;
        continue;
      }
      const bool last = i + 1 == count || batch_.address(i + 1).sin_port != flow.client.sin_port;
      if (!last) continue;
      for (std::size_t k = first; k <= i; ++k) batch_.address(k) = flow.peer;
      batch_.send(flow.fd, first, i + 1 - first, !options_.connected);
      first = i + 1;
    }
  }

  void open_flow(Flow& flow, std::size_t slot) {
    const auto peer = read_plain_hello(batch_.data(slot));
    if (!peer) return;
    flow.client = batch_.address(slot);
    flow.peer = *peer;
    flow.fd = open_udp({listen_.ip, 0});
    if (options_.connected) connect_udp(flow.fd, flow.peer);
    if (options_.segments) receive_trains(flow.fd);
    watch(flow.fd, flow.client.sin_port);
    const PlainHello answer = plain_hello(local_address(flow.fd));
    sendto(listener_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&flow.client),
           sizeof flow.client);
  }

  Options options_;
  SocketAddress listen_;
  int listener_;
  int epoll_;
  DatagramBatch batch_;
  bool listener_has_more_ = false;
  std::size_t filled_ = 0;   // slots that wait for send_to_clients()
  std::vector<Flow> flows_;  // by the client's port, as it lies in its address
};

}  // namespace

}  // namespace tidewire::bench

int main(int argc, char** argv) {
  CLI::App app{
      "Forwards UDP datagrams between clients and the peers that their first datagrams name (see plain_hello.h)",
      "turn_forwarder"};
  tidewire::bench::Options options;
  app.add_option("--listen", options.listen, "Where clients send to")->type_name("ADDR:PORT")->capture_default_str();
  app.add_flag("--segments", options.segments, "Forward trains of datagrams as one (UDP_GRO, UDP_SEGMENT)");
  app.add_flag("--connect", options.connected,
               "Connect each socket to its peer; a TURN server cannot, as an allocation has many peers");
  CLI11_PARSE(app, argc, argv);
  const auto listen = tidewire::SocketAddress::parse(options.listen);
  if (!listen) tidewire::bench::give_up("'" + options.listen + "' is no ADDR:PORT");
  tidewire::bench::raise_descriptor_limit();
  tidewire::bench::Forwarder(*listen, options).run();
}
