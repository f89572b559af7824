#include "devices/file_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "devices/media_convert.h"
#include "devices/media_file.h"
#include "devices/media_file_writer_test_util.h"
#include "devices/test_picture.h"
#include "devices/tone.h"

namespace tidewire::devices {
namespace {

class FileSourceTest : public testing::Test {
 protected:
  FileSourceTest() : folder_(testing::TempDir() + "tidewire_file_source_" + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~FileSourceTest() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string text_file(const std::string& name) const {
    std::ofstream(path(name)) << "Dear diary,\nthis is no film.\n";
    return path(name);
  }

  std::filesystem::path folder_;
};

using FileSource = FileSourceTest;
using MediaFileTest = FileSourceTest;

// What a source delivers, up to n frames.
template <typename Source, typename Frame>
std::vector<Frame> collect(Source& source, std::size_t wanted) {
  std::vector<Frame> frames;
  std::promise<void> done;
  EXPECT_TRUE(source.start([&](const Frame& frame) {
    if (frames.size() == wanted) return;
    frames.push_back(frame);
    if (frames.size() == wanted) done.set_value();
  }));
  done.get_future().get();
  source.stop();
  return frames;
}

TEST_F(FileSource, PlaysTheVideoOfWebmAndMp4AtItsPaceAndStartsOver) {
  for (const std::string name : {"a.webm", "a.mp4"}) {
    write_test_file(path(name), {.width = 320, .height = 240, .pictures = 12, .bitrate = 500'000});
    auto source = open_video_file(path(name));
    ASSERT_TRUE(source) << source.error().message;
    for (int run = 0; run < 2; ++run) {  // a source may be started again
      const auto frames = collect<VideoSource, VideoFrame>(**source, 20);
      for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(is_test_picture(*frames[i].buffer)) << name << " " << i;
        EXPECT_EQ(read_frame_counter(*frames[i].buffer), i % 12) << name << " " << i;
      }
      const Duration gap = frames[11].timestamp - frames[0].timestamp;
      // On a busy machine the film may pause, but it never rushes.
      EXPECT_GT(static_cast<double>(gap.count()), 11e9 / 30 - 5e6) << name;
      EXPECT_GT(frames[12].timestamp, frames[11].timestamp);
    }
  }
}

TEST_F(FileSource, PlaysTheSoundAsRunsOfTwentyMillisecondsAtFortyEightKilohertz) {
  for (const std::string name : {"a.webm", "a.mp4"}) {
    write_test_file(path(name), {.width = 64, .height = 48, .pictures = 15, .tone = 1000});
    for (const int channels : {1, 2}) {
      auto source = open_audio_file(path(name), {.channels = channels});
      ASSERT_TRUE(source) << source.error().message;
      const auto frames = collect<AudioSource, AudioFrame>(**source, 35);  // the file lasts about 25
      std::vector<std::int16_t> sound;
      for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].samples_per_channel(), 960U);
        EXPECT_EQ(frames[i].channels, channels);
        if (i > 0) {
          EXPECT_GT(frames[i].timestamp, frames[i - 1].timestamp) << i;
        }
        if (i < 5 || i >= 20) continue;
        for (std::size_t s = 0; s < frames[i].samples.size(); s += static_cast<std::size_t>(channels)) {
          sound.push_back(frames[i].samples[s]);
        }
      }
      EXPECT_NEAR(dominant_frequency(sound), 1000, 5) << name;
      EXPECT_NEAR(tone_amplitude(sound, 1000), 0.25, 0.06) << name;
    }
  }
}

TEST_F(FileSource, ScalesLargePicturesDownAndKeepsTheirShape) {
  write_test_file(path("a.mp4"), {.width = 640, .height = 360, .pictures = 3, .bitrate = 500'000});
  auto source = open_video_file(path("a.mp4"), {.max_width = 320, .max_height = 320});
  ASSERT_TRUE(source);
  const VideoFrame frame = collect<VideoSource, VideoFrame>(**source, 1).front();
  EXPECT_EQ(frame.width(), 320);
  EXPECT_EQ(frame.height(), 180);
  EXPECT_TRUE(is_test_picture(*frame.buffer));
  EXPECT_EQ(read_frame_counter(*frame.buffer), 0U);
}

TEST_F(FileSource, MayBeDestroyedFromItsSink) {
  write_test_file(path("a.webm"), {.width = 64, .height = 48, .pictures = 3});
  std::unique_ptr<VideoSource> source = std::move(*open_video_file(path("a.webm")));
  std::promise<void> destroyed;
  ASSERT_TRUE(source->start([&](const VideoFrame&) {
    source.reset();
    destroyed.set_value();
  }));
  destroyed.get_future().get();
}

TEST_F(FileSource, EachFailureIsOneClearSentence) {
  const std::string missing = path("x.mp4");
  EXPECT_EQ(open_video_file(missing).error(),
            (Error{ErrorCode::kNotFound, "cannot open '" + missing + "': No such file or directory"}));
  EXPECT_EQ(open_audio_file(missing).error(),
            (Error{ErrorCode::kNotFound, "cannot open '" + missing + "': No such file or directory"}));

  for (const std::string name : {"notes.txt", "notes", "notes.mp4", "notes.diz", "notes.srt"}) {
    const std::string text = text_file(name);
    EXPECT_EQ(open_video_file(text).error(),
              (Error{ErrorCode::kNotReadable, "'" + text + "' holds no audio or video"}));
    EXPECT_EQ(open_audio_file(text).error(),
              (Error{ErrorCode::kNotReadable, "'" + text + "' holds no audio or video"}));
  }
  std::ofstream(path("empty.mp4"));
  EXPECT_EQ(open_video_file(path("empty.mp4")).error().message, "'" + path("empty.mp4") + "' holds no audio or video");
  EXPECT_EQ(open_video_file(folder_.string()).error().code, ErrorCode::kNotReadable);
  EXPECT_EQ(open_video_file("http://localhost/x.mp4").error().code, ErrorCode::kNotFound);

  write_test_file(path("mute.mp4"), {.width = 64, .height = 48, .pictures = 3, .tone = 0});
  EXPECT_EQ(open_audio_file(path("mute.mp4")).error(),
            (Error{ErrorCode::kNotFound, "'" + path("mute.mp4") + "' holds no audio"}));
  EXPECT_EQ(open_video_file(missing, {.max_width = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(open_audio_file(missing, {.channels = 6}).error().code, ErrorCode::kRange);
}

TEST_F(FileSource, AFileThatIsCutOffOrDamagedPlaysAsFarAsItGoes) {
  write_test_file(path("a.webm"), {.width = 320, .height = 240, .pictures = 30, .bitrate = 500'000});
  std::filesystem::resize_file(path("a.webm"), std::filesystem::file_size(path("a.webm")) / 2);
  auto source = open_video_file(path("a.webm"));
  ASSERT_TRUE(source) << source.error().message;
  const auto frames = collect<VideoSource, VideoFrame>(**source, 5);
  EXPECT_EQ(read_frame_counter(*frames[4].buffer), 4U);

  std::filesystem::resize_file(path("a.webm"), 300);
  EXPECT_EQ(open_video_file(path("a.webm")).error().code, ErrorCode::kNotReadable);
}

// The promise of devices/test_picture.h, checked with libvpx in the tuning that codecs/ uses for calls.
TEST_F(MediaFileTest, TheFrameCounterSurvivesVp8AtOneHundredKilobits) {
  const std::pair<int, int> sizes[] = {{640, 480}, {320, 240}};
  for (const auto& [width, height] : sizes) {
    write_test_file(path("a.webm"), {.width = width, .height = height, .pictures = 90, .bitrate = 100'000});
    auto file = MediaFile::open(path("a.webm"), MediaKind::kVideo);
    ASSERT_TRUE(file) << file.error().message;
    PictureConverter converter(1280, 720);
    int seen = 0;
    while (const auto frame = (*file)->next()) {
      const auto picture = converter.convert(*frame->data);
      EXPECT_TRUE(is_test_picture(*picture)) << width << " " << seen;
      const auto expected = static_cast<std::uint32_t>((frame->time.count() * 30 + 500'000'000) / 1'000'000'000);
      EXPECT_EQ(read_frame_counter(*picture), expected) << width << " " << seen;
      ++seen;
    }
    EXPECT_GT(seen, 20) << width;
    RecordProperty("pictures_" + std::to_string(width), seen);
  }
}

}  // namespace
}  // namespace tidewire::devices
