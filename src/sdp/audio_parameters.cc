#include "sdp/audio_parameters.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "sdp/codec.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

bool is_set(std::string_view fmtp, std::string_view name) { return fmtp_parameter(fmtp, name) == "1"; }

std::optional<std::uint32_t> number(std::string_view fmtp, std::string_view name) {
  const auto text = fmtp_parameter(fmtp, name);
  return text ? to_number<std::uint32_t>(*text) : std::nullopt;
}

// RFC 7587 §6.1: from 6000 to 510,000.
constexpr std::uint32_t kMinBitrate = 6'000;
constexpr std::uint32_t kMaxBitrate = 510'000;

// The lengths of packets that both Opus and G.711 can have, below the 120 ms of which a loss would be heard.
constexpr std::array kPacketTimes = {10U, 20U, 40U, 60U};

// The longest that is wanted and allowed; 20 ms when nothing is said (RFC 3551 §4.5).
std::uint32_t packet_time(std::optional<std::uint32_t> ptime, std::optional<std::uint32_t> maxptime) {
  std::uint32_t best = kPacketTimes.front();
  for (const std::uint32_t time : kPacketTimes) {
    if (time <= ptime.value_or(20U) && time <= maxptime.value_or(120U)) best = time;
  }
  return best;
}

}  // namespace

AudioSendParameters audio_send_parameters(std::string_view fmtp, std::optional<std::uint32_t> ptime,
                                          std::optional<std::uint32_t> maxptime) {
  AudioSendParameters out{
      .stereo = is_set(fmtp, "stereo"), .fec = is_set(fmtp, "useinbandfec"), .dtx = is_set(fmtp, "usedtx")};
  if (const auto rate = number(fmtp, "maxaveragebitrate"); rate && *rate > 0) {
    out.max_average_bitrate = std::clamp(*rate, kMinBitrate, kMaxBitrate);
  }
  out.packet_time = std::chrono::milliseconds{packet_time(ptime, maxptime)};
  return out;
}

}  // namespace tidewire::sdp
