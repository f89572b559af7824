// RTP: parsing a header, and a picture on its way from frame to packets and back to a frame.
#include <benchmark/benchmark.h>

#include "media/stream_table.h"
#include "rtp/extensions.h"

namespace {

using namespace tidewire;
using namespace std::chrono_literals;

rtp::ExtensionMap extensions() {
  rtp::ExtensionMap map;
  map.add(rtp::ExtensionType::kMid, 1);
  map.add(rtp::ExtensionType::kTransportSequenceNumber, 2);
  map.add(rtp::ExtensionType::kAbsoluteSendTime, 3);
  return map;
}

void BM_RtpParse(benchmark::State& state) {
  PacketPool pool;
  const rtp::ExtensionMap map = extensions();
  rtp::Extensions values;
  values.mid = "0";
  values.transport_sequence_number = 1;
  values.absolute_send_time = 2;
  Packet packet = pool.copy_of(Bytes(1000));
  (void)rtp::write_header(packet, {}, values, map);
  for (auto _ : state) {
    const auto view = rtp::PacketView::parse(packet.bytes());
    benchmark::DoNotOptimize(rtp::read_extensions(view->header, map));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RtpParse);

// One frame of the given size: packed, numbered, kept for repetition; and put together again at the other end.
void BM_RtpVideoFrame(benchmark::State& state) {
  PacketPool pool;
  Timestamp now{1s};
  media::StreamTable sender({.cname = "s"}, pool, crypto::Random::from_test_seed(1));
  media::StreamTable receiver({.cname = "r"}, pool, crypto::Random::from_test_seed(2));
  const auto stream = *sender.add_send_stream({.ssrc = rtp::Ssrc(1),
                                               .payload_type = rtp::PayloadType(96),
                                               .mid = "v",
                                               .extensions = extensions(),
                                               .rtx = media::RtxConfig{rtp::Ssrc(2), rtp::PayloadType(97)},
                                               .target_bitrate = 1'000'000'000},
                                              now);
  media::ReceiveStreamConfig in{.mid = "v", .extensions = extensions()};
  in.codecs.push_back({rtp::PayloadType(96), CodecType::kVp8, rtp::PayloadType(97)});
  (void)receiver.add_receive_stream(in, now);
  EncodedFrame frame;
  frame.payload.assign(static_cast<std::size_t>(state.range(0)), 0);
  const Bytes head{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};
  std::copy(head.begin(), head.end(), frame.payload.begin());
  std::int64_t frames = 0;
  std::int64_t packets = 0;
  std::uint64_t allocations = 0;
  for (auto _ : state) {
    if (frames == 1024) allocations = pool.allocations();
    frame.rtp_timestamp += 3000;
    (void)sender.send_frame(stream, frame, now);
    for (int tick = 0; tick < 33; ++tick) {
      now += 1ms;
      while (auto outgoing = sender.poll_transmit(now)) {
        ++packets;
        if (outgoing->kind == media::StreamTable::Outgoing::Kind::kRtp) {
          receiver.handle_rtp(std::move(outgoing->packet), now);
        }
      }
    }
    sender.handle_timeout(now);
    receiver.handle_timeout(now);
    while (auto outgoing = receiver.poll_transmit(now)) sender.handle_rtcp(outgoing->packet.bytes(), now);
    while (auto event = receiver.poll_event()) frames += std::holds_alternative<media::FrameReceived>(*event);
  }
  state.SetItemsProcessed(packets);
  state.counters["frames_lost"] = static_cast<double>(state.iterations() - frames);
  state.counters["late_allocations"] = static_cast<double>(pool.allocations() - allocations);
}
BENCHMARK(BM_RtpVideoFrame)->Arg(6'000)->Arg(60'000);

}  // namespace
