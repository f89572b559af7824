#include "simulate/scenario_file.h"

#include <gtest/gtest.h>

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

Result<std::string> no_files(const std::string& path) { return Error{ErrorCode::kNotReadable, "cannot read " + path}; }

TEST(ScenarioFile, SaysAllThatAScenarioHas) {
  const auto scenario = parse_scenario(R"({
    "description": "a train", "duration_s": 90, "measured_from_s": 2,
    "forward": {"rate": [[0, "2.5M"], [20, "300k"], [40.5, 64000]], "queue_ms": 200, "loss": 0.01, "jitter_ms": 5},
    "backward": {"rate": "1M", "queue_bytes": 20000, "burst_enter": 0.01, "burst_leave": 0.5},
    "calls": [{}, {"direction": "backward", "start_s": 5, "stop_s": 50, "pauses_s": [[10, 20]], "delay_ms": 75,
                   "start_bitrate": "500k", "max_bitrate": "3M", "control": "other"}],
    "tcp": [{"bytes": [30000, 50000], "pause_s": 3}, {"start_s": 10}],
    "ladder": [{"at_s": 0, "height": 720, "audio_bitrate": "64k"}]
  })",
                                       no_files);
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->duration, 90s);
  EXPECT_EQ(scenario->measured_from, 2s);
  const std::vector<sim::RateSchedule::Step> steps{{0s, 2'500'000}, {20s, 300'000}, {40500ms, 64'000}};
  EXPECT_EQ(scenario->forward.rate->steps(), steps);
  EXPECT_EQ(scenario->forward.queue_time, 200ms);
  EXPECT_EQ(scenario->forward.jitter, 5ms);
  EXPECT_EQ(scenario->forward.loss, 0.01);
  EXPECT_EQ(scenario->backward.queue_bytes, 20'000U);
  EXPECT_EQ(scenario->backward.burst_leave, 0.5);
  ASSERT_EQ(scenario->calls.size(), 2U);
  EXPECT_EQ(scenario->calls[0].max_bitrate, std::nullopt);
  EXPECT_EQ(scenario->calls[1].direction, Direction::kBackward);
  EXPECT_EQ(scenario->calls[1].control, Control::kOther);
  EXPECT_EQ(scenario->calls[1].max_bitrate, 3'000'000U);
  EXPECT_EQ(scenario->calls[1].one_way_delay, 75ms);
  EXPECT_EQ(scenario->calls[1].stop, 50s);
  ASSERT_EQ(scenario->calls[1].pauses.size(), 1U);
  EXPECT_EQ(scenario->calls[1].pauses[0].to, 20s);
  ASSERT_EQ(scenario->tcps.size(), 2U);
  EXPECT_FALSE(scenario->tcps[0].is_long());
  EXPECT_TRUE(scenario->tcps[1].is_long());
  ASSERT_EQ(scenario->ladder.size(), 1U);
  EXPECT_EQ(scenario->ladder[0].audio_bitrate, 64'000U);
}

TEST(ScenarioFile, TakesTheRateFromATrace) {
  const auto scenario = parse_scenario(R"({"forward": {"trace": "lte.down"}})", [](const std::string& path) {
    EXPECT_EQ(path, "lte.down");
    return Result<std::string>("0\n5\n10\n");
  });
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_TRUE(scenario->forward.is_trace);
  EXPECT_DOUBLE_EQ(scenario->forward.rate->bits_between(0s, 11ms), 3 * 12'000);
}

TEST(ScenarioFile, SaysWhereAndWhatIsWrong) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"{\n\n  \"calls\": [}", "line 3: this is no JSON"},
      {"{} {}", "line 1: this is no JSON"},
      {"", "line 1: this is no JSON"},
      {"[]", "a scenario is a JSON object"},
      {R"({"bandwidth": 1})", "bandwidth is not known; there are name, description"},
      {R"({"forward": {"rate": "fast"}})", "forward.rate has to be a bitrate"},
      {R"({"forward": {"rate": []}})", "forward.rate is empty"},
      {R"({"forward": {"rate": [[0, "1M"], [0, "2M"]]}})", "forward.rate[1] has to be later"},
      {R"({"forward": {"rate": [[1, "1M"]]}})", "forward.rate[0] has to begin at 0 s"},
      {R"({"forward": {"rate": [[0, "1M"], [5]]}})", "forward.rate[1] has to be a pair"},
      {R"({"forward": {"rate": [[0, "1M"], [5, "2M"]], "repeat_s": 5}})", "forward.repeat_s has to be later"},
      {R"({"forward": {"rate": "1M", "trace": "x"}})", "forward.trace cannot be there together with rate"},
      {R"({"forward": {"trace": "gone"}})", "forward.trace cannot be used: cannot read gone"},
      {R"({"forward": {"loss": 2}})", "forward.loss has to be from 0 to 1"},
      {R"({"forward": 5})", "forward has to be an object"},
      {R"({"calls": []})", "calls has no call"},
      {R"({"calls": {}})", "calls has to be a list"},
      {R"({"calls": [{}, 5]})", "calls[1] has to be an object"},
      {R"({"calls": [{}, {"delay_ms": "long"}]})", "calls[1].delay_ms has to be a number"},
      {R"({"calls": [{"direction": "up"}]})", "calls[0].direction has to be"},
      {R"({"calls": [{"control": "ours"}]})", "calls[0].control has to be"},
      {R"({"calls": [{"start_s": 5, "stop_s": 4}]})", "calls[0].stop_s has to be later than start_s"},
      {R"({"calls": [{"pauses_s": [[5, 4]]}]})", "calls[0].pauses_s[0] has to end after it begins"},
      {R"({"calls": [{"pauses_s": [[5, 9], [8, 10]]}]})", "calls[0].pauses_s[1] has to end after it begins"},
      {R"({"calls": [{"max_bitrate": 0}]})", "calls[0].max_bitrate has to be above 0"},
      {R"({"tcp": [{"bytes": [5]}]})", "tcp[0].bytes has to be the least and the most"},
      {R"({"duration_s": 1e9})", "duration_s has to be from 1 to 3600"},
  };
  for (const Case& it : cases) {
    const auto scenario = parse_scenario(it.text, no_files);
    ASSERT_FALSE(scenario) << it.text;
    EXPECT_TRUE(scenario.error().message.starts_with(it.message)) << it.text << ": " << scenario.error().message;
  }
}

TEST(ScenarioFile, ReadsBitrates) {
  EXPECT_EQ(parse_bitrate("2.5M"), 2'500'000U);
  EXPECT_EQ(parse_bitrate("300k"), 300'000U);
  EXPECT_EQ(parse_bitrate("64000"), 64'000U);
  EXPECT_EQ(parse_bitrate("0"), 0U);
  for (const char* wrong : {"", "M", "-1k", "1e30", "nan", "5 M", "1T", "inf"}) {
    EXPECT_EQ(parse_bitrate(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace tidewire::simulate
