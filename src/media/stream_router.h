// Which receive stream an RTP packet belongs to (RFC 9143 §9.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media/types.h"
#include "rtp/types.h"

namespace tidewire::media {

class StreamRouter {
 public:
  // SSRCs that were learnt from packets, at most; then learning begins anew. Those announced are not counted.
  static constexpr std::size_t kMaxLearnt = 1024;

  void add(StreamId stream, const ReceiveStreamConfig& config);
  void remove(StreamId stream);

  // What a packet says of the stream that it belongs to.
  struct Names {
    std::optional<std::string_view> mid;
    // RtpStreamId, or RepairedRtpStreamId of a retransmission (RFC 8852).
    std::optional<std::string_view> rid;
  };
  // Learns the SSRC of a packet that was routed by these names or its payload type.
  std::optional<StreamId> route(rtp::Ssrc ssrc, rtp::PayloadType payload_type, const Names& names);
  // The stream that an SSRC belongs to, as far as is known.
  std::optional<StreamId> find(rtp::Ssrc ssrc) const;

 private:
  struct Entry {
    StreamId stream;
    std::string mid;
    std::string rid;
    std::vector<rtp::PayloadType> payload_types;

    bool takes(rtp::PayloadType payload_type) const;
    bool is_called(const Names& names) const;
  };
  const Entry* find_entry(StreamId stream) const;
  std::optional<StreamId> learn(rtp::Ssrc ssrc, StreamId stream);

  std::vector<Entry> entries_;
  std::unordered_map<rtp::Ssrc, StreamId> announced_;
  std::unordered_map<rtp::Ssrc, StreamId> learnt_;
};

}  // namespace tidewire::media
