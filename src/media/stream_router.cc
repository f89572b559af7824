#include "media/stream_router.h"

#include <algorithm>

namespace tidewire::media {

bool StreamRouter::Entry::takes(rtp::PayloadType payload_type) const {
  return std::find(payload_types.begin(), payload_types.end(), payload_type) != payload_types.end();
}

void StreamRouter::add(StreamId stream, const ReceiveStreamConfig& config) {
  Entry entry{stream, config.mid, config.rid, {}};
  for (const ReceiveCodec& codec : config.codecs) {
    entry.payload_types.push_back(codec.payload_type);
    if (codec.rtx_payload_type) entry.payload_types.push_back(*codec.rtx_payload_type);
  }
  if (config.red_payload_type) entry.payload_types.push_back(*config.red_payload_type);
  if (config.flexfec_payload_type) entry.payload_types.push_back(*config.flexfec_payload_type);
  entries_.push_back(std::move(entry));
  for (const rtp::Ssrc ssrc : config.ssrcs) announced_[ssrc] = stream;
  for (const rtp::Ssrc ssrc : config.rtx_ssrcs) announced_[ssrc] = stream;
  for (const rtp::Ssrc ssrc : config.flexfec_ssrcs) announced_[ssrc] = stream;
}

void StreamRouter::remove(StreamId stream) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.stream == stream; });
  std::erase_if(announced_, [&](const auto& pair) { return pair.second == stream; });
  std::erase_if(learnt_, [&](const auto& pair) { return pair.second == stream; });
}

const StreamRouter::Entry* StreamRouter::find_entry(StreamId stream) const {
  for (const Entry& entry : entries_) {
    if (entry.stream == stream) return &entry;
  }
  return nullptr;
}

std::optional<StreamId> StreamRouter::find(rtp::Ssrc ssrc) const {
  if (const auto found = learnt_.find(ssrc); found != learnt_.end()) return found->second;
  if (const auto found = announced_.find(ssrc); found != announced_.end()) return found->second;
  return std::nullopt;
}

std::optional<StreamId> StreamRouter::learn(rtp::Ssrc ssrc, StreamId stream) {
  if (const auto known = find(ssrc); known == stream) return stream;
  if (learnt_.size() >= kMaxLearnt) learnt_.clear();
  learnt_[ssrc] = stream;
  return stream;
}

// A stream with a RID is called by it, of others the MID is enough.
bool StreamRouter::Entry::is_called(const Names& names) const {
  if (names.mid && mid != *names.mid) return false;
  return rid.empty() ? names.mid.has_value() : names.rid == std::string_view(rid);
}

std::optional<StreamId> StreamRouter::route(rtp::Ssrc ssrc, rtp::PayloadType payload_type, const Names& names) {
  const auto known = find(ssrc);
  const Entry* of_ssrc = known ? find_entry(*known) : nullptr;
  // RFC 9143 §9.2: names decide, also about the packets of this SSRC that come without them. A MID that is not known
  // yet drops the packet.
  if (names.mid || names.rid) {
    if (of_ssrc && of_ssrc->is_called(names)) return of_ssrc->takes(payload_type) ? known : std::nullopt;
    for (const Entry& entry : entries_) {
      if (entry.is_called(names)) return entry.takes(payload_type) ? learn(ssrc, entry.stream) : std::nullopt;
    }
    // RFC 8852 §3: senders leave the RID out once they may think that it was understood.
    const bool may_be = of_ssrc && !names.rid && of_ssrc->mid == *names.mid;
    return may_be && of_ssrc->takes(payload_type) ? known : std::nullopt;
  }
  if (of_ssrc) return of_ssrc->takes(payload_type) ? known : std::nullopt;
  // A payload type that only one m-section has.
  const Entry* only = nullptr;
  for (const Entry& entry : entries_) {
    if (!entry.takes(payload_type)) continue;
    if (only) return std::nullopt;
    only = &entry;
  }
  return only ? learn(ssrc, only->stream) : std::nullopt;
}

}  // namespace tidewire::media
