// The size of the pictures that an H.264 sequence parameter set describes.
#pragma once

#include <optional>

#include "media/payload/types.h"
#include "tidewire/bytes.h"

namespace tidewire::media {

// H.264 §7.3.2.1.1, from the NAL unit with its header. Nothing when it is cut short or says what cannot be.
std::optional<PictureSize> h264_picture_size(ByteView nal_unit);

}  // namespace tidewire::media
