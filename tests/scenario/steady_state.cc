// What flows takes no memory from the heap: neither the sender nor the receiver, from send() to the event.
#include <gtest/gtest.h>

#include "base/allocations_for_test.h"
#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

// Two sessions that are connected, with nothing but a moment between them.
class Pair {
 public:
  Pair() : call_({.media = false}) {
    call_.click();
    EXPECT_TRUE(call_.run_until_established());
    now_ = call_.now();
  }

  void send(ByteView message) { ASSERT_TRUE(call_.alice.session.send_binary(call_.channel, message, now_)); }
  // Until so many messages have arrived in all.
  void run_until(std::size_t received) {
    for (int round = 0; round < 10'000 && received_ < received; ++round) {
      exchange(call_.alice.session, call_.bob.session);
      exchange(call_.bob.session, call_.alice.session);
      now_ += 1ms;
      for (Session* session : {&call_.alice.session, &call_.bob.session}) {
        if (session->next_timeout() <= now_) session->handle_timeout(now_);
        take_events(*session);
      }
    }
    ASSERT_GE(received_, received);
  }

 private:
  void exchange(Session& from, Session& to) {
    while (auto datagram = from.poll_transmit(now_)) {
      std::swap(datagram->local, datagram->remote);
      to.handle_input(std::move(*datagram), now_);
    }
  }
  void take_events(Session& session) {
    while (auto event = session.poll_event()) {
      auto* message = std::get_if<event::MessageReceived>(&*event);
      if (message == nullptr) continue;
      ++received_;
      session.recycle(std::move(message->payload));
    }
  }

  SimulatedCall call_;
  Timestamp now_;
  std::size_t received_ = 0;
};

TEST(SteadyState, MessagesTakeNoMemory) {
  for (const std::size_t size : {std::size_t{100}, std::size_t{1000}, std::size_t{16} * 1024, std::size_t{64} * 1024}) {
    Pair pair;
    const Bytes message(size, 0x5a);
    std::size_t sent = 0;
    const auto send_some = [&](int rounds) {
      for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < 10; ++i, ++sent) pair.send(message);
        pair.run_until(sent);
      }
    };
    send_some(300);
    const std::size_t before = allocations_from_heap;
    send_some(100);
    EXPECT_EQ(allocations_from_heap - before, 0U) << "for 1000 messages of " << size << " bytes";
  }
}

}  // namespace
}  // namespace tidewire::scenario
