#include "simulate/plot.h"

#include <gtest/gtest.h>

#include "simulate/svg.h"

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

Recording some_recording() {
  Recording recording;
  recording.scenario.name = "a <b> & \"c\"";
  recording.scenario.duration = 20s;
  recording.scenario.forward.rate =
      std::make_shared<const sim::RateSchedule>(std::vector<sim::RateSchedule::Step>{{0s, 2'000'000}, {10s, 500'000}});
  CallRecording& call = recording.calls.emplace_back();
  call.controller = "tidewire";
  call.connected = true;
  call.ended = 20s;
  for (Duration at{}; at < 20s; at += 10ms) {
    call.sent.add(at, 1250);
    call.received.add(at, 1250);
    call.queue.push_back({at, 40ms, at > 15s});
  }
  call.announced = {{-1s, 800'000, 64'000, 1080}, {10s, 0, 32'000, 0}, {12s, 300'000, 32'000, 360}};
  return recording;
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(SimulatePlot, IsSvgWithoutScripts) {
  const Recording recording = some_recording();
  const std::string svg = plot(std::span(&recording, 1));
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_NE(svg.find("a &lt;b&gt; &amp; &quot;c&quot;"), std::string::npos);
}

TEST(SimulatePlot, DrawsRatesQueueAndPictures) {
  const Recording recording = some_recording();
  const std::string svg = plot(std::span(&recording, 1));
  EXPECT_EQ(count(svg, "<polygon class=\"room\""), 1U);
  EXPECT_EQ(count(svg, "<polyline class=\"l c0\""), 2U) << "received, and the queue";
  EXPECT_EQ(count(svg, "<polyline class=\"l c0 thin\""), 1U);
  EXPECT_EQ(count(svg, "<polyline class=\"l c0 thin dash\""), 1U);
  EXPECT_NE(svg.find("<title>1080p from 0.0 to 10.0 s</title>"), std::string::npos);
  EXPECT_NE(svg.find("<title>360p from 12.0 to 20.0 s</title>"), std::string::npos);
  EXPECT_GT(count(svg, "class=\"drop\""), 5U);
}

TEST(SimulatePlot, PutsSeveralRunsBelowEachOther) {
  const std::vector<Recording> recordings(2, some_recording());
  EXPECT_EQ(count(plot(recordings), "<polygon class=\"room\""), 2U);
}

TEST(Svg, DividesAxesRoundly) {
  EXPECT_DOUBLE_EQ(nice_step(100, 10), 10);
  EXPECT_DOUBLE_EQ(nice_step(5, 4), 2);
  EXPECT_DOUBLE_EQ(nice_step(0.31, 4), 0.1);
  EXPECT_DOUBLE_EQ(nice_step(95, 4), 50);
}

}  // namespace
}  // namespace tidewire::simulate
