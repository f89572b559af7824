// The payload formats of all codecs: payloads from the wire, as one frame and one by one; and frames that are cut and
// put together again. The first byte tells the codec and what to do, the second the size of packets.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/byte_reader.h"
#include "media/frame_assembler.h"
#include "media/payload/format.h"
#include "media/payload/red.h"
#include "rtp/extensions.h"

namespace {

using namespace tidewire;
using namespace tidewire::media;

constexpr std::array kCodecs{CodecType::kVp8,  CodecType::kVp9,  CodecType::kH264, CodecType::kAv1,
                             CodecType::kOpus, CodecType::kPcmu, CodecType::kPcma};

void check(bool holds) {
  if (!holds) std::abort();
}

std::vector<ByteView> split(ByteReader& in) {
  std::vector<ByteView> payloads;
  while (!in.empty()) {
    const std::size_t size = std::size_t{in.u8()} | std::size_t{in.u8()} << 8;
    payloads.push_back(in.take(std::min(size, in.remaining())));
  }
  return payloads;
}

void build(CodecType codec, const std::vector<ByteView>& payloads) {
  FrameBuilder builder(codec);
  Bytes frame;
  std::size_t size = 0;
  for (const ByteView payload : payloads) {
    const auto info = parse_payload(codec, payload);
    if (info) check(info->width >= 0 && info->width <= kMaxPictureSide && info->height <= kMaxPictureSide);
    size += payload.size();
    if (!builder.add(payload, frame)) return;
    check(frame.size() <= 3 * size + 16);  // a start code for each byte with a size of two
  }
  static_cast<void>(builder.finish(frame));
}

// In an order, with markers and timestamps, that the script tells.
void assemble(ByteReader& in, PacketPool& pool) {
  FrameAssembler assembler;
  std::int64_t number = 100;
  while (!in.empty()) {
    const std::uint8_t how = in.u8();
    number += static_cast<std::int8_t>(in.u8());
    const CodecType codec = kCodecs[how % 4];
    Packet packet = pool.copy_of(in.take(std::min<std::size_t>(in.u8(), in.remaining())));
    const rtp::HeaderFields fields{(how & 0x80U) != 0, rtp::PayloadType(96), static_cast<std::uint16_t>(number),
                                   how >> 4U & 0x07U, rtp::Ssrc(1)};
    check(rtp::write_header(packet, fields, {}, {}));
    const auto view = rtp::PacketView::parse(packet.bytes());
    assembler.insert(number, codec, std::move(packet), *view, Timestamp{});
    if ((how & 0x0cU) == 0x0cU) continue;
    while (const auto ready = assembler.ready()) {
      const auto frame = assembler.take(*ready);
      check(!frame || !frame->payload.empty());
      check(frame || assembler.needs_key_frame());
    }
    if (const auto ready = assembler.ready_skipping(); ready && (how & 0x40U) != 0) {
      check(ready->skips);
      const auto frame = assembler.take(*ready);
      check(frame || assembler.needs_key_frame());
    }
  }
}

// The frame that is made of a frame's payloads; nothing when it cannot be cut.
std::optional<Bytes> round_trip(const EncodedFrame& frame, const PacketizerOptions& options, PacketPool& pool) {
  std::vector<Packet> packets;
  if (!packetize(frame, options, pool, packets)) return std::nullopt;
  FrameBuilder builder(frame.codec);
  Bytes built;
  for (const Packet& packet : packets) {
    check(packet.size() <= std::max<std::size_t>(options.max_payload, 16));
    check(packet.headroom() == Packet::kHeadroom);
    check(builder.add(packet.bytes(), built));
  }
  if (packets.empty()) return std::nullopt;
  check(builder.finish(built));
  return built;
}

// Start codes and sizes may be written in several ways: once they were written in ours, they stay.
void cut(CodecType codec, bool key_frame, std::size_t max_payload, ByteView bytes, PacketPool& pool) {
  EncodedFrame frame{.codec = codec, .payload = Bytes(bytes.begin(), bytes.end()), .key_frame = key_frame};
  const PacketizerOptions options{.max_payload = max_payload, .max_packets = 4096};
  const auto once = round_trip(frame, options, pool);
  if (!once) return;
  if (codec != CodecType::kH264 && codec != CodecType::kAv1) check(*once == frame.payload);
  frame.payload = *once;
  check(round_trip(frame, options, pool) == once);
  check(round_trip(frame, {.max_payload = 1500, .max_packets = 4096}, pool) == once);
}

// What can be read is written as the same again.
void redundancy(ByteView payload, PacketPool& pool) {
  const auto red = parse_red(payload);
  if (!red) return;
  std::size_t size = red->primary.payload.size();
  for (const RedBlock& copy : red->copies()) size += copy.payload.size() + kRedBlockHeader;
  check(size + kRedPrimaryHeader == payload.size());
  Packet packet = pool.make();
  if (!write_red(packet, red->copies(), red->primary)) return;  // larger than a packet
  check(std::equal(payload.begin(), payload.end(), packet.bytes().begin(), packet.bytes().end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool pool(64);
  ByteReader in({data, size});
  const std::uint8_t what = in.u8();
  const CodecType codec = kCodecs[(what & 0x0fU) % kCodecs.size()];
  const std::size_t max_payload = in.u8() + std::size_t{16};
  switch (what >> 4 & 0x03U) {
    case 0: build(codec, split(in)); break;
    case 1: assemble(in, pool); break;
    case 2: redundancy(in.rest(), pool); break;
    default: cut(codec, (what & 0x80U) != 0, max_payload, in.rest(), pool);
  }
  return 0;
}
