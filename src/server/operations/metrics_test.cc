#include "server/operations/metrics.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <regex>
#include <sstream>

namespace tidewire::server {
namespace {

using testing::HasSubstr;
using testing::Not;

ServerSnapshot snapshot() {
  ServerSnapshot made;
  made.version = "0.1.0";
  made.ready = true;
  made.signaling.emplace();
  made.signaling->rooms = 3;
  made.signaling->faults[static_cast<std::size_t>(signaling::Fault::kRateLimited)] = 7;
  made.turn.emplace();
  made.turn->machine.allocations = 5;
  made.turn->machine.allocations_made = 50;
  made.turn->machine.binding_answers = 9;
  made.turn->machine.to_peers_bytes = 12'345'678'901'234;
  for (int i = 0; i < 4; ++i) made.turn->machine.errors.add(stun::ErrorNumber::kUnauthenticated);
  made.turn->machine.requests.allocate = 6;
  made.turn->machine.requests.unknown = 1;
  made.turn->udp.dropped_no_room = 8;
  return made;
}

TEST(Metrics, AreNamedByTheConventionsAndCarryTheNumbers) {
  const std::string text = to_prometheus(snapshot());
  for (const char* line : {
           "tidewire_build_info{version=\"0.1.0\"} 1\n",
           "tidewire_ready 1\n",
           "# TYPE tidewire_signaling_rooms gauge\ntidewire_signaling_rooms 3\n",
           "tidewire_signaling_refused_total{code=\"rate_limited\"} 7\n",
           "tidewire_signaling_refused_total{code=\"join_timeout\"} 0\n",
           "# TYPE tidewire_turn_allocations gauge\ntidewire_turn_allocations 5\n",
           "# TYPE tidewire_turn_allocations_total counter\ntidewire_turn_allocations_total 50\n",
           "tidewire_stun_binding_answers_total 9\n",
           "tidewire_turn_relayed_bytes_total{direction=\"to_peer\"} 12345678901234\n",
           "tidewire_turn_errors_total{code=\"401\"} 4\n",
           "tidewire_turn_requests_total{method=\"allocate\"} 6\n",
           "tidewire_turn_requests_total{method=\"other\"} 1\n",
           "tidewire_udp_dropped_datagrams_total{reason=\"no_room\"} 8\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, PartsThatDoNotRunAreNotTold) {
  const std::string text = to_prometheus({});
  EXPECT_THAT(text, Not(HasSubstr("tidewire_turn")));
  EXPECT_THAT(text, Not(HasSubstr("tidewire_signaling")));
  EXPECT_THAT(text, HasSubstr("tidewire_ready 0\n"));
}

// Prometheus' text format: each family once, with help and type before its values.
TEST(Metrics, EveryLineIsWellFormed) {
  const std::regex value(R"([a-z_]+(\{[a-z]+="[^"\\]*"\})? [-+.e0-9]+)");
  std::string family;
  std::vector<std::string> seen;
  std::istringstream lines(to_prometheus(snapshot()));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_THAT(seen, Not(testing::Contains(family)));
      seen.push_back(family);
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_EQ(line.ends_with(" counter"), family.ends_with("_total")) << line;
    } else {
      EXPECT_TRUE(std::regex_match(line, value)) << line;
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family);
    }
  }
  EXPECT_GT(seen.size(), 25U);
}

TEST(ProcessStats, AreThoseOfThisProcess) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GT(stats.resident_bytes, 100'000U);
  EXPECT_GE(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.threads, 1U);
  EXPECT_GE(stats.open_descriptors, 3U);
  EXPECT_GE(stats.max_descriptors, stats.open_descriptors);
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LE(stats.start_seconds, now + 2);
  EXPECT_GT(stats.start_seconds, now - 24 * 3600);

  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(read_process_stats().open_descriptors, stats.open_descriptors + 2);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace tidewire::server
