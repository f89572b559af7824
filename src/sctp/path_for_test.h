// Two associations joined by a bottleneck in virtual time: sim::Link's rate, queue, delay and loss. What tests and
// benches of congestion control and loss recovery stand on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "sctp/association.h"
#include "sim/link.h"

namespace tidewire::sctp {

struct PathOptions {
  std::uint64_t seed = 1;
  std::uint64_t bits_per_second = 0;  // 0: infinitely fast
  Duration rtt = std::chrono::milliseconds(50);
  std::size_t queue_bytes = 256 * 1024;
  double loss = 0;         // each way
  Duration jitter{};       // of the way to the receiver; reorders
  Duration input_batch{};  // arrivals are handled together at multiples of this, as a loop with batched input does
  Config a;
  Config b;
};

struct PathReport {
  double goodput = 0;  // bits of payload in a second
  std::uint64_t retransmitted = 0;
  std::uint64_t spurious = 0;  // of them, that the receiver had already
  std::uint64_t timeouts = 0;
  std::uint64_t overflowed = 0;  // packets that the queue dropped
  std::uint64_t sacks = 0;       // packets from the receiver
  Duration mean_queue{};
  Duration max_queue{};
};

class Path {
 public:
  // Something else that uses the two links.
  class Neighbour {
   public:
    virtual ~Neighbour() = default;
    virtual Timestamp next() const = 0;
    virtual void step(Timestamp now) = 0;
  };

  explicit Path(const PathOptions& options)
      : options_(options),
        random_(crypto::Random::from_test_seed(options.seed)),
        a(options.a, pool_, random_.fork()),
        b(options.b, pool_, random_.fork()),
        there(link(options, true), options.seed * 2 + 1),
        back(link(options, false), options.seed * 2 + 2) {}

  void connect() {
    a.connect(now);
    b.connect(now);
    run_while([&] { return !a.connected() || !b.connected(); }, std::chrono::seconds(60));
  }

  // Runs until `condition` is false or `limit` has passed; true in the first case.
  bool run_while(const std::function<bool()>& condition, Duration limit) {
    const Timestamp end = now + limit;
    settle();
    while (condition()) {
      const Timestamp next = next_step();
      if (next > end) {
        now = end;
        return false;
      }
      now = std::max(now, next);
      step();
    }
    return true;
  }
  void run_for(Duration duration) {
    run_while([] { return true; }, duration);
  }

  // A packet of somebody else's enters the link, and is nobody's at its end.
  void send_other(std::size_t size) {
    Packet packet = pool_.make();
    static_cast<void>(packet.resize(size));
    packet.data()[0] = 0xFF;  // no port of the association's: it is dropped there
    transmit(there, std::move(packet), true);
  }

  // What happened in `duration` from now on while a sent as much as it could.
  PathReport measure(Duration duration) {
    bulk = true;
    const PathReport before = totals();
    const std::uint64_t received = received_bytes;
    queue_sum_ = queue_max_ = Duration{};
    queue_samples_ = 0;
    run_for(duration);
    PathReport report = totals();
    report.goodput =
        static_cast<double>(received_bytes - received) * 8 / std::chrono::duration<double>(duration).count();
    report.retransmitted -= before.retransmitted;
    report.spurious -= before.spurious;
    report.timeouts -= before.timeouts;
    report.overflowed -= before.overflowed;
    report.sacks -= before.sacks;
    report.mean_queue = queue_samples_ > 0 ? queue_sum_ / queue_samples_ : Duration{};
    report.max_queue = queue_max_;
    return report;
  }

 private:
  static sim::LinkConfig link(const PathOptions& options, bool there) {
    sim::LinkConfig config;
    config.delay = options.rtt / 2;
    config.loss = options.loss;
    if (!there) return config;
    config.bits_per_second = options.bits_per_second;
    config.queue_bytes = options.queue_bytes;
    return config;
  }

  Timestamp next_step() const {
    Timestamp arrival = std::min(there.next_arrival(), back.next_arrival());
    if (!held_.empty()) arrival = std::min(arrival, held_.front().first);
    if (options_.input_batch > Duration{} && arrival != kNever) {
      const auto ticks = (arrival - Timestamp{} + options_.input_batch - Duration{1}) / options_.input_batch;
      arrival = Timestamp{} + ticks * options_.input_batch;
    }
    return std::min({arrival, a.next_timeout(), b.next_timeout(), neighbour ? neighbour->next() : kNever});
  }

