// How a connection is to be made. https://www.w3.org/TR/webrtc/#rtcconfiguration-dictionary
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tidewire {

struct IceServer {
  // "stun:HOST[:PORT]". Others (turn:, turns:) are not used yet.
  std::vector<std::string> urls;
  std::string username;
  std::string credential;

  friend bool operator==(const IceServer&, const IceServer&) = default;
};

struct Configuration {
  std::vector<IceServer> ice_servers;
  // Gather 127.0.0.1 and ::1 too. They are also gathered when there is nothing else.
  bool include_loopback = false;
  // What a video encoder aims for, in bits per second, until quality follows the network.
  std::uint32_t video_bitrate = 1'000'000;
  // The same for sound.
  std::uint32_t audio_bitrate = 32'000;
};

}  // namespace tidewire
