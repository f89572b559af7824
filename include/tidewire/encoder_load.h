// What the encoder of a transceiver had to do of late, as its owner tells it to Session::note_encoder_load().
#pragma once

#include <cstdint>

#include "tidewire/send_encoding.h"
#include "tidewire/time.h"

namespace tidewire {

struct EncoderLoad {
  Duration elapsed{};          // what this tells about: the time since the last one, a second or so
  Duration busy{};             // of it, spent on pictures: scaling and encoding
  std::uint64_t pictures = 0;  // that came to the encoder
  std::uint64_t dropped = 0;   // of these, left out because it was still busy
  Resolution size{};           // as the last one was encoded; zero: as large as was asked for
};

}  // namespace tidewire
