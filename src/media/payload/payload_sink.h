// Where a packetizer puts the payloads of a frame.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "base/packet.h"
#include "media/payload/types.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"

namespace tidewire::media {

class PayloadSink {
 public:
  // Every format's header has room in it, and leaves some.
  static constexpr std::size_t kMinPayload = 16;

  // `places`, if any, gets one for each packet.
  PayloadSink(const PacketizerOptions& options, PacketPool& pool, std::vector<Packet>& packets,
              std::vector<PacketPlace>* places = nullptr)
      : max_payload_(std::clamp(options.max_payload, kMinPayload, Packet::kMaxPayload)),
        max_packets_(options.max_packets),
        pool_(pool),
        packets_(packets),
        places_(places) {}

  std::size_t max_payload() const { return max_payload_; }

  // Begins the next payload with `head`. All headroom stays free for RTP.
  void begin(ByteView head) {
    if (!ok_ || packets_.size() == max_packets_) return fail();
    packets_.push_back(pool_.make());
    if (places_) places_->push_back({layer_, std::exchange(first_of_layer_, false), false});
    add(head);
  }
  // Adds to the payload begun last.
  void add(ByteView bytes) {
    if (!ok_ || packets_.empty() || packets_.back().size() + bytes.size() > max_payload_) return fail();
    if (!packets_.back().append(bytes)) fail();
  }

  // The last payload of a spatial layer's frame is complete.
  void end_layer() {
    if (places_ && !places_->empty()) places_->back().last = true;
    ++layer_;
    first_of_layer_ = true;
  }

  // Whether everything had its place.
  Result<> result() const {
    if (ok_) return {};
    return Error{ErrorCode::kOperation,
                 "More media waits to be sent than the stream's queue holds; the frame is dropped."};
  }

 private:
  void fail() { ok_ = false; }

  std::size_t max_payload_;
  std::size_t max_packets_;
  PacketPool& pool_;
  std::vector<Packet>& packets_;
  std::vector<PacketPlace>* places_;
  std::uint8_t layer_ = 0;
  bool first_of_layer_ = true;
  bool ok_ = true;
};

// Cuts `size` bytes to parts of at most `room`, of equal size give or take a byte: the last packet is as likely to get
// through as the others. `part(offset, size, first, last)` is called for each.
template <typename Part>
void for_equal_parts(std::size_t size, std::size_t room, Part&& part) {
  const std::size_t count = std::max<std::size_t>((size + room - 1) / room, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = size * i / count;
    part(begin, size * (i + 1) / count - begin, i == 0, i + 1 == count);
  }
}

}  // namespace tidewire::media
