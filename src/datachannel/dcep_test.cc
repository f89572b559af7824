#include "datachannel/dcep.h"

#include <gtest/gtest.h>

#include <array>

namespace tidewire::datachannel {
namespace {

TEST(Dcep, WritesAnOpenAsTheRfcDrawsIt) {
  // RFC 8832 §5.1: type, channel type, priority, reliability, label length, protocol length, label, protocol
  const Bytes expected{3, 0x81, 1, 0, 0, 0, 0, 5, 0, 4, 0, 1, 'c', 'h', 'a', 't', 'p'};
  OpenMessage open{.label = "chat", .ordered = false, .max_retransmits = 5, .protocol = "p"};
  EXPECT_EQ(build_open(open), expected);
}

TEST(Dcep, ReadsWhatItWrites) {
  for (const bool ordered : {true, false}) {
    for (int kind = 0; kind < 3; ++kind) {
      OpenMessage open{.label = std::string(300, 'x'), .ordered = ordered, .protocol = "q"};
      if (kind == 1) open.max_retransmits = 0;
      if (kind == 2) open.max_packet_life_time = 65535;
      const auto read = parse_open(build_open(open));
      ASSERT_TRUE(read);
      EXPECT_EQ(read->label, open.label);
      EXPECT_EQ(read->protocol, open.protocol);
      EXPECT_EQ(read->ordered, open.ordered);
      EXPECT_EQ(read->max_retransmits, open.max_retransmits);
      EXPECT_EQ(read->max_packet_life_time, open.max_packet_life_time);
    }
  }
}

TEST(Dcep, RefusesEveryOtherLengthAndUnknownTypes) {
  const Bytes whole = build_open({.label = "label", .protocol = "protocol"});
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse_open(ByteView(whole).first(size))) << size;
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(parse_open(longer));
  Bytes unknown = whole;
  unknown[1] = 3;
  EXPECT_FALSE(parse_open(unknown));
}

TEST(Dcep, MapsPrioritiesToTheValuesOfTheRfcAndBack) {
  struct Case {
    std::uint16_t value;
    Priority priority;
  };
  const Case cases[] = {
      {0, Priority::kVeryLow}, {128, Priority::kVeryLow}, {129, Priority::kLow},
      {256, Priority::kLow},   {257, Priority::kMedium},  {512, Priority::kMedium},
      {513, Priority::kHigh},  {1024, Priority::kHigh},   {65535, Priority::kHigh},
  };
  for (const Case& c : cases) EXPECT_EQ(priority_from(c.value), c.priority) << c.value;
  for (const std::uint16_t value : std::array<std::uint16_t, 4>{128, 256, 512, 1024})
    EXPECT_EQ(priority_value(priority_from(value)), value);
}

}  // namespace
}  // namespace tidewire::datachannel
