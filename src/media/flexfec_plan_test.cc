#include "media/flexfec_plan.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidewire::media {
namespace {

using namespace std::chrono_literals;

struct Case {
  const char* name;
  FlexfecNeed need;
  FlexfecShape others;
  FlexfecShape key_frames;
};

TEST(FlexfecPlan, FollowsLossRoundTripAndRate) {
  const std::vector<Case> cases{
      {"no loss", {0, 300ms, 100}, {}, {}},
      {"hardly any loss", {0.004, 300ms, 100}, {}, {}},
      {"a short round trip", {0.05, 79ms, 100}, {}, {}},
      {"no round trip known", {0.05, std::nullopt, 100}, {}, {}},
      {"one percent", {0.01, 300ms, 100}, {2, 15, false}, {3, 10, false}},
      {"two percent", {0.02, 300ms, 100}, {2, 10, false}, {3, 5, false}},
      {"five percent", {0.05, 300ms, 100}, {3, 4, false}, {4, 4, true}},
      {"five percent, few packets", {0.05, 300ms, 30}, {2, 4, false}, {4, 4, true}},
      {"five percent, many packets", {0.05, 300ms, 2000}, {3, 4, false}, {4, 4, true}},
      {"eight percent", {0.08, 300ms, 100}, {3, 2, false}, {4, 4, true}},
      {"eight percent, many packets", {0.08, 300ms, 500}, {5, 5, true}, {4, 4, true}},
      {"a quarter", {0.25, 300ms, 100}, {3, 2, false}, {4, 4, true}},
      {"all of it, many packets", {1, 300ms, 1000}, {4, 4, true}, {4, 4, true}},
  };
  for (const Case& its : cases) {
    SCOPED_TRACE(its.name);
    const FlexfecPlan plan = plan_flexfec(its.need);
    EXPECT_EQ(plan.others, its.others) << plan.others.columns << " x " << plan.others.rows;
    EXPECT_EQ(plan.key_frames, its.key_frames) << plan.key_frames.columns << " x " << plan.key_frames.rows;
    EXPECT_LE(plan.others.share(), kFlexfecMaxShare);
    EXPECT_LE(plan.key_frames.share(), kFlexfecMaxShare);
    EXPECT_GE(plan.key_frames.share(), plan.others.share());
    if (!plan.active()) continue;
    EXPECT_GE(plan.others.share(), std::min(its.need.loss, kFlexfecMaxShare));
  }
}

TEST(FlexfecPlan, WaitsForLessThanTheRoundTripThatItSaves) {
  EXPECT_EQ(plan_flexfec({0.05, 80ms, 100}).max_age, 50ms);
  EXPECT_EQ(plan_flexfec({0.05, 200ms, 100}).max_age, 100ms);
  EXPECT_EQ(plan_flexfec({0.05, 2s, 100}).max_age, 200ms);
  EXPECT_EQ(plan_flexfec({0.05, 2s, 100, 30ms}).max_age, 30ms) << "the other end keeps no more";
}

TEST(FlexfecController, BeginsSoonAndEndsSlowly) {
  FlexfecController controller;
  EXPECT_FALSE(controller.plan(100, 500ms).active());
  controller.handle_report(0.05, 300ms);
  EXPECT_TRUE(controller.plan(100, 500ms).active()) << "after one report";
  int reports = 0;
  while (controller.plan(100, 500ms).active() && reports < 100) {
    controller.handle_report(0, std::nullopt);
    ++reports;
  }
  EXPECT_GT(reports, 5);
  EXPECT_LT(reports, 30);
}

TEST(FlexfecController, DoesNotFlutterAroundTheRoundTripAtWhichItBegins) {
  FlexfecController controller;
  controller.handle_report(0.05, 85ms);
  EXPECT_TRUE(controller.plan(100, 500ms).active());
  controller.handle_report(0.05, 70ms);
  EXPECT_TRUE(controller.plan(100, 500ms).active());
  controller.handle_report(0.05, 59ms);
  EXPECT_FALSE(controller.plan(100, 500ms).active());
  controller.handle_report(0.05, 70ms);
  EXPECT_FALSE(controller.plan(100, 500ms).active());
}

}  // namespace
}  // namespace tidewire::media
