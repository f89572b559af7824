// Repair packets that mean ill: memory stays bounded, and nothing but RTP comes out.
#include "media/flexfec_path_for_test.h"

namespace tidewire::media {
namespace {

TEST(FlexfecHostile, MasksAboutPacketsThatWereNeverSeenAreForgottenInTime) {
  FlexfecReceiver receiver;
  Forger forger;
  rtp::FlexfecMask mask;
  mask.set();
  const Bytes media{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1};
  receiver.handle_media(1000, media);
  for (std::uint32_t base = 0; base < 0x10000; base += 7) {
    forger.attack(receiver, forger.repair(static_cast<std::uint16_t>(base), mask, 9, 1000));
    ASSERT_LE(receiver.repairs_kept(), FlexfecReceiver::kMaxRepairs);
  }
  EXPECT_GT(receiver.repairs_kept(), 0U);
  EXPECT_LE(receiver.packets_kept(), 1U);
  for (std::int64_t number = 1001; number < 2000; ++number) receiver.handle_media(number, media);
  EXPECT_EQ(receiver.repairs_kept(), 0U);
  EXPECT_EQ(receiver.packets_kept(), static_cast<std::size_t>(FlexfecReceiver::kMaxPackets));
}

TEST(FlexfecHostile, LengthsThatLieRebuildNothing) {
  struct Case {
    const char* name;
    std::uint16_t length;
    std::size_t payload;
    bool rebuilt;
  };
  rtp::FlexfecMask mask;
  mask[0] = mask[1] = true;
  const Bytes present{0xbf, 0xff, 0, 10, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8};
  for (const Case& its :
       {Case{"longer than the repair data", 0xffff ^ 8, 1000, false}, Case{"by one byte", 101 ^ 8, 100, false},
        Case{"no repair data", 0 ^ 8, 0, false}, Case{"shorter than what is present", 5 ^ 8, 5, false},
        Case{"all that there is", 100 ^ 8, 100, true}, Case{"nothing but a header", 0 ^ 8, 100, true}}) {
    SCOPED_TRACE(its.name);
    FlexfecReceiver receiver;
    Forger forger;
    receiver.handle_media(10, present);
    // The sum's flags are those of the present packet: what is rebuilt has none.
    forger.attack(receiver, forger.repair(10, mask, its.length, its.payload));
    EXPECT_EQ(receiver.packets_recovered(), its.rebuilt ? 1U : 0U);
    EXPECT_EQ(receiver.repairs_discarded(), its.rebuilt ? 0U : 1U);
    EXPECT_EQ(receiver.repairs_kept(), 0U);
  }
}

TEST(FlexfecHostile, SumsThatAreNoRtpAreDropped) {
  FlexfecReceiver receiver;
  Forger forger;
  const Bytes present{0x80, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1};
  receiver.handle_media(10, present);
  rtp::FlexfecMask mask;
  mask[0] = mask[1] = true;
  // Fifteen sources and an extension of 65535 words in 100 bytes.
  forger.attack(receiver, forger.repair(10, mask, 100 ^ 1, 100));
  EXPECT_EQ(receiver.packets_recovered(), 0U);
  EXPECT_EQ(receiver.repairs_discarded(), 1U);
  EXPECT_EQ(receiver.packets_kept(), 1U);
}

TEST(FlexfecHostile, RepairsOfOthersAndOtherVariantsAreCountedAndDropped) {
  FlexfecReceiver receiver;
  Forger forger;
  receiver.handle_media(10, Bytes{0x80, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1});
  rtp::FlexfecMask mask;
  mask[1] = true;
  forger.attack(receiver, forger.repair(10, mask, 5, 100, rtp::Ssrc{0x9999}));
  std::uint64_t discarded = 1;
  EXPECT_EQ(receiver.repairs_discarded(), discarded);
  for (const unsigned variant : {0x40U, 0x80U, 0xc0U}) {
    Packet packet = forger.repair(10, mask, 5, 100);
    packet.data()[16] = static_cast<std::uint8_t>(variant);
    forger.attack(receiver, packet);
    EXPECT_EQ(receiver.repairs_discarded(), ++discarded);
  }
  EXPECT_EQ(receiver.repairs_kept() + receiver.packets_recovered(), 0U);
}

}  // namespace
}  // namespace tidewire::media
