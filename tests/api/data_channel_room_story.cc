// Waiting for room: with callbacks and in coroutines.
#include <coroutine>

#include "tidewire/detached.h"
#include "two_peers.h"

namespace tidewire::api {
namespace {

// Alice's channel to Bob, who counts what comes.
struct Stream {
  explicit Stream(const Configuration& configuration = {.include_loopback = true}) : peers(configuration) {
    peers.bob.on_data_channel = [this](const std::shared_ptr<DataChannel>& incoming) {
      other = incoming;
      other->on_message = [this](const DataMessage& message) {
        if (message.is_text) return peers.loop.stop();
        received += message.payload.size();
      };
    };
  }

  TwoPeers peers;
  std::shared_ptr<DataChannel> channel = peers.alice.create_data_channel("stream").value();
  std::shared_ptr<DataChannel> other;
  std::size_t received = 0;
};

Detached send_all(std::shared_ptr<DataChannel> channel, std::size_t messages, std::size_t size) {
  for (std::size_t i = 0; i < messages; ++i) {
    // From the start, when it is not even open.
    (co_await channel->send_async(Bytes(size))).value();
    EXPECT_LE(channel->buffered_amount(), 1024U * 1024);
  }
  (co_await channel->send_async(std::string("end"))).value();
}

TEST(DataChannelRoomStory, ACoroutineSendsAsFastAsThereIsRoom) {
  Stream stream;
  send_all(stream.channel, 200, 50'000);
  stream.peers.negotiate();
  ASSERT_TRUE(stream.peers.run());
  EXPECT_EQ(stream.received, 10'000'000U);
}

TEST(DataChannelRoomStory, ManyWhoWaitShareASmallBuffer) {
  Stream stream({.include_loopback = true, .send_buffer_limit = 100'000});
  constexpr int kChannels = 4;
  int left = kChannels;
  const auto one = [&](std::shared_ptr<DataChannel> channel, std::size_t size) -> Detached {
    for (std::size_t sent = 0; sent < 600'000; sent += size) (co_await channel->send_async(Bytes(size))).value();
    if (--left == 0) (co_await stream.channel->send_async(std::string("end"))).value();
  };
  std::size_t received = 0;
  std::vector<std::shared_ptr<DataChannel>> others;
  stream.peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    others.push_back(incoming);
    incoming->on_message = [&](const DataMessage& message) {
      received += message.payload.size();
      if (received == kChannels * 600'000 + 3) stream.peers.loop.stop();
    };
  };
  // The last one's messages are larger than the buffer: it has to wait until there is nothing else, and gets its turn.
  for (const std::size_t size : {1'000U, 20'000U, 60'000U, 200'000U}) {
    one(stream.peers.alice.create_data_channel("one of many").value(), size);
  }
  stream.peers.negotiate();
  ASSERT_TRUE(stream.peers.run());
  EXPECT_EQ(left, 0);
}

TEST(DataChannelRoomStory, ACallbackComesFromTheLoopOnceThereIsRoom) {
  Stream stream;
  std::vector<std::string> log;
  stream.channel
      ->when_writable(10,
                      [&](Result<> room) {
                        room.value();
                        log.emplace_back("open");
                        Result<> sent;
                        while ((sent = stream.channel->send(Bytes(100'000)))) {
                        }
                        for (const char* name : {"first", "second"}) {
                          stream.channel
                              ->when_writable(100'000,
                                              [&, name](Result<> more) {
                                                more.value();
                                                log.emplace_back(name);
                                                stream.channel->send(Bytes(100'000)).value();
                                                if (log.size() == 3) stream.channel->send("end").value();
                                              })
                              .value();
                        }
                        EXPECT_EQ(log.size(), 1U) << "never inside the call";
                      })
      .value();
  stream.peers.negotiate();
  EXPECT_TRUE(log.empty());
  ASSERT_TRUE(stream.peers.run());
  EXPECT_EQ(log, (std::vector<std::string>{"open", "first", "second"}));
}

TEST(DataChannelRoomStory, WhatCanNeverBeIsToldAtOnce) {
  Stream stream;
  stream.channel->close();
  const auto refused = stream.channel->when_writable(1, [](Result<>) {});
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidState);
  Result<> result;
  const auto wait = [&]() -> Detached { result = co_await stream.channel->room(1); };
  wait();
  EXPECT_FALSE(result) << "without the loop";
}

TEST(DataChannelRoomStory, AMessageThatThePeerNeverTakesIsToldOnceThatIsKnown) {
  Stream stream;
  Result<> result;
  // Before the description of the peer nobody can know.
  stream.channel
      ->when_writable(1'000'000,
                      [&](Result<> room) {
                        result = std::move(room);
                        EXPECT_EQ(stream.channel->when_writable(1'000'000, [](Result<>) {}).error().code,
                                  ErrorCode::kType);
                        stream.peers.loop.stop();
                      })
      .value();
  stream.peers.negotiate();
  ASSERT_TRUE(stream.peers.run());
  EXPECT_EQ(result.error().code, ErrorCode::kType);
}

TEST(DataChannelRoomStory, TheEndOfTheChannelWakesThoseWhoWait) {
  Stream stream;
  std::vector<Result<>> results;
  const auto wait = [&]() -> Detached {
    results.push_back(co_await stream.channel->send_async(Bytes(100'000)));
    EXPECT_EQ(stream.channel->ready_state(), DataChannelState::kClosed);
    if (results.size() == 2) stream.peers.loop.stop();
  };
  stream.channel->on_open = [&] {
    while (stream.channel->send(Bytes(200'000))) {
    }
    wait();
    EXPECT_TRUE(stream.channel
                    ->when_writable(100'000,
                                    [&](Result<> room) {
                                      results.push_back(std::move(room));
                                      if (results.size() == 2) stream.peers.loop.stop();
                                    })
                    .has_value());
    stream.peers.bob.close();
  };
  stream.peers.negotiate();
  ASSERT_TRUE(stream.peers.run());
  for (const auto& result : results) EXPECT_EQ(result.error().code, ErrorCode::kInvalidState);
}

TEST(DataChannelRoomStory, ACoroutineOutlivesItsConnectionAndACallbackDoesNot) {
  EventLoop loop;
  auto connection = std::make_unique<PeerConnection>(loop, Configuration{.include_loopback = true});
  auto channel = connection->create_data_channel("x").value();
  Result<> result;
  const auto wait = [&](std::shared_ptr<DataChannel> waited) -> Detached {
    result = co_await waited->room(1);
    loop.stop();
  };
  wait(channel);
  channel->when_writable(1, [](Result<>) { ADD_FAILURE() << "its owner is gone"; }).value();
  connection.reset();
  EXPECT_TRUE(result) << "never inside a method";
  channel.reset();
  loop.run();
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidState);
}

// A coroutine that its owner may destroy.
struct Owned {
  struct promise_type {  // NOLINT: the language's name
    Owned get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

TEST(DataChannelRoomStory, ADestroyedCoroutineIsNotWoken) {
  EventLoop loop;
  PeerConnection connection(loop, {.include_loopback = true});
  const auto channel = connection.create_data_channel("x").value();
  const auto wait = [&]() -> Owned {
    (void)co_await channel->room(1);
    ADD_FAILURE() << "it was destroyed";
  };
  const Owned waiting = wait();
  waiting.handle.destroy();
  channel->close();
  loop.post_after(50ms, [&] { loop.stop(); });
  loop.run();
}

}  // namespace
}  // namespace tidewire::api
