// `tidewire demo` with a network that becomes thin and wide again.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "commands.h"

namespace tidewire::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

TEST(Demo, TellsWhatTheNetworkGivesAndWritesDownWhatIsSent) {
  const std::string log = testing::TempDir() + "tidewire_rates_" + std::to_string(getpid()) + ".csv";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  // Small pictures: machines that are busy with other tests make them, too.
  const int status = demo({.rates = {.congestion_control = "tidewire", .video_height = 240},
                           .path = {.bandwidth = {3'000'000, 200'000, 3'000'000}, .step = 2s, .log = log},
                           .listen = "127.0.0.1:0",
                           .duration = 9s,
                           .json = true});
  const std::string report = testing::internal::GetCapturedStdout();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(status, 0) << said;
  EXPECT_THAT(report, HasSubstr("\"connected\":true"));
  EXPECT_THAT(said, HasSubstr("── 0 s: the network gives 3 Mbit/s each way"));
  EXPECT_THAT(said, HasSubstr("── 2 s: the network gives 200 kbit/s each way"));
  EXPECT_THAT(said, HasSubstr("── 4 s: the network gives 3 Mbit/s each way"));

  std::ifstream file(log);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const std::size_t columns = split(line).size();
  EXPECT_EQ(line, "time_s,from,to,capacity,estimate,video,audio,height,fps,reason,round_trip_ms,lost");
  std::set<std::string> directions;
  std::set<std::string> capacities;
  bool sound = false;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split(line);
    ASSERT_EQ(fields.size(), columns) << line;
    directions.insert(fields[1] + fields[2]);
    capacities.insert(fields[3]);
    sound |= std::stod(fields[6]) > 0;
  }
  EXPECT_THAT(directions, testing::UnorderedElementsAre("\"Ada\"\"Ben\"", "\"Ben\"\"Ada\""));
  EXPECT_THAT(capacities, testing::UnorderedElementsAre("3000000", "200000"));
  EXPECT_TRUE(sound);
  std::remove(log.c_str());
}

TEST(Demo, ALogThatCannotBeWrittenIsAnError) {
  testing::internal::CaptureStderr();
  const int status = demo({.path = {.log = "/nowhere/rates.csv"}, .listen = "127.0.0.1:0"});
  EXPECT_EQ(status, 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--log-rates: cannot write /nowhere/rates.csv"));
}

}  // namespace
}  // namespace tidewire::app
