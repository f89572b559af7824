// When each step of a call's set-up happened.
//
// The start is the click: the moment at which somebody asked for the call. For who was in the room before, it is the
// moment at which the other one came; the devices are ready then.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "tidewire/time.h"

namespace tidewire::call {

enum class Step {
  kDevicesReady,
  kOfferCreated,
  kOfferReceived,
  kAnswerCreated,
  kAnswerReceived,
  kIceConnected,
  kDtlsConnected,
  kFirstAudioFrame,
  kFirstVideoFrame,
  kDataChannelOpen,
};
inline constexpr std::size_t kSteps = 10;

constexpr std::string_view to_string(Step step) {
  constexpr std::array<std::string_view, kSteps> kNames{
      "devices_ready", "offer_created",  "offer_received",    "answer_created",    "answer_received",
      "ice_connected", "dtls_connected", "first_audio_frame", "first_video_frame", "data_channel_open"};
  return kNames[static_cast<std::size_t>(step)];
}

class Timeline {
 public:
  explicit Timeline(Timestamp start) : start_(start) {}

  // The first time counts.
  void mark(Step step, Timestamp now) {
    auto& entry = at_[static_cast<std::size_t>(step)];
    if (!entry) entry = now - start_;
  }
  // Since the start; nothing when it has not happened.
  std::optional<Duration> at(Step step) const { return at_[static_cast<std::size_t>(step)]; }

 private:
  Timestamp start_;
  std::array<std::optional<Duration>, kSteps> at_{};
};

}  // namespace tidewire::call
