#include "media/flexfec_sender.h"

#include <algorithm>
#include <cstring>

namespace tidewire::media {

namespace {

constexpr std::size_t kFixedHeader = 12;
constexpr Duration kMeasuredFor = std::chrono::seconds{1};

}  // namespace

void FlexfecSender::handle_sent(ByteView packet, bool key_frame, Timestamp now) {
  const auto header = rtp::Header::parse(packet);
  if (!header) return;
  measure(packet.size(), now);
  credit_ = std::min(credit_ + kFlexfecMaxShare * static_cast<double>(packet.size()), kMaxCredit);
  // Tables hold packets that follow one another, of key frames or of others.
  if (open_ && (key_frame != of_key_frame_ || header->sequence_number != next_number_)) close();
  if (!open_) open(key_frame ? plan_.key_frames : plan_.others, key_frame, now);
  if (!open_) return;
  next_number_ = static_cast<std::uint16_t>(header->sequence_number + 1);
  add(columns_[count_ % shape_.columns], packet);
  if (shape_.row_parity) add(row_, packet);
  ++count_;
  const bool row_full = count_ % shape_.columns == 0;
  if (shape_.row_parity && row_full) emit(row_);
  // The end of a frame: what is missing of a key frame is wanted now; others may wait for company.
  const bool waited = now - opened_ >= plan_.max_age && count_ >= 2 * shape_.columns;
  if (count_ == shape_.size() || (header->marker && (key_frame || waited))) close();
}

void FlexfecSender::open(const FlexfecShape& shape, bool key_frame, Timestamp now) {
  if (shape.columns == 0 || shape.columns > kMaxColumns || shape.size() > rtp::FlexfecMask{}.size()) return;
  open_ = true;
  shape_ = shape;
  of_key_frame_ = key_frame;
  opened_ = now;
  count_ = 0;
}

void FlexfecSender::close() {
  for (Sum& sum : columns_) emit(sum);
  row_ = {};
  open_ = false;
}

void FlexfecSender::reset() {
  for (Sum& sum : columns_) sum = {};
  row_ = {};
  open_ = false;
  queue_.clear();
}

// RFC 8627 §6.2
void FlexfecSender::add(Sum& sum, ByteView packet) {
  const auto header = rtp::Header::parse(packet);
  const ByteView rest = packet.subspan(kFixedHeader);
  if (!sum.payload) {
    sum.payload = pool_.make();
    sum.recovery = {};
    sum.protection = {header->ssrc, header->sequence_number, {}};
  }
  const std::size_t before = sum.payload.size();
  if (rest.size() > before) {
    // One that does not fit is not protected.
    if (!sum.payload.resize(rest.size())) return;
    std::memset(sum.payload.data() + before, 0, rest.size() - before);
  }
  rtp::add_flexfec_payload(sum.payload.bytes(), rest);
  sum.recovery.add(packet);
  const auto bit = static_cast<std::uint16_t>(header->sequence_number - sum.protection.sequence_number_base);
  sum.protection.mask[bit] = true;
}

void FlexfecSender::emit(Sum& sum) {
  Packet packet = std::move(sum.payload);
  if (!packet || sum.protection.mask.none()) return;
  rtp::FlexfecHeader header;
  header.recovery = sum.recovery;
  header.protections[0] = sum.protection;
  header.protection_count = 1;
  const std::size_t size = 8 + rtp::flexfec_mask_size(sum.protection.mask);
  if (!packet.prepend(size) || rtp::write_flexfec_header(header, packet.bytes()) != size) return;
  if (credit_ < static_cast<double>(packet.size()) || queue_.full()) return;
  credit_ -= static_cast<double>(packet.size());
  measured_repair_ += packet.size();
  (void)queue_.push(std::move(packet));
}

void FlexfecSender::measure(std::size_t size, Timestamp now) {
  if (!measured_since_) measured_since_ = now;
  const Duration time = now - *measured_since_;
  if (time >= kMeasuredFor) {
    packets_per_second_ = static_cast<double>(measured_packets_) / std::chrono::duration<double>(time).count();
    overhead_ = static_cast<double>(measured_repair_) / static_cast<double>(std::max<std::size_t>(measured_bytes_, 1));
    measured_packets_ = measured_bytes_ = measured_repair_ = 0;
    measured_since_ = now;
  }
  ++measured_packets_;
  measured_bytes_ += size;
}

}  // namespace tidewire::media
