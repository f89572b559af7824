#include "media/frame_dependencies.h"

#include <algorithm>

namespace tidewire::media {

namespace {

constexpr std::uint8_t kAllUpperLayers = 0xfe;

constexpr std::uint8_t bit(std::uint8_t layer) { return static_cast<std::uint8_t>(1U << (layer & 7U)); }
constexpr std::uint8_t layers_above(std::uint8_t layer) { return static_cast<std::uint8_t>(0xfeU << (layer & 7U)); }

}  // namespace

PacketDependencies PacketDependencies::from(const PayloadInfo& info, const rtp::DependencyDescriptor* descriptor) {
  PacketDependencies told;
  if (descriptor) {
    told.kind = Kind::kNumbers;
    told.begins_layer = descriptor->first_packet;
    told.number = descriptor->frame_number;
    told.distances = descriptor->frame.distances;
    told.distance_count = descriptor->frame.distance_count;
  } else if (info.distances_told && info.picture_id) {
    told.kind = Kind::kNumbers;
    told.number = *info.picture_id;
    told.last_number = 0x7fff;
    std::copy_n(info.distances.begin(), info.distance_count, told.distances.begin());
    told.distance_count = static_cast<std::uint8_t>(info.distance_count);
  } else if (info.temporal_layer && info.tl0_picture_index) {
    told.kind = Kind::kTemporalLayers;
    told.temporal_layer = *info.temporal_layer;
    told.tl0_picture_index = *info.tl0_picture_index;
    told.layer_sync = info.layer_sync;
    told.switching_up = info.switching_up;
  }
  return told;
}

void PictureDependencies::add(const PacketDependencies& packet) {
  if (!any_) first_ = packet;
  any_ = true;
  known_ = known_ && packet.kind != PacketDependencies::Kind::kUnknown && packet.kind == first_.kind;
  if (!known_ || packet.kind != PacketDependencies::Kind::kNumbers) return;
  const auto own = [&] { return std::span(own_).first(own_count_); };
  if (std::ranges::find(own(), packet.number) == own().end()) {
    known_ = own_count_ < own_.size();
    if (known_) own_[own_count_++] = packet.number;
  }
  for (std::size_t i = 0; known_ && i < packet.distance_count; ++i) {
    const auto number = static_cast<std::uint16_t>((packet.number - packet.distances[i]) & packet.last_number);
    const auto needed = std::span(needed_).first(needed_count_);
    if (std::ranges::find(own(), number) != own().end() || std::ranges::find(needed, number) != needed.end()) continue;
    known_ = needed_count_ < needed_.size();
    if (known_) needed_[needed_count_++] = number;
  }
}

void DependencyTracker::skip() {
  skipped_ = true;
  broken_layers_ = kAllUpperLayers;
}

bool DependencyTracker::has_all_for(const PictureDependencies& picture) const {
  if (!picture.known()) return false;
  const PacketDependencies& told = picture.first_;
  if (told.kind == PacketDependencies::Kind::kNumbers) {
    const auto needed = std::span(picture.needed_).first(picture.needed_count_);
    return std::ranges::all_of(needed, [&](std::uint16_t number) { return has_number(number); });
  }
  // RFC 7741 §4.2, RFC 9628 §4.2: TL0PICIDX counts the pictures of the lowest layer, each of which needs the one before
  // it alone; others need the one whose index they tell.
  if (told.temporal_layer == 0) return told.tl0_picture_index == static_cast<std::uint8_t>(tl0_picture_index_ + 1);
  if (told.tl0_picture_index != tl0_picture_index_) return false;
  const auto up_to_its_own = static_cast<std::uint8_t>(~layers_above(told.temporal_layer));
  return told.layer_sync || (broken_layers_ & up_to_its_own) == 0;
}

bool DependencyTracker::has_number(std::uint16_t number) const {
  const auto back = static_cast<std::uint16_t>((highest_ - number) & last_number_);
  return any_number_ && back < kHistory && decoded_[back];
}

void DependencyTracker::add_number(std::uint16_t number, std::uint16_t last_number) {
  const auto forward = static_cast<std::uint16_t>((number - highest_) & last_number);
  const bool follows = any_number_ && last_number == last_number_ && forward <= last_number / 2;
  if (follows) {
    decoded_ <<= std::min<std::size_t>(forward, kHistory);
  } else {
    decoded_.reset();
  }
  any_number_ = true;
  highest_ = number;
  last_number_ = last_number;
  decoded_.set(0);
}

void DependencyTracker::add_layers(const PacketDependencies& picture) {
  if (picture.temporal_layer == 0) tl0_picture_index_ = picture.tl0_picture_index;
  if (picture.layer_sync) broken_layers_ = static_cast<std::uint8_t>(broken_layers_ & ~bit(picture.temporal_layer));
  if (picture.switching_up) {
    broken_layers_ = static_cast<std::uint8_t>(broken_layers_ & ~layers_above(picture.temporal_layer));
  }
}

void DependencyTracker::add(const PictureDependencies& picture) {
  if (!picture.known()) return;
  if (picture.first_.kind == PacketDependencies::Kind::kTemporalLayers) return add_layers(picture.first_);
  for (const std::uint16_t number : std::span(picture.own_).first(picture.own_count_)) {
    add_number(number, picture.first_.last_number);
  }
}

void DependencyTracker::pass_over(const PictureDependencies& picture) {
  const PacketDependencies& told = picture.first_;
  if (!picture.known() || told.kind != PacketDependencies::Kind::kTemporalLayers) return;
  broken_layers_ = static_cast<std::uint8_t>(broken_layers_ | bit(told.temporal_layer));
}

}  // namespace tidewire::media
