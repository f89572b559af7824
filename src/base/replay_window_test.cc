#include "base/replay_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tidewire {
namespace {

TEST(ReplayWindow, AgreesWithASetUnderRandomJumps) {
  std::mt19937_64 random(1);
  for (const std::uint64_t jump : {2ULL, 70ULL, 300ULL, 5000ULL}) {
    ReplayWindow<128> window;
    std::set<std::uint64_t> seen;
    std::uint64_t newest = 0;
    for (int i = 0; i < 20000; ++i) {
      const std::uint64_t at = newest + random() % jump;
      const std::uint64_t number = at > 200 ? at - random() % 200 : at;
      const bool too_old = !seen.empty() && newest + 1 - std::min(number, newest + 1) > 128;
      const bool fresh = !too_old && !seen.contains(number);
      ASSERT_EQ(window.is_fresh(number), fresh) << number << " with newest " << newest;
      if (!fresh) continue;
      window.accept(number);
      seen.insert(number);
      newest = std::max(newest, number);
    }
  }
}

TEST(ReplayWindow, TakesTheFirstNumberWhereverItIs) {
  ReplayWindow<64> window;
  EXPECT_TRUE(window.is_fresh(1ULL << 47));
  window.accept(1ULL << 47);
  EXPECT_FALSE(window.is_fresh(1ULL << 47));
  EXPECT_TRUE(window.is_fresh((1ULL << 47) - 63));
  EXPECT_FALSE(window.is_fresh((1ULL << 47) - 64));
}

}  // namespace
}  // namespace tidewire
