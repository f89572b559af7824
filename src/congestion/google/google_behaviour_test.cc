// What is known of Google's congestion control, from documents and from measurements of browsers, asked of the model:
// where it is good it must be good, and where it is weak it must be weak, or ours would be judged by something else.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "congestion/path_for_test.h"

namespace tidewire::congestion::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kbit(std::uint64_t n) { return n * 1000; }

// The link that a browser was measured on: 25 ms each way, a queue of 250 ms.
PathOptions link(std::vector<RateChange> schedule) {
  PathOptions options;
  options.there.schedule = std::move(schedule);
  options.there.delay = options.back.delay = 25ms;
  options.there.queue = 250ms;
  options.flows[0].control = CongestionControl::kGoogle;
  options.flows[0].limits.start = kbit(300);
  return options;
}

PathOptions lossy(double loss) {
  PathOptions options = link({{0s, kbit(2000)}});
  options.there.loss = loss;
  return options;
}

PathOptions jittery() {
  PathOptions options = link({{0s, kbit(4000)}});
  options.there.jitter = 10ms;
  return options;
}

PathOptions beside_tcp() {
  PathOptions options = link({{0s, kbit(2000)}});
  options.tcps = {{}};
  return options;
}

double dropped(const Path& path, Duration from, Duration to) {
  const auto& all = path.flows()[0]->log().dropped;
  return static_cast<double>(
      std::count_if(all.begin(), all.end(), [&](Timestamp t) { return t >= Timestamp{from} && t < Timestamp{to}; }));
}

double mbit(const Path& path, Duration from, Duration to) { return path.throughput(0, {from, to}) / 1e6; }

struct Known {
  const char* what;  // and what is known
  double least;
  double most;
  std::function<double(const Path&)> measure;
};

struct Case {
  const char* name;
  Duration length;
  PathOptions options;
  std::vector<Known> known;
};

std::vector<Case> good_cases() {
  return {
      {"start on 3 Mbit/s",
       10s,
       link({{0s, kbit(3000)}}),
       {{"seconds until 2.5 (2)", 0, 2,
         [](const Path& p) {
           return p.seconds_until_target(0, true, 2.5e6, {0s, 10s});
         }},
        {"utilisation", 0.75, 0.95,
         [](const Path& p) {
           return p.utilisation(0, {3s, 10s});
         }}}},
      {"1 Mbit/s",
       60s,
       link({{0s, kbit(1000)}}),
       {{"utilisation (0.90)", 0.82, 0.95,
         [](const Path& p) {
           return p.utilisation(0, {10s, 60s});
         }},
        {"queue p95, ms (18 in the mean)", 10, 40,
         [](const Path& p) {
           return p.queue_ms(0, 0.95, {10s, 60s});
         }}}},
      {"10 ms of jitter on 4 Mbit/s",
       40s,
       jittery(),
       {{"Mbit/s (0.7 to 4.1)", 0.7, 4.1, [](const Path& p) { return mbit(p, 10s, 40s); }}}},
  };
}

std::vector<Case> weak_cases() {
  return {
      {"step from 0.5 to 3 Mbit/s, nothing limited",
       40s,
       link({{0s, kbit(500)}, {10s, kbit(3000)}}),
       {{"Mbit/s after 15 s (more than 1)", 0.9, 2, [](const Path& p) { return mbit(p, 24s, 26s); }},
        {"Mbit/s after 5 s", 0.4, 1, [](const Path& p) { return mbit(p, 14s, 16s); }}}},
      {"step from 0.2 to 5 Mbit/s, nothing limited",
       60s,
       link({{0s, kbit(200)}, {30s, kbit(5000)}}),
       {{"Mbit/s after 30 s (2.1)", 0.6, 3, [](const Path& p) { return mbit(p, 58s, 60s); }}}},
      {"step from 5 to 1 Mbit/s",
       40s,
       link({{0s, kbit(5000)}, {20s, kbit(1000)}}),
       {{"packets dropped (316)", 100, 500, [](const Path& p) { return dropped(p, 20s, 30s); }},
        {"queue p95 in the first 2 s, ms (full)", 200, 300,
         [](const Path& p) {
           return p.queue_ms(0, 0.95, {20s, 22s});
         }}}},
      {"step from 1 to 0.2 Mbit/s",
       40s,
       link({{0s, kbit(1000)}, {20s, kbit(200)}}),
       {{"packets dropped (132)", 30, 250, [](const Path& p) { return dropped(p, 20s, 30s); }}}},
      {"beside a long TCP on 2 Mbit/s",
       60s,
       beside_tcp(),
       {{"share (starved)", 0, 0.2,
         [](const Path& p) {
           return p.utilisation(0, {15s, 60s});
         }}}},
      {"20 % random loss",
       60s,
       lossy(0.2),
       {{"utilisation", 0, 0.3,
         [](const Path& p) {
           return p.utilisation(0, {10s, 60s});
         }}}},
  };
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Path path(c.options);
    path.run_until(c.length);
    for (const Known& known : c.known) {
      const double value = known.measure(path);
      EXPECT_GE(value, known.least) << c.name << ": " << known.what;
      EXPECT_LE(value, known.most) << c.name << ": " << known.what;
      ::testing::Test::RecordProperty(std::string(c.name) + ": " + known.what, std::to_string(value));
    }
  }
}

TEST(GoogleBehaviour, IsGoodWhereItIsKnownToBe) { check(good_cases()); }
TEST(GoogleBehaviour, IsWeakWhereItIsKnownToBe) { check(weak_cases()); }

TEST(GoogleBehaviour, RandomLossHurtsTheMoreTheMoreThereIs) {
  double before = 1;
  for (const double loss : {0.0, 0.05, 0.1, 0.2}) {
    Path path(lossy(loss));
    path.run_until(60s);
    const double utilisation = path.utilisation(0, {10s, 60s});
    EXPECT_LT(utilisation, before - 0.03) << loss;
    before = utilisation;
    if (loss < 0.15) {
      EXPECT_GT(utilisation, 0.05);  // libwebrtc's own gate at 10 %: 100 kbit/s of 2 Mbit/s
    }
    ::testing::Test::RecordProperty(std::to_string(loss), std::to_string(utilisation));
  }
}

TEST(GoogleBehaviour, ProbesFindMoreOnlyWhileTheApplicationIsLimited) {
  PathOptions options = link({{0s, kbit(500)}, {20s, kbit(3000)}});
  Path sending(options);
  sending.run_until(32s);
  options.flows[0].demand = {{0s, kbit(1'000'000)}, {15s, kbit(100)}};
  Path limited(options);
  limited.run_until(32s);
  EXPECT_GT(limited.target(0, 32s), kbit(2000));
  EXPECT_LT(sending.target(0, 32s), kbit(1500));
}

}  // namespace
}  // namespace tidewire::congestion::lab
