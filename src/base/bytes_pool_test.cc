#include "tidewire/bytes_pool.h"

#include <gtest/gtest.h>

#include <utility>

namespace tidewire {
namespace {

TEST(BytesPool, GivesTheSameMemoryAgain) {
  BytesPool pool;
  Bytes bytes = pool.take(1000);
  EXPECT_TRUE(bytes.empty());
  EXPECT_GE(bytes.capacity(), 1000U);
  bytes.resize(1000);
  const auto* memory = bytes.data();
  pool.give(std::move(bytes));
  EXPECT_EQ(pool.held(), 1024U);
  Bytes again = pool.take(600);
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(again.data(), memory);
  EXPECT_EQ(pool.held(), 0U);
}

TEST(BytesPool, SpendsNoLargeMemoryOnASmallMessage) {
  BytesPool pool;
  pool.give(pool.take(64 * 1024));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{1025}}) {
    EXPECT_LT(pool.take(size).capacity(), std::max<std::size_t>(4 * size, 257)) << size;
  }
}

TEST(BytesPool, TakesForeignMemoryByWhatItHolds) {
  BytesPool pool;
  Bytes foreign;
  foreign.reserve(3000);
  const auto* memory = foreign.data();
  pool.give(std::move(foreign));
  EXPECT_NE(pool.take(2500).data(), memory);  // kept for what surely fits
  EXPECT_EQ(pool.take(2048).data(), memory);
}

TEST(BytesPool, HoldsNoMoreThanItMay) {
  BytesPool pool(10'000);
  for (int i = 0; i < 100; ++i) pool.give(Bytes(1024));
  EXPECT_LE(pool.held(), 10'000U);
  EXPECT_GE(pool.held(), 9'000U);
  pool.give(Bytes(3 * 1024 * 1024));
  EXPECT_LE(pool.held(), 10'000U);
}

}  // namespace
}  // namespace tidewire
