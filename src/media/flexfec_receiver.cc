#include "media/flexfec_receiver.h"

#include <algorithm>
#include <utility>

#include "base/byte_writer.h"
#include "base/serial.h"

namespace tidewire::media {

namespace {

constexpr std::size_t kFixedHeader = 12;

}  // namespace

FlexfecReceiver::Kept* FlexfecReceiver::make_room(std::int64_t number) {
  if (packets_.empty()) {
    packets_.resize(static_cast<std::size_t>(kMaxPackets));
    for (Kept& kept : packets_) kept.bytes.reserve(kMaxPacketSize);
  }
  if (number > newest_) {
    newest_ = number;
    // What these lack will not be kept any more.
    for (Repair& repair : repairs_) {
      if (repair.used && !in_window(repair.first)) discard(repair);
    }
  }
  if (!in_window(number) || slot(number).number == number) return nullptr;
  return &slot(number);
}

void FlexfecReceiver::handle_media(std::int64_t number, ByteView packet) {
  if (since_repair_ == kIdle || packet.size() < kFixedHeader || packet.size() > kMaxPacketSize) return;
  if (++since_repair_ == kIdle) {
    // After a while nobody could tell a number from one a whole turn away.
    reset();
    since_repair_ = kIdle;
    return;
  }
  Kept* kept = make_room(number);
  if (!kept) return;
  kept->number = number;
  kept->usable = true;
  kept->bytes.assign(packet.begin(), packet.end());
  now_usable(number);
  solve();
}

void FlexfecReceiver::handle_elsewhere(std::int64_t number) {
  if (since_repair_ == kIdle) return;
  Kept* kept = make_room(number);
  if (!kept) return;
  kept->number = number;
  kept->usable = false;
  solve();
}

void FlexfecReceiver::now_usable(std::int64_t number) {
  for (Repair& repair : repairs_) {
    if (repair.used && repair.covers(number)) --repair.missing;
  }
}

void FlexfecReceiver::handle_repair(const rtp::PacketView& view, rtp::Ssrc source) {
  since_repair_ = 0;
  const auto header = rtp::FlexfecHeader::parse(view.header, view.payload);
  if (!header || header->protection_count != 1 || header->protections[0].ssrc != source || newest_ == kNone ||
      view.payload.size() - header->size > kMaxPacketSize - kFixedHeader) {
    return void(++discarded_);
  }
  const rtp::FlexfecProtection& its = header->protections[0];
  const std::int64_t base = newest_ + serial_distance(static_cast<std::uint16_t>(newest_), its.sequence_number_base);
  std::int64_t first = kNone;
  std::int64_t last = kNone;
  std::size_t missing = 0;
  for (std::size_t bit = 0; bit < its.mask.size(); ++bit) {
    if (!its.mask[bit]) continue;
    last = base + static_cast<std::int64_t>(bit);
    if (first == kNone) first = last;
    if (!is_usable(last)) ++missing;
  }
  // It may have overtaken what it is about, but not by much.
  if (missing == 0 || !in_window(first) || last >= newest_ + kMaxPackets) return void(++discarded_);
  Repair& repair = free_repair();
  repair.used = true;
  repair.ssrc = source;
  repair.base = base;
  repair.first = first;
  repair.missing = missing;
  repair.mask = its.mask;
  repair.recovery = header->recovery;
  const ByteView payload = view.payload.subspan(header->size);
  repair.payload.assign(payload.begin(), payload.end());
  solve();
}

FlexfecReceiver::Repair& FlexfecReceiver::free_repair() {
  if (repairs_.empty()) {
    repairs_.resize(kMaxRepairs);
    for (Repair& repair : repairs_) repair.payload.reserve(kMaxPacketSize);
  }
  Repair* oldest = &repairs_[0];
  for (Repair& repair : repairs_) {
    if (!repair.used) return repair;
    if (repair.first < oldest->first) oldest = &repair;
  }
  discard(*oldest);
  return *oldest;
}

void FlexfecReceiver::discard(Repair& repair) {
  repair.used = false;
  ++discarded_;
}

std::int64_t FlexfecReceiver::missing_of(const Repair& repair) {
  for (std::size_t bit = 0; bit < repair.mask.size(); ++bit) {
    const std::int64_t number = repair.base + static_cast<std::int64_t>(bit);
    if (repair.mask[bit] && !is_usable(number)) return number;
  }
  return kNone;
}

// RFC 8627 §6.3.4: as long as one of them leads to the next. Each round uses a repair packet up.
void FlexfecReceiver::solve() {
  for (bool again = true; std::exchange(again, false);) {
    for (Repair& repair : repairs_) {
      if (!repair.used || repair.missing > 1) continue;
      const std::int64_t number = missing_of(repair);
      // Nothing is missing any more, or it is here already.
      if (repair.missing == 0 || slot(number).number == number || recovered_.full() || !rebuild(repair, number)) {
        discard(repair);
        continue;
      }
      repair.used = false;
      now_usable(number);
      (void)recovered_.push(number);
      ++recovered_count_;
      again = true;
    }
  }
}

// RFC 8627 §6.3.2, §6.3.3. False, with nothing kept, when the sum is no RTP packet.
bool FlexfecReceiver::rebuild(const Repair& repair, std::int64_t number) {
  const std::size_t size = repair.payload.size();
  Kept* kept = make_room(number);
  if (!kept) return false;
  kept->number = kNone;
  rtp::FlexfecRecovery recovery = repair.recovery;
  kept->bytes.assign(kFixedHeader + size, 0);
  const MutableByteView rest = MutableByteView(kept->bytes).subspan(kFixedHeader);
  rtp::add_flexfec_payload(rest, repair.payload);
  for (std::size_t bit = 0; bit < repair.mask.size(); ++bit) {
    const std::int64_t its = repair.base + static_cast<std::int64_t>(bit);
    if (!repair.mask[bit] || its == number) continue;
    const ByteView other = slot(its).bytes;
    // §6.2: it is as long as the longest of them.
    if (other.size() > kFixedHeader + size) return false;
    recovery.add(other);
    rtp::add_flexfec_payload(rest, other.subspan(kFixedHeader));
  }
  if (recovery.length > size) return false;
  kept->bytes.resize(kFixedHeader + recovery.length);
  ByteWriter writer(MutableByteView(kept->bytes).first(kFixedHeader));
  writer.u8(0x80U | recovery.flags);
  writer.u8(recovery.marker_and_type);
  writer.u16(static_cast<std::uint64_t>(number) & 0xffffU);
  writer.u32(recovery.timestamp);
  writer.u32(repair.ssrc.value());
  if (!rtp::PacketView::parse(kept->bytes)) return false;
  kept->number = number;
  kept->usable = true;
  return true;
}

std::optional<FlexfecReceiver::Recovered> FlexfecReceiver::poll_recovered(PacketPool& pool) {
  while (const auto number = recovered_.pop()) {
    if (!is_usable(*number)) continue;  // pushed out meanwhile
    Packet packet = pool.copy_of(slot(*number).bytes);
    if (packet) return Recovered{*number, std::move(packet)};
  }
  return std::nullopt;
}

void FlexfecReceiver::reset() {
  for (Kept& kept : packets_) kept.number = kNone;
  for (Repair& repair : repairs_) {
    if (repair.used) discard(repair);
  }
  recovered_.clear();
  newest_ = kNone;
  since_repair_ = 0;
}

std::size_t FlexfecReceiver::packets_kept() const {
  return static_cast<std::size_t>(std::ranges::count_if(packets_, [](const Kept& k) { return k.number != kNone; }));
}

std::size_t FlexfecReceiver::repairs_kept() const {
  return static_cast<std::size_t>(std::ranges::count_if(repairs_, [](const Repair& r) { return r.used; }));
}

}  // namespace tidewire::media
