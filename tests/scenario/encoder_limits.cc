// A machine that cannot encode what it is asked to, and one that has time to spare.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "media_call.h"

namespace tidewire::scenario {
namespace {

// Alice sends pictures, and her encoder tells every second how it keeps up.
struct Encoder : testing::Test {
  static MediaCallOptions options(bool codec_switching) {
    MediaCallOptions options;
    options.call.alice.peer.codec_switching = codec_switching;
    return options;
  }
  static void change(MediaCall& call, const std::function<void(RtpSendParameters&)>& how) {
    RtpSendParameters parameters = call.alice.session.send_parameters(call.alice_video);
    how(parameters);
    call.alice.session.set_send_parameters(call.alice_video, parameters, call.now()).value();
  }
  static void make_thin(MediaCall& call) {
    change(call, [](RtpSendParameters& parameters) { parameters.encodings.at(0).max_bitrate = 300'000; });
  }
  static void run(MediaCall& call, double usage, int seconds) {
    for (int i = 0; i < seconds; ++i) {
      call.simulation.run_for(1s);
      const auto busy = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(usage));
      call.alice.session.note_encoder_load(
          call.alice_video, {.elapsed = 1s, .busy = busy, .pictures = 30, .size = {640, 480}}, call.now());
    }
    call.simulation.run_for(100ms);
  }
  static SendEncoding wanted(const MediaCall& call) {
    const auto last = std::ranges::find_if(call.alice.sending_changes.rbegin(), call.alice.sending_changes.rend(),
                                           [&](const auto& change) { return change.transceiver == call.alice_video; });
    EXPECT_NE(last, call.alice.sending_changes.rend());
    return last->encodings.at(0);
  }
};

TEST_F(Encoder, ThatIsTooSlowIsAskedForSmallerPictures) {
  MediaCall call(options(false));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  EXPECT_EQ(wanted(call).scale_resolution_down_to, std::nullopt);
  run(call, 0.98, 5);
  EXPECT_EQ(wanted(call).scale_resolution_down_to, (Resolution{640, 360}));
  EXPECT_EQ(call.alice.limitations, (std::vector<std::string>{"video up to 360p: this machine cannot encode more"}));
  run(call, 0.2, 60);
  EXPECT_EQ(wanted(call).scale_resolution_down_to, std::nullopt);
  EXPECT_EQ(call.alice.limitations.back(), "video at full quality");
}

TEST_F(Encoder, ThatKeepsTheSizeIsAskedForFewerPictures) {
  MediaCall call(options(false));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  call.alice.session.set_content(call.alice_video, true, call.now());
  run(call, 0.98, 5);
  EXPECT_EQ(wanted(call).scale_resolution_down_to, std::nullopt);
  EXPECT_EQ(wanted(call).parameters.max_framerate, 20);
}

TEST_F(Encoder, WithTimeToSpareMakesMoreOfAThinRateWhereThatIsWanted) {
  MediaCall call(options(true));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  make_thin(call);
  EXPECT_EQ(wanted(call).codec, CodecType::kVp8);
  run(call, 0.1, 10);
  EXPECT_EQ(wanted(call).codec, CodecType::kAv1);
  EXPECT_EQ(call.alice.session.send_parameters(call.alice_video).encodings.at(0).codec, std::nullopt)
      << "what the application set stays as it is";
  run(call, 0.98, 30);
  EXPECT_EQ(wanted(call).codec, CodecType::kVp8);
}

TEST_F(Encoder, StaysWithTheCodecThatTheApplicationChose) {
  MediaCall call(options(true));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  make_thin(call);
  change(call, [](RtpSendParameters& parameters) { parameters.encodings.at(0).codec = parameters.codecs.at(0).codec; });
  run(call, 0.1, 30);
  EXPECT_EQ(wanted(call).codec, CodecType::kVp8);
}

TEST_F(Encoder, StaysWithItsCodecUnlessToldOtherwise) {
  MediaCall call(options(false));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  make_thin(call);
  run(call, 0.1, 30);
  EXPECT_EQ(wanted(call).codec, CodecType::kVp8);
}

}  // namespace
}  // namespace tidewire::scenario
