#include "simulate/report.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

#include "simulate/metrics.h"

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

Outcome outcome_of(CongestionControl control, std::vector<double> utilisations) {
  Outcome outcome{.control = control};
  outcome.first.scenario.name = "step-up";
  outcome.first.scenario.duration = 50s;
  for (const double utilisation : utilisations) {
    outcome.seeds.push_back(outcome.seeds.size() + 1);
    Measures& measures = outcome.measures.emplace_back();
    measures.all.utilisation = utilisation;
    measures.all.queue_ms.p95 = 30;
    measures.calls.resize(2);
    measures.calls[0].name = "call 1";
    measures.changes.push_back({.at_s = 20, .direction = "forward", .capacity = 3e6, .reached_90_s = utilisation});
    measures.ladder.push_back({.at_s = 20, .height = 480, .audio_bitrate = 64'000});
  }
  return outcome;
}

TEST(SimulateReport, PutsControllersSideBySide) {
  const std::vector<Outcome> outcomes{outcome_of(CongestionControl::kTidewire, {0.9, 0.95, 0.8}),
                                      outcome_of(CongestionControl::kGoogle, {0.5})};
  const std::string text = in_words(outcomes);
  EXPECT_NE(text.find("tidewire                        google"), std::string::npos) << text;
  EXPECT_NE(text.find("90.0 % (80.0 to 95.0)           50.0 %"), std::string::npos) << text;
  EXPECT_EQ(text.find("Jain"), std::string::npos) << "what nobody measured is left out";
  EXPECT_NE(text.find("480p"), std::string::npos);
  EXPECT_NE(text.find("not reached"), std::string::npos);
}

TEST(SimulateReport, GivesProgramsMediansAndRanges) {
  const std::vector<Outcome> outcomes{outcome_of(CongestionControl::kTidewire, {0.9, 0.95, 0.8})};
  const boost::json::object json = to_json(outcomes);
  EXPECT_EQ(json.at("scenario").as_string(), "step-up");
  EXPECT_EQ(json.at("seeds").as_array().size(), 3U);
  const boost::json::object& its = json.at("controllers").at(0).as_object();
  EXPECT_EQ(its.at("controller").as_string(), "tidewire");
  const boost::json::object& all = its.at("all").as_object();
  EXPECT_DOUBLE_EQ(all.at("utilisation").as_double(), 0.9);
  EXPECT_DOUBLE_EQ(all.at("range").at("utilisation").at(1).as_double(), 0.95);
  EXPECT_DOUBLE_EQ(all.at("queue_ms").at("p95").as_double(), 30);
  EXPECT_TRUE(all.at("queue_ms").at("p50").is_null());
  for (const char* name : {"loss", "jain", "freeze_ratio", "converged_s", "frame_delay_ms"}) {
    EXPECT_TRUE(all.contains(name)) << name;
  }
  EXPECT_EQ(its.at("calls").as_array().size(), 2U);
  EXPECT_DOUBLE_EQ(its.at("changes").at(0).at("reached_90_s").as_double(), 0.9);
  EXPECT_TRUE(its.at("ladder").at(0).at("reached_s").is_null());
}

TEST(SimulateMetrics, TakeNeverForLaterThanAllElse) {
  const Summary often = summarise({1, kNothing, 2});
  EXPECT_EQ(often.median, 2);
  EXPECT_EQ(often.least, 1);
  EXPECT_TRUE(std::isnan(often.most));
  EXPECT_TRUE(std::isnan(summarise({1, kNothing, kNothing}).median));
  EXPECT_EQ(summarise({4, 1, 3, 2}).median, 2.5);
  EXPECT_TRUE(std::isnan(summarise({}).median));
}

}  // namespace
}  // namespace tidewire::simulate
