// What is protected by one end is rebuilt by the other.
#include <string>
#include <vector>

#include "media/flexfec_path_for_test.h"

namespace tidewire::media {
namespace {

struct Pattern {
  const char* name;
  FlexfecShape shape;
  std::set<std::size_t> lost;          // of the packets of one table
  std::set<std::size_t> repairs_lost;  // of its repair packets, in the order in which they leave
  std::size_t left;                    // that cannot be repaired
};

TEST(Flexfec, RebuildsWhatThePatternOfLossesAllows) {
  // Of the table with columns: repairs 0, 1, 2. Of the square: rows 0 to 3, then columns 4 to 7; row 0 is 0 1 2 3.
  const std::vector<Pattern> patterns{
      {"nothing lost", kThreeColumns, {}, {}, 0},
      {"one", kThreeColumns, {5}, {}, 0},
      {"the first", kThreeColumns, {0}, {}, 0},
      {"the last", kThreeColumns, {11}, {}, 0},
      {"a burst of two", kThreeColumns, {4, 5}, {}, 0},
      {"a burst of three", kThreeColumns, {4, 5, 6}, {}, 0},
      {"a burst of four", kThreeColumns, {4, 5, 6, 7}, {}, 2},
      {"two of one column", kThreeColumns, {1, 4}, {}, 2},
      {"one and its repair packet", kThreeColumns, {4}, {1}, 1},
      {"one and other repair packets", kThreeColumns, {4}, {0, 2}, 0},
      {"a whole row", kFourByFour, {4, 5, 6, 7}, {}, 0},
      {"a whole column", kFourByFour, {1, 5, 9, 13}, {}, 0},
      {"a burst over two rows", kFourByFour, {2, 3, 4, 5, 6}, {}, 0},
      {"one by its row alone", kFourByFour, {6}, {4, 5, 6, 7}, 0},
      {"one by its column alone", kFourByFour, {6}, {0, 1, 2, 3}, 0},
      {"three of a rectangle, one after the other", kFourByFour, {0, 1, 4}, {}, 0},
      {"a rectangle", kFourByFour, {0, 1, 4, 5}, {}, 4},
      {"a staircase", kFourByFour, {0, 1, 5, 6, 10, 11, 15}, {}, 0},
  };
  for (const Pattern& its : patterns) {
    SCOPED_TRACE(its.name);
    // Of all lengths, as far as the budget allows.
    Path path(its.shape, 0xfff0, its.shape.row_parity ? 1000 : 1);
    for (std::size_t i = 0; i < 2 * its.shape.size(); ++i) path.send(false);  // and the credit for repairs grows
    path.repair();
    path.repairs = 0;
    for (std::size_t i = 0; i < its.shape.size(); ++i) path.send(its.lost.contains(i));
    path.repair(its.repairs_lost);
    EXPECT_EQ(path.repairs, its.shape.columns + (its.shape.row_parity ? its.shape.rows : 0));
    EXPECT_EQ(path.missing.size(), its.left);
    EXPECT_EQ(path.recovered_count, its.lost.size() - its.left);
  }
}

TEST(Flexfec, RepairsRandomLossForHoursAcrossTheWrapOfNumbers) {
  Path path(kFourByFour, 0, 1000);
  std::mt19937_64 random(3);
  std::size_t lost = 0;
  for (int i = 0; i < 150'000; ++i) {
    const bool its = random() % 100 < 5;
    lost += its ? 1U : 0U;
    path.send(its);
    std::set<std::size_t> repairs_lost;
    if (random() % 20 == 0) repairs_lost.insert(path.repairs);
    path.repair(repairs_lost);
    if (path.sent.size() > 1000) path.sent.erase(path.sent.begin());
  }
  ASSERT_GT(lost, 7'000U);
  EXPECT_LT(path.missing.size(), lost / 50);
  EXPECT_EQ(path.recovered_count + path.missing.size(), lost);
}

TEST(Flexfec, RepairPacketsThatOvertakeAreOfUse) {
  Path path(kThreeColumns, 100);
  path.send(false);
  std::vector<Bytes> held;
  for (std::size_t i = 1; i < kThreeColumns.size(); ++i) {
    held.push_back(path.make_packet());
    path.sent[path.number - 1] = held.back();
    path.sender.handle_sent(held.back(), false, path.now);
  }
  path.repair();
  path.missing.insert(105);
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (101 + i != 105) path.receiver.handle_media(static_cast<std::int64_t>(101 + i), held[i]);
    while (const auto recovered = path.receiver.poll_recovered(path.pool)) {
      EXPECT_TRUE(std::ranges::equal(recovered->packet.bytes(), path.sent[recovered->number]));
      path.missing.erase(recovered->number);
    }
  }
  EXPECT_TRUE(path.missing.empty());
}

TEST(Flexfec, DoesNotRebuildWhatWasRepeatedNorFromIt) {
  Path path(kThreeColumns, 100);
  for (std::size_t i = 0; i < kThreeColumns.size(); ++i) path.send(i == 3 || i == 4 || i == 7);
  path.receiver.handle_elsewhere(103);
  path.receiver.handle_elsewhere(104);
  path.repair();
  // 103 is there. 104 and 107 are of one column, and the bytes of 104 as it was sent are not known.
  EXPECT_EQ(path.recovered_count, 0U);
  EXPECT_EQ(path.receiver.repairs_kept(), 1U);
  EXPECT_EQ(path.receiver.repairs_discarded(), 2U);
}

TEST(FlexfecSender, SendsNothingWithoutAPlan) {
  Path path({});
  for (int i = 0; i < 100; ++i) path.send(false);
  EXPECT_TRUE(path.sender.empty());
}

TEST(FlexfecSender, ClosesATableAtTheEndOfAKeyFrameAndOfAnOldFrame) {
  PacketPool pool;
  FlexfecSender sender(pool);
  sender.set_plan({{2, 15, false}, {2, 15, false}, 100ms});
  std::uint16_t number = 0;
  const auto send = [&](bool marker, bool key_frame, Timestamp now) {
    Packet packet = pool.copy_of(Bytes(500));
    ASSERT_TRUE(rtp::write_header(packet, {marker, rtp::PayloadType{96}, number++, 0, kSource}, {}, {}));
    sender.handle_sent(packet.bytes(), key_frame, now);
  };
  const auto repairs = [&] {
    int count = 0;
    while (sender.poll()) ++count;
    return count;
  };
  Timestamp now{1s};
  for (int i = 0; i < 5; ++i) send(i == 4, true, now);
  EXPECT_EQ(repairs(), 2);
  for (int i = 0; i < 4; ++i) send(true, false, now);
  EXPECT_EQ(repairs(), 0) << "not old yet";
  send(false, false, now + 100ms);
  EXPECT_EQ(repairs(), 0) << "in the middle of a frame";
  send(true, false, now + 101ms);
  EXPECT_EQ(repairs(), 2);
  send(true, false, now + 101ms);
  send(false, true, now + 102ms);
  EXPECT_EQ(repairs(), 1) << "of one frame that is none, before a key frame";
}

TEST(FlexfecSender, NeverSendsMoreThanHalfOfTheStream) {
  Path path({2, 1, true});  // a table of one row: three repairs for two packets
  std::size_t media = 0;
  std::size_t repair = 0;
  for (int i = 0; i < 2'000; ++i) {
    const Bytes packet = path.make_packet();
    media += packet.size();
    path.sender.handle_sent(packet, false, path.now);
    while (const auto its = path.sender.poll()) repair += its->size();
    path.now += 1ms;
  }
  EXPECT_LE(repair, media / 2);
  EXPECT_GT(repair, media * 2 / 5);
  EXPECT_NEAR(path.sender.overhead(), 0.5, 0.05);
  EXPECT_NEAR(path.sender.packets_per_second(), 1000, 20);
}

TEST(FlexfecSender, QueuesNoMoreThanItsBound) {
  Path path({2, 1, false});
  for (int i = 0; i < 1'000; ++i) path.sender.handle_sent(path.make_packet(), false, path.now);
  std::size_t count = 0;
  while (path.sender.poll()) ++count;
  EXPECT_EQ(count, FlexfecSender::kMaxQueue);
}

TEST(FlexfecReceiver, KeepsNothingWhileNoRepairsCome) {
  FlexfecReceiver receiver;
  const Bytes media{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1};
  for (std::int64_t number = 0; number < 2 * std::int64_t{FlexfecReceiver::kIdle}; ++number) {
    receiver.handle_media(number, media);
  }
  EXPECT_EQ(receiver.packets_kept(), 0U);
  Forger forger;
  rtp::FlexfecMask mask;
  mask[0] = mask[1] = true;
  forger.attack(receiver, forger.repair(0, mask, 5, 100));
  receiver.handle_media(5000, media);
  EXPECT_EQ(receiver.packets_kept(), 1U);
}

}  // namespace
}  // namespace tidewire::media
