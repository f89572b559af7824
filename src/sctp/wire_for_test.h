// Two associations joined by two links in virtual time, with loss, reordering and duplication drawn from a seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "sctp/association.h"

namespace tidewire::sctp {

struct WireOptions {
  std::uint64_t seed = 1;
  Duration delay = std::chrono::milliseconds(20);  // one way
  std::uint32_t loss_percent = 0;
  std::uint32_t reorder_percent = 0;  // these are up to 30 ms later
  std::uint32_t duplicate_percent = 0;
  Config a;
  Config b;
};

class Wire {
 public:
  struct Side {
    explicit Side(Association association_) : association(std::move(association_)) {}
    Association association;
    std::vector<Event> events;
    std::vector<MessageReceived> messages;
    bool polls = true;  // false: the application is not listening
    bool cut = false;   // what it sends is lost

    template <typename E>
    std::vector<E> of() const {
      std::vector<E> found;
      for (const Event& event : events) {
        if (const auto* e = std::get_if<E>(&event)) found.push_back(*e);
      }
      return found;
    }
  };

  explicit Wire(WireOptions options = {})
      : options_(options),
        random_(crypto::Random::from_test_seed(options.seed)),
        a(Association(options.a, pool_, random_.fork())),
        b(Association(options.b, pool_, random_.fork())) {}

  void connect() {
    a.association.connect(now);
    b.association.connect(now);
    run_while([&] { return !a.association.connected() || !b.association.connected(); });
  }

  // Runs until `condition` is false, or `limit` has passed, or nothing is left to happen. True in the first case.
  bool run_while(const std::function<bool()>& condition, Duration limit = std::chrono::seconds(600)) {
    const Timestamp end = now + limit;
    settle();
    while (condition()) {
      const Timestamp next = std::min({in_flight_.empty() ? kNever : in_flight_.begin()->first.first,
                                       a.association.next_timeout(), b.association.next_timeout()});
      if (next > end) {
        now = end;
        return false;
      }
      now = std::max(now, next);
      while (!in_flight_.empty() && in_flight_.begin()->first.first <= now) {
        auto node = in_flight_.extract(in_flight_.begin());
        Side& to = node.mapped().first ? a : b;
        to.association.handle_input(node.mapped().second, now);
        settle();
      }
      a.association.handle_timeout(now);
      b.association.handle_timeout(now);
      settle();
    }
    return true;
  }
  void run_for(Duration duration) {
    run_while([] { return true; }, duration);
  }

  // Everything that has output gives it.
  void settle() {
    for (Side* side : {&a, &b}) {
      if (side->polls) poll_events(*side);
      while (const auto packet = side->association.poll_transmit()) transmit(*side, packet->bytes());
    }
  }

  void poll_events(Side& side) {
    while (auto event = side.association.poll_event()) {
      if (auto* message = std::get_if<MessageReceived>(&*event))
        side.messages.push_back(std::move(*message));
      else
        side.events.push_back(std::move(*event));
    }
  }

  // Sees every packet that is sent; true takes it off the wire.
  std::function<bool(bool from_a, ByteView)> tap;

 private:
  void transmit(Side& from, ByteView bytes) {
    const bool from_a = &from == &a;
    if (tap && tap(from_a, bytes)) return;
    if (from.cut || random_.below(100) < options_.loss_percent) return;
    const int copies = random_.below(100) < options_.duplicate_percent ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      Timestamp at = now + options_.delay;
      if (random_.below(100) < options_.reorder_percent) at += std::chrono::microseconds(random_.below(30000));
      in_flight_.emplace(std::pair(at, ++sequence_), std::pair(!from_a, Bytes(bytes.begin(), bytes.end())));
    }
  }

  WireOptions options_;
  PacketPool pool_;
  crypto::Random random_;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Timestamp, std::uint64_t>, std::pair<bool, Bytes>> in_flight_;

 public:
  Timestamp now = Timestamp{} + std::chrono::seconds(1000);
  Side a;
  Side b;
};

// Bytes that tell which message they are.
inline Bytes pattern(std::size_t size, std::uint32_t salt) {
  Bytes bytes(size);
  std::uint32_t x = salt * 2654435761U + 1;
  for (std::uint8_t& byte : bytes) {
    x = x * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(x >> 24);
  }
  return bytes;
}

inline OutgoingMessage message(std::uint16_t stream, Bytes payload, SendOptions options = {}) {
  return {StreamId(stream), Ppid(53), std::move(payload), options};
}

}  // namespace tidewire::sctp
