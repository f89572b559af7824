// What a stream takes from the heap once it is under way.
#include <gtest/gtest.h>

#include "base/allocations_for_test.h"
#include "media/call_for_test.h"
#include "media/flexfec_path_for_test.h"
#include "media/smooth_call_for_test.h"

namespace tidewire::media {
namespace {

TEST(SteadyState, ReceivingPicturesAllocatesFramesAndNothingElse) {
  for (const bool lossy : {false, true}) {
    SmoothCall call(3);
    call.path.jitter = 10ms;
    call.path.loss = lossy ? 0.02 : 0;
    std::size_t before = 0;
    std::size_t taken = 0;
    call.run(20s);
    call.watch = [&](bool begins) {
      if (begins) {
        before = allocations_from_heap;
      } else {
        taken += allocations_from_heap - before;
      }
    };
    call.reset_view();
    const std::uint64_t packets = call.stats().packets_received;
    call.run(20s);
    EXPECT_GT(call.stats().packets_received - packets, 3000U);
    const std::size_t frames = call.shown.size();
    // One for each frame's payload. Queues take blocks of many elements now and then; reports collect their blocks.
    EXPECT_LE(taken, frames + 100) << (lossy ? "with loss" : "without loss");
  }
}

TEST(SteadyState, ReceivingSoundAllocatesFramesAndNothingElse) {
  PacketPool pool;
  AudioReceiveStream stream(audio_in());
  stream.set_ssrc(Ssrc(1));
  Timestamp now{1h};
  std::size_t given_out = 0;
  std::size_t taken = 0;
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    if (i == 1'000) given_out = 0;
    Packet packet = pool.copy_of(Bytes{0xf8, 1, 2, 3});
    ASSERT_TRUE(rtp::write_header(packet, {false, kOpusType, static_cast<std::uint16_t>(i), i * 960, Ssrc(1)}, {}, {}));
    const std::size_t own = allocations_from_heap;
    stream.handle_packet(*rtp::PacketView::parse(packet.bytes()), packet.size(), now);
    while (const auto slot = stream.poll_slot(now)) given_out += slot->frame ? 1 : 0;
    if (i >= 1'000) taken += allocations_from_heap - own;
    now += 20ms;
  }
  EXPECT_EQ(given_out, 1'000U);
  EXPECT_LE(taken, given_out + 1);
}

TEST(Flexfec, AllocatesNothingInTheSteadyState) {
  Path path(kFourByFour, 0, 1000);
  const auto round = [&] {
    std::size_t taken = 0;
    for (int i = 0; i < 16; ++i) {
      const std::int64_t its = path.number;
      const Bytes packet = path.make_packet();
      const std::size_t before = allocations_from_heap;
      if (i % 7 != 3) path.receiver.handle_media(its, packet);
      path.sender.handle_sent(packet, false, path.now);
      while (auto repair = path.sender.poll()) {
        const Packet wire = path.as_rtp(std::move(*repair));
        path.receiver.handle_repair(*rtp::PacketView::parse(wire.bytes()), kSource);
      }
      while (path.receiver.poll_recovered(path.pool)) {
      }
      taken += allocations_from_heap - before;
    }
    return taken;
  };
  for (int i = 0; i < 400; ++i) round();  // until each place has held a long packet
  const std::uint64_t blocks = path.pool.allocations();
  std::size_t taken = 0;
  for (int i = 0; i < 400; ++i) taken += round();
  EXPECT_LE(taken, 8U);
  EXPECT_EQ(path.pool.allocations(), blocks);
  EXPECT_GT(path.receiver.packets_recovered(), 1000U);
}

}  // namespace
}  // namespace tidewire::media
