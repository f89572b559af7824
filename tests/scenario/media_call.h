// A call with sound and pictures both ways, and how well they came.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "simulated_call.h"

namespace tidewire::scenario {

// What one side received since an earlier look, from getStats.
struct Quality {
  double minutes = 0;
  std::uint64_t pictures = 0;
  std::uint64_t freezes = 0;
  double frozen_share = 0;  // of the time
  double concealed_share = 0;
  double audio_delay_ms = 0;  // of the jitter buffers, on average
  double video_delay_ms = 0;
  double skew_p95_ms = -1;
  // By estimated_playout_timestamp, at the end.
  double playout_skew_ms = -1;

  double freezes_per_minute() const { return static_cast<double>(freezes) / minutes; }
  std::string describe() const;
};

struct MediaCallOptions {
  CallOptions call{.link = {.delay = 25ms}, .media = false};  // a round trip takes 100 ms
  // RFC 2198: sound comes with a copy of the frame before.
  bool redundancy = false;
  // RFC 8627: pictures come with repair packets, where they are of use.
  bool forward_error_correction = false;
  // Of Alice's pictures.
  std::vector<RtpEncodingParameters> video_encodings{};
};

class MediaCall : public SimulatedCall {
 public:
  explicit MediaCall(const MediaCallOptions& options = {});

  // Clicks, and runs until the media of both sides has settled.
  [[nodiscard]] bool run_until_settled();
  // How `side` is served for so long.
  Quality measure(Peer& side, Duration time);
  // The first of a kind that has packets.
  static InboundRtpStreamStats inbound(const Peer& side, MediaKind kind, Timestamp now);
  static OutboundRtpStreamStats outbound(const Peer& side, MediaKind kind, Timestamp now);
  // From now on, of all four links.
  void set_link(const sim::LinkConfig& link);

  TransceiverId alice_audio, alice_video, bob_video;
};

// The bounds that calls have to keep unless their story says otherwise.
void expect_good(const Quality& quality);
// The figures go to the test's report, under a name.
void record(const std::string& name, const Quality& quality);

}  // namespace tidewire::scenario
