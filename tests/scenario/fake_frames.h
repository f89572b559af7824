// Frames that say which one they are, in a form that any damage shows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tidewire/encoded_frame.h"

namespace tidewire::scenario {

EncodedFrame fake_video_frame(std::uint32_t number, std::size_t size, bool key_frame, Timestamp now);
EncodedFrame fake_audio_frame(std::uint32_t number, Timestamp now);

// Whether it arrived as one of the above was made.
bool is_intact(const EncodedFrame& frame);

}  // namespace tidewire::scenario
