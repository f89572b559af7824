#include "rtp/transport_feedback.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/serial.h"

namespace tidewire::rtp {

namespace {

// Packet status symbols (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.1).
constexpr std::uint8_t kNotReceived = 0;
constexpr std::uint8_t kSmallDelta = 1;
constexpr std::uint8_t kLargeDelta = 2;

constexpr std::size_t kMaxRun = 0x1fff;  // §3.1.3: 13 bits
constexpr std::size_t kOneBitSymbols = 14;
constexpr std::size_t kTwoBitSymbols = 7;

constexpr std::size_t delta_size(std::uint8_t symbol) {
  return symbol == kSmallDelta ? 1 : symbol == kLargeDelta ? 2 : 0;
}

// Bytes of deltas that a chunk calls for, of which only the first `left` symbols count.
std::size_t deltas_of_chunk(std::uint16_t chunk, std::size_t left) {
  if ((chunk & 0x8000U) == 0) {
    return delta_size(chunk >> 13 & 3U) * std::min<std::size_t>(chunk & kMaxRun, left);
  }
  const bool two_bits = (chunk & 0x4000U) != 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < std::min(two_bits ? kTwoBitSymbols : kOneBitSymbols, left); ++i) {
    size += two_bits ? delta_size(chunk >> (12 - 2 * i) & 3U) : delta_size(chunk >> (13 - i) & 1U);
  }
  return size;
}

std::size_t symbols_of_chunk(std::uint16_t chunk) {
  if ((chunk & 0x8000U) == 0) return chunk & kMaxRun;
  return (chunk & 0x4000U) != 0 ? kTwoBitSymbols : kOneBitSymbols;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

std::optional<TransportFeedback> TransportFeedback::parse(const RtcpPacket& packet) {
  if (packet.type != RtcpType::kTransportFeedback || packet.count != kFmtTransportWideFeedback) return std::nullopt;
  ByteReader reader(packet.body);
  TransportFeedback feedback;
  feedback.sender = Ssrc(reader.u32());
  feedback.media = Ssrc(reader.u32());
  feedback.base_sequence_number = reader.u16();
  feedback.status_count = reader.u16();
  feedback.reference_time = static_cast<std::int32_t>(reader.u24() << 8) >> 8;
  feedback.feedback_packet_count = reader.u8();
  const ByteView rest = reader.rest();
  std::size_t deltas = 0;
  for (std::size_t left = feedback.status_count; left > 0;) {
    const std::uint16_t chunk = reader.u16();
    if (!reader.ok()) return std::nullopt;
    deltas += deltas_of_chunk(chunk, left);
    left -= std::min(left, symbols_of_chunk(chunk));
  }
  if (!reader.ok() || reader.remaining() < deltas) return std::nullopt;
  feedback.chunks_ = rest.first(rest.size() - reader.remaining());
  feedback.deltas_ = reader.rest();
  feedback.time_ = kReferenceTick * feedback.reference_time;
  return feedback;
}

bool TransportFeedback::load_chunk() {
  ByteReader reader(chunks_);
  const std::uint16_t chunk = reader.u16();
  if (!reader.ok() || index_ >= status_count) return false;
  chunks_ = reader.rest();
  left_ = std::min(symbols_of_chunk(chunk), status_count - index_);
  symbol_bits_ = (chunk & 0x8000U) == 0 ? 0 : (chunk & 0x4000U) != 0 ? 2 : 1;
  run_symbol_ = static_cast<std::uint8_t>(chunk >> 13 & 3U);
  symbols_ = static_cast<std::uint16_t>(chunk << 2);
  // A run of what did not arrive is passed over in one step, so that 8191 numbers cost no more than one.
  if (symbol_bits_ == 0 && delta_size(run_symbol_) == 0) {
    index_ += left_;
    left_ = 0;
  }
  return true;
}

std::optional<TransportFeedback::Arrival> TransportFeedback::next() {
  while (left_ > 0 || load_chunk()) {
    if (left_ == 0) continue;
    std::uint8_t symbol = run_symbol_;
    if (symbol_bits_ != 0) {
      symbol = static_cast<std::uint8_t>(symbols_ >> (16 - symbol_bits_));
      symbols_ = static_cast<std::uint16_t>(symbols_ << symbol_bits_);
    }
    --left_;
    const auto sequence_number = static_cast<std::uint16_t>(base_sequence_number + index_++);
    if (delta_size(symbol) == 0) continue;
    ByteReader reader(deltas_);
    const std::int64_t delta =
        symbol == kSmallDelta ? std::int64_t{reader.u8()} : std::int64_t{static_cast<std::int16_t>(reader.u16())};
    deltas_ = reader.rest();
    time_ += kTick * delta;
    return Arrival{sequence_number, time_};
  }
  return std::nullopt;
}

void TransportFeedbackBuilder::start(std::uint16_t base_sequence_number, Duration arrival,
                                     std::uint8_t feedback_packet_count) {
  base_ = base_sequence_number;
  reference_ = floor_divide(arrival.count(), TransportFeedback::kReferenceTick.count());
  last_ticks_ = reference_ * (TransportFeedback::kReferenceTick / TransportFeedback::kTick);
  feedback_packet_count_ = feedback_packet_count;
  symbols_.clear();
  deltas_.clear();
}

bool TransportFeedbackBuilder::add(std::uint16_t sequence_number, Duration arrival) {
  const auto index = static_cast<std::uint16_t>(sequence_number - base_);
  if (index < symbols_.size() || index >= kMaxStatuses) return false;
  const std::int64_t ticks = floor_divide(arrival.count(), TransportFeedback::kTick.count());
  const std::int64_t delta = ticks - last_ticks_;
  if (delta < INT16_MIN || delta > INT16_MAX) return false;
  symbols_.resize(index, kNotReceived);
  symbols_.push_back(delta >= 0 && delta <= 255 ? kSmallDelta : kLargeDelta);
  deltas_.push_back(static_cast<std::int16_t>(delta));
  last_ticks_ = ticks;
  return true;
}

namespace {

// Takes the longest chunk of each kind that fits the symbols to come, and writes the one that says most.
std::size_t write_chunk(ByteWriter& writer, std::span<const std::uint8_t> symbols) {
  const auto differs = std::find_if(symbols.begin(), symbols.end(), [&](auto s) { return s != symbols.front(); });
  const std::size_t run = std::min<std::size_t>(static_cast<std::size_t>(differs - symbols.begin()), kMaxRun);
  const auto head = symbols.first(std::min(symbols.size(), kOneBitSymbols));
  const bool one_bit = std::find(head.begin(), head.end(), kLargeDelta) == head.end();
  const std::size_t vector = std::min(symbols.size(), one_bit ? kOneBitSymbols : kTwoBitSymbols);
  if (run >= vector) {
    writer.u16(static_cast<unsigned>(symbols.front()) << 13 | run);
    return run;
  }
  unsigned chunk = one_bit ? 0x8000U : 0xc000U;
  for (std::size_t i = 0; i < vector; ++i) {
    chunk |=
        one_bit ? static_cast<unsigned>(symbols[i]) << (13 - i) : static_cast<unsigned>(symbols[i]) << (12 - 2 * i);
  }
  writer.u16(chunk);
  return vector;
}

}  // namespace

bool TransportFeedbackBuilder::write(RtcpWriter& writer, Ssrc sender, Ssrc media) const {
  if (symbols_.empty()) return false;
  return writer.add(RtcpType::kTransportFeedback, kFmtTransportWideFeedback, [&](ByteWriter& body) {
    body.u32(sender.value());
    body.u32(media.value());
    body.u16(base_);
    body.u16(symbols_.size());
    body.u24(static_cast<std::uint64_t>(reference_));
    body.u8(feedback_packet_count_);
    for (std::size_t done = 0; done < symbols_.size();) {
      done += write_chunk(body, std::span(symbols_).subspan(done));
    }
    std::size_t delta = 0;
    for (const std::uint8_t symbol : symbols_) {
      if (symbol == kSmallDelta) body.u8(static_cast<std::uint8_t>(deltas_[delta++]));
      if (symbol == kLargeDelta) body.u16(static_cast<std::uint16_t>(deltas_[delta++]));
    }
  });
}

}  // namespace tidewire::rtp
