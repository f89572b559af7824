#include "server/operations/log_budget.h"

#include <gtest/gtest.h>

namespace tidewire::server {
namespace {

using namespace std::chrono_literals;

TEST(LogBudget, HoldsBackAFloodAndSaysHowMuchItWas) {
  LogBudget budget(3);
  Timestamp now{1h};
  int written = 0;
  for (int i = 0; i < 100; ++i) written += budget.take("client_refused", now).write ? 1 : 0;
  EXPECT_EQ(written, 3);
  EXPECT_TRUE(budget.take("listening", now).write) << "other events have their own budget";
  now += 1s;
  const LogBudget::Verdict next = budget.take("client_refused", now);
  EXPECT_TRUE(next.write);
  EXPECT_EQ(next.held_before, 97U);
  EXPECT_EQ(budget.take("client_refused", now).held_before, 0U);
}

TEST(LogBudget, NamesWithoutEndShareOneBudget) {
  LogBudget budget(1);
  int written = 0;
  for (std::size_t i = 0; i < 10 * LogBudget::kMaxEvents; ++i) {
    written += budget.take("event" + std::to_string(i), Timestamp{1h}).write ? 1 : 0;
  }
  EXPECT_EQ(written, static_cast<int>(LogBudget::kMaxEvents) + 1);
}

TEST(LogBudget, NoneIsNoBound) {
  LogBudget budget(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(budget.take("tick", Timestamp{1h}).write);
}

}  // namespace
}  // namespace tidewire::server
