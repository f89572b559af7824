// One large message, and how much memory it takes on its way.
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "two_peers.h"

namespace {

// Counts the large blocks of the whole program.
constexpr std::size_t kLarge = 1024 * 1024;
std::atomic<std::size_t> large_bytes = 0;
std::atomic<std::size_t> most_large_bytes = 0;

void* allocate(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) std::abort();
  const std::size_t usable = malloc_usable_size(block);
  if (usable < kLarge) return block;
  const std::size_t now = large_bytes += usable;
  std::size_t most = most_large_bytes;
  while (now > most && !most_large_bytes.compare_exchange_weak(most, now)) {
  }
  return block;
}

void release(void* block) {
  if (block == nullptr) return;
  if (const std::size_t usable = malloc_usable_size(block); usable >= kLarge) large_bytes -= usable;
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }

namespace tidewire::api {
namespace {

// Does not repeat itself after any power of two.
std::uint8_t pattern(std::size_t i) { return static_cast<std::uint8_t>(i % 251); }

TEST(LargeMessageStory, ItIsHeldOnceByTheSenderAndGivenBack) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  TwoPeers peers({.include_loopback = true, .max_message_size = kSize});
  const auto channel = peers.alice.create_data_channel("large").value();
  std::shared_ptr<DataChannel> other;
  std::size_t before = 0;
  Bytes received;
  channel->on_open = [&] {
    Bytes message(kSize);
    for (std::size_t i = 0; i < kSize; ++i) message[i] = pattern(i);
    before = large_bytes - kSize;
    most_large_bytes = large_bytes.load();
    channel->send(std::move(message)).value();
  };
  peers.bob.on_data_channel = [&](const std::shared_ptr<DataChannel>& incoming) {
    other = incoming;
    other->on_message = [&](const DataMessage& message) {
      received = message.take();
      other->send("thanks").value();
    };
  };
  channel->on_message = [&](const DataMessage&) { peers.loop.stop(); };
  peers.negotiate();
  ASSERT_TRUE(peers.run(100s));
  ASSERT_EQ(received.size(), kSize);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kSize; ++i) wrong += received[i] != pattern(i) ? 1 : 0;
  EXPECT_EQ(wrong, 0U);
  // Once at the sender; at the receiver in blocks, and then in one piece that fills as the blocks are given back: what
  // is counted twice there is never used twice.
  constexpr std::size_t kSlack = 16 * 1024 * 1024;
  EXPECT_LT(most_large_bytes - before, 3 * kSize + kSlack);
  // Who answers has acknowledged: only what was received is left.
  EXPECT_LT(large_bytes - before, kSize + kSlack);
}

}  // namespace
}  // namespace tidewire::api