  void step() {
    const Timestamp arrived = options_.input_batch > Duration{}
                                  ? Timestamp{} + (now - Timestamp{}) / options_.input_batch * options_.input_batch
                                  : now;
    while (auto datagram = there.receive(arrived)) arrive(std::move(datagram->packet));
    while (!held_.empty() && held_.front().first <= arrived) {
      std::pop_heap(held_.begin(), held_.end(), later);
      Packet packet = std::move(held_.back().second);
      held_.pop_back();
      b.handle_input(packet.bytes(), now);
    }
    while (auto datagram = back.receive(arrived)) a.handle_input(datagram->packet.bytes(), now);
    a.handle_timeout(now);
    b.handle_timeout(now);
    if (neighbour != nullptr) neighbour->step(now);
    settle();
  }

  void arrive(Packet packet) {
    if (!sent_.empty()) {
      const Duration queued = now - sent_.front() - options_.rtt / 2;
      sent_.pop_front();
      queue_sum_ += queued;
      queue_max_ = std::max(queue_max_, queued);
      ++queue_samples_;
    }
    if (options_.jitter <= Duration{}) return b.handle_input(packet.bytes(), now);
    const auto choices = static_cast<std::uint32_t>(options_.jitter / std::chrono::microseconds(1));
    held_.emplace_back(now + std::chrono::microseconds(random_.below(choices)), std::move(packet));
    std::push_heap(held_.begin(), held_.end(), later);
  }

  void settle() {
    while (auto event = b.poll_event()) {
      if (auto* message = std::get_if<MessageReceived>(&*event)) {
        received_bytes += message->payload.size();
        ++received_messages;
        if (on_message) on_message(*message);
      } else {
        closed |= std::holds_alternative<Closed>(*event);
      }
    }
    while (auto event = a.poll_event()) closed |= std::holds_alternative<Closed>(*event);
    constexpr std::size_t kMessage = 64 * 1024;
    while (bulk && a.buffered_amount() < 8 * kMessage) {
      if (!a.send({StreamId(0), Ppid(53), Bytes(kMessage), {}}, now)) break;
    }
    while (auto packet = a.poll_transmit()) transmit(there, std::move(*packet), true);
    while (auto packet = b.poll_transmit()) transmit(back, std::move(*packet), false);
  }

  void transmit(sim::Link& link, Packet packet, bool from_a) {
    if (tap && tap(from_a, packet.bytes())) return;
    const std::uint64_t dropped = dropped_by(link);
    link.send(Datagram{{}, {}, std::move(packet), {}}, pool_, now);
    if (from_a && dropped_by(link) == dropped) sent_.push_back(now);
  }

  static std::uint64_t dropped_by(const sim::Link& link) {
    return link.stats().lost + link.stats().overflowed + link.stats().too_long;
  }

  PathReport totals() const {
    PathReport report;
    report.retransmitted = a.stats().chunks_retransmitted;
    report.spurious = b.stats().duplicates_received;
    report.timeouts = a.stats().timeouts;
    report.overflowed = there.stats().overflowed;
    report.sacks = b.stats().packets_sent;
    return report;
  }

  using Held = std::pair<Timestamp, Packet>;
  static bool later(const Held& x, const Held& y) { return x.first > y.first; }

  PathOptions options_;
  PacketPool pool_;
  crypto::Random random_;
  std::deque<Timestamp> sent_;  // of what is on its way to b, in order
  std::vector<Held> held_;      // a heap: what jitter holds back
  Duration queue_sum_{};
  Duration queue_max_{};
  std::int64_t queue_samples_ = 0;

 public:
  Timestamp now = Timestamp{} + std::chrono::seconds(1000);
  Association a;
  Association b;
  sim::Link there;
  sim::Link back;
  Neighbour* neighbour = nullptr;
  bool bulk = false;  // a always has something to send
  bool closed = false;
  std::uint64_t received_bytes = 0;
  std::uint64_t received_messages = 0;
  std::function<void(const MessageReceived&)> on_message;
  // Sees every packet that is sent; true takes it off the wire.
  std::function<bool(bool from_a, ByteView)> tap;
};

}  // namespace tidewire::sctp
