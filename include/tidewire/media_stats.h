// What getStats tells of media on both sides of RTP: codecs, sources and playout, under the names of
// https://www.w3.org/TR/webrtc-stats/ in the project's case.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/encoded_frame.h"

namespace tidewire {

// RTCCodecStats: a codec that a stream is sent or received with; the stream's payload type leads here.
struct CodecStats {
  // Whether it is one of sending: what is sent is written as the other end wishes it, so that numbers and parameters of
  // the two directions may differ (no W3C name).
  bool for_sending = false;
  std::uint8_t payload_type = 0;
  std::string mime_type;  // "video/VP8"
  std::uint32_t clock_rate = 0;
  std::optional<std::uint16_t> channels;  // of audio
  std::string sdp_fmtp_line;              // empty when there are no parameters
};

// RTCAudioSourceStats, RTCVideoSourceStats: a track as it comes to its sender, since it was attached and could be sent.
struct MediaSourceStats {
  MediaKind kind = MediaKind::kVideo;
  std::string mid;  // of the transceiver that sends it, and so of its outbound streams (no W3C name)
  std::string track_identifier;
  // Audio.
  double audio_level = 0;         // 0 to 1 (full scale), of the newest sound
  double total_audio_energy = 0;  // level² times seconds
  std::chrono::duration<double> total_samples_duration{};
  // Video.
  int width = 0;
  int height = 0;
  std::uint64_t frames = 0;
  double frames_per_second = 0;  // of the last second
};

// RTCAudioPlayoutStats: one way to be heard, which any number of received tracks may share.
struct AudioPlayoutStats {
  // Made up because there was too little to play.
  std::chrono::duration<double> synthesized_samples_duration{};
  std::uint64_t synthesized_samples_events = 0;
  std::chrono::duration<double> total_samples_duration{};  // those included
  // From when a sample comes to the player to when it is heard: the sum over all samples. Divided by
  // total_samples_count it is what a sample waits on average.
  std::chrono::duration<double> total_playout_delay{};
  std::uint64_t total_samples_count = 0;
};

}  // namespace tidewire
