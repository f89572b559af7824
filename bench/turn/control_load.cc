// Requests that a server answers without relaying anything.
#include <sys/epoll.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "datagram_batch.h"
#include "io/os_random.h"
#include "loads.h"
#include "process_stats.h"
#include "report.h"
#include "session.h"
#include "stun/builder.h"
#include "stun/message.h"

namespace tidewire::bench {

namespace {

SocketAddress parse_server(const LoadOptions& options) {
  if (options.plain) give_up("the plain forwarder answers no requests");
  const auto server = SocketAddress::parse(options.server);
  if (!server) give_up("'" + options.server + "' is no ADDR:PORT");
  return *server;
}

// Runs a load's step() for the warm-up and then for the measured time, and reports how fast its count() rose.
template <typename Load>
int measure(Load& load, const LoadOptions& options, const char* rate, const char* cost, double per) {
  const auto run_for = [&](double seconds) {
    const double end = seconds_now() + seconds;
    while (seconds_now() < end) load.step();
  };
  run_for(options.warm_up);
  const double count_before = load.count();
  const double cpu_before = cpu_seconds(options.pid);
  const double start = seconds_now();
  run_for(options.duration);
  const double seconds = seconds_now() - start;
  const double cpu = cpu_seconds(options.pid) - cpu_before;
  const double count = load.count() - count_before;
  Report report;
  report.add(rate, count / seconds);
  if (options.pid != 0) {
    report.add(cost, cpu / count * per);
    report.add("server_busy_percent", cpu / seconds * 100);
    report.add("resident_kib", static_cast<double>(process_stats(options.pid).resident_bytes) / 1024);
  }
  load.add_to(report);
  report.print(options.json);
  return count > 0 && load.wrong() == 0 ? 0 : 1;
}

// A few clients, each of which has its share of the window under way.
class BindingLoad {
 public:
  static constexpr std::size_t kClients = 16;

  BindingLoad(const SocketAddress& server, std::size_t window)
      : share_(std::max<std::size_t>(window / kClients, 1)), batch_(std::max<std::size_t>(share_, 64), 512) {
    for (Client& client : clients_) {
      client.fd = open_udp({});
      connect_udp(client.fd, system_address(server));
      client.address = socket_address(local_address(client.fd));
    }
  }

  void step() {
    const double now = seconds_now();
    for (Client& client : clients_) {
      receive(client, now);
      if (client.under_way > 0 && now - client.heard_at > 0.2) {
        lost_ += client.under_way;
        client.under_way = 0;
      }
      if (client.under_way < share_) send(client, now);
    }
  }
  double count() const { return static_cast<double>(answers_); }
  std::size_t wrong() const { return wrong_; }
  void add_to(Report& report) const {
    report.add("lost", static_cast<double>(lost_));
    report.add("wrong", static_cast<double>(wrong_));
  }

 private:
  struct Client {
    int fd = -1;
    SocketAddress address;
    std::size_t under_way = 0;
    std::uint64_t next = 0;
    double heard_at = 0;
  };

  void receive(Client& client, double now) {
    const std::size_t count = batch_.receive(client.fd, 0, batch_.slots());
    for (std::size_t i = 0; i < count; ++i) {
      const auto answer = stun::MessageView::parse(batch_.data(i));
      const bool right = answer && answer->is(stun::MessageClass::kSuccess, stun::Method::kBinding) &&
                         answer->mapped_address() == client.address &&
                         number_of(answer->transaction_id()) < client.next;
      ++(right ? answers_ : wrong_);
      if (client.under_way > 0) --client.under_way;
      client.heard_at = now;
    }
  }

  static std::uint64_t number_of(const stun::TransactionId& id) {
    std::uint64_t number = 0;
    std::memcpy(&number, id.data(), sizeof number);
    return number;
  }

  void send(Client& client, double now) {
    std::size_t count = 0;
    for (; client.under_way < share_; ++client.under_way, ++count) {
      stun::TransactionId id{};
      std::memcpy(id.data(), &client.next, sizeof client.next);
      ++client.next;
      stun::MessageBuilder builder(batch_.room(count), stun::MessageClass::kRequest, stun::Method::kBinding, id);
      batch_.set_size(count, builder.finish()->size(), 0);
    }
    batch_.send(client.fd, 0, count, false);
    if (client.heard_at == 0) client.heard_at = now;
  }

  std::size_t share_;
  DatagramBatch batch_;
  std::array<Client, kClients> clients_;
  std::size_t answers_ = 0;
  std::size_t wrong_ = 0;
  std::size_t lost_ = 0;
};

// New clients, one after the other, each of which allocates and gives back.
class AllocateLoad {
 public:
  AllocateLoad(Account account, std::size_t at_once)
      : account_(std::move(account)), epoll_(epoll_create1(EPOLL_CLOEXEC)), sessions_(at_once) {
    for (std::size_t i = 0; i < at_once; ++i) open(i);
  }

  void step() {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
    const double now = seconds_now();
    for (int i = 0; i < count; ++i) {
      const std::uint32_t index = events[static_cast<std::size_t>(i)].data.u32;
      sessions_[index]->handle_readable(now);
      if (sessions_[index]->done()) {
        ++finished_;
        open(index);
      } else if (sessions_[index]->port_is_taken()) {
        ++taken_;
        open(index);
      }
    }
    if (now < next_look_) return;
    next_look_ = now + 0.05;
    for (const auto& session : sessions_) session->handle_time(now);
  }
  double count() const { return static_cast<double>(finished_); }
  std::size_t wrong() const { return 0; }  // a refusal ends the program
  void add_to(Report& report) const { report.add("ports_still_taken", static_cast<double>(taken_)); }

 private:
  void open(std::size_t index) {
    sessions_[index] =
        std::make_unique<Session>(account_, Goal::kRefreshToZero, SocketAddress{}, random_, seconds_now());
    epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<std::uint32_t>(index)}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, sessions_[index]->fd(), &event) != 0) give_up("epoll_ctl failed");
  }

  Account account_;
  crypto::Random random_ = io::os_random();
  int epoll_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::size_t finished_ = 0;
  std::size_t taken_ = 0;
  double next_look_ = 0;
};

}  // namespace

int binding_load(const LoadOptions& options) {
  BindingLoad load(parse_server(options), options.window);
  return measure(load, options, "answers_per_second", "cpu_seconds_per_million", 1e6);
}

int allocate_load(const LoadOptions& options) {
  AllocateLoad load({parse_server(options), options.user, options.password}, options.window);
  return measure(load, options, "allocations_per_second", "cpu_seconds_per_thousand", 1e3);
}

}  // namespace tidewire::bench
