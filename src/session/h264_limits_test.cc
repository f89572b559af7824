#include "session/h264_limits.h"

#include <gtest/gtest.h>

namespace tidewire::session {
namespace {

H264Limits limits(std::string theirs, std::string ours) {
  return h264_send_limits({.name = "H264", .send_fmtp = std::move(theirs), .receive_fmtp = std::move(ours)});
}

TEST(H264Limits, FollowWhatThePeerDecodes) {
  const std::string ours = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  const std::string free = "level-asymmetry-allowed=1;profile-level-id=";
  struct Case {
    std::string theirs;
    H264Limits wanted;
  };
  for (const auto& [theirs, wanted] : {Case{free + "42e01f", {3'600, 108'000}},
                                       {free + "42e034", {36'864, 2'073'600}},
                                       {free + "42e00b", {396, 3'000}},
                                       {free + "42f00b", {99, 1'485}},  // level 1b
                                       {free + "42e028", {8'192, 245'760}},
                                       {free + "42e0ff", {139'264, 16'711'680}},
                                       // The same level for both directions.
                                       {"profile-level-id=42e034", {3'600, 108'000}},
                                       {"profile-level-id=42e00d", {396, 11'880}},
                                       // More in one respect.
                                       {free + "42e01f;max-fs=8192", {8'192, 108'000}},
                                       {free + "42e01f;max-mbps=216000;max-fs=100", {3'600, 216'000}},
                                       {free + "42e01f;max-fs=99999999999999999999", {3'600, 108'000}},
                                       {"", {99, 1'485}}}) {
    EXPECT_EQ(limits(theirs, ours), wanted) << theirs;
  }
}

}  // namespace
}  // namespace tidewire::session
