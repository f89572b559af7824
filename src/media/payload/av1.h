// The RTP payload format for AV1 (version 1.0 of the Alliance for Open Media's specification). A frame is a temporal
// unit: OBUs that tell their sizes, without temporal delimiters.
#pragma once

#include <cstdint>
#include <optional>

#include "media/payload/payload_sink.h"
#include "media/payload/types.h"
#include "tidewire/bytes.h"
#include "tidewire/result.h"

namespace tidewire::media {

std::optional<PayloadInfo> parse_av1_payload(ByteView payload);

// Puts the payloads of one temporal unit together.
class Av1FrameBuilder {
 public:
  // False when the payload does not follow from those before it.
  bool add(ByteView payload, Bytes& frame);
  bool finish() const { return !open_; }

 private:
  bool end_obu(Bytes& frame);

  bool open_ = false;          // an OBU has begun that goes on in the next payload
  std::size_t obu_begin_ = 0;  // of the OBU that came last, in the frame
};

// Cuts a temporal unit. `key_frame`: it begins a coded video sequence.
Result<> packetize_av1(ByteView frame, bool key_frame, PayloadSink& sink);

}  // namespace tidewire::media
