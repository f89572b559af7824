#include "session/codec_chooser.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;

struct Choice {
  CodecChooser chooser;
  CodecType present = CodecType::kVp8;
  std::vector<CodecType> usable{CodecType::kVp8, CodecType::kH264, CodecType::kVp9, CodecType::kAv1};
  Timestamp now{100s};
  int changes = 0;

  void take(std::optional<CodecType> other) {
    if (!other) return;
    present = *other;
    ++changes;
  }
  void at(std::uint64_t bitrate, double usage, Duration time) {
    for (const Timestamp end = now + time; now < end; now += 1s) {
      take(chooser.consider(present, bitrate, usage, usable, now));
    }
  }
};

TEST(CodecChooser, MakesMoreOfAThinPathWhileTheMachineIsIdle) {
  Choice choice;
  choice.at(300'000, 0.1, 5s);
  EXPECT_EQ(choice.present, CodecType::kVp8) << "it may be over soon";
  choice.at(300'000, 0.1, 2s);
  EXPECT_EQ(choice.present, CodecType::kAv1);
  choice.at(2'000'000, 0.1, 60s);
  EXPECT_EQ(choice.present, CodecType::kAv1) << "as long as the machine can";
}

TEST(CodecChooser, StaysOnAWidePathOnABusyMachineAndWithoutAnythingBetter) {
  Choice choice;
  choice.at(600'000, 0.1, 60s);
  choice.at(300'000, 0.3, 60s);
  choice.at(600'000, 0.1, 1s);
  for (int i = 0; i < 20; ++i) {
    choice.at(300'000, 0.1, 4s);
    choice.at(600'000, 0.1, 1s);
  }
  choice.usable = {CodecType::kVp8, CodecType::kH264};
  choice.at(300'000, 0.1, 60s);
  EXPECT_EQ(choice.changes, 0);
}

TEST(CodecChooser, RelievesTheMachineAndDoesNotComeBackSoon) {
  Choice choice{.present = CodecType::kAv1};
  choice.take(choice.chooser.relieve(choice.present, choice.usable, choice.now));
  EXPECT_EQ(choice.present, CodecType::kVp8);
  EXPECT_FALSE(choice.chooser.relieve(choice.present, choice.usable, choice.now + 1min)) << "there is nothing cheaper";
  choice.at(300'000, 0.1, 60s);
  EXPECT_EQ(choice.present, CodecType::kVp9) << "it was not tried";
}

TEST(CodecChooser, ChangesAFewTimesAMinuteAtMost) {
  Choice choice;
  for (int i = 0; i < 60; ++i) {
    choice.at(300'000, 0.1, 1s);
    choice.take(choice.chooser.relieve(choice.present, choice.usable, choice.now));
  }
  EXPECT_LE(choice.changes, 3);
  EXPECT_GE(choice.changes, 2);
}

}  // namespace
}  // namespace tidewire::session
