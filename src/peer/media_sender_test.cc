#include "peer/media_sender.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>

#include "devices/clock.h"

namespace tidewire::peer {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<MediaStreamTrack> camera() {
  return std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "camera", "a wall");
}

VideoFrame picture(Timestamp at) { return {std::make_shared<I420Buffer>(64, 48), at, 0}; }

SendEncoding encoding(CodecType codec) { return {.codec = codec, .bitrate = 200'000}; }

// Hands over one encoded frame at a time, from the encoder's thread.
class Frames {
 public:
  MediaSender::OnFrame sink() {
    return [this](std::size_t, const EncodedFrame& frame) {
      const std::lock_guard lock(mutex_);
      next_.set_value(frame.timestamp);
    };
  }
  Timestamp wait() {
    const Timestamp frame = next_.get_future().get();
    const std::lock_guard lock(mutex_);
    next_ = {};
    return frame;
  }

 private:
  std::mutex mutex_;
  std::promise<Timestamp> next_;
};

TEST(MediaSender, BeginsWithThePictureThatIsThereAndSendsItOnce) {
  Frames frames;
  MediaSender sender(MediaKind::kVideo, frames.sink());
  const auto track = camera();
  const Timestamp first = devices::steady_now();
  track->push(picture(first));
  sender.set_track(track);
  sender.set_encodings({encoding(CodecType::kVp8)});
  EXPECT_EQ(frames.wait(), first);
  sender.set_encodings({encoding(CodecType::kVp9)});  // another encoder
  track->push(picture(first + 1s));
  EXPECT_EQ(frames.wait(), first + 1s);
}

TEST(MediaSender, DoesNotBeginWithAnOldPicture) {
  Frames frames;
  MediaSender sender(MediaKind::kVideo, frames.sink());
  const auto track = camera();
  const Timestamp now = devices::steady_now();
  track->push(picture(now - 200ms));
  sender.set_track(track);
  sender.set_encodings({encoding(CodecType::kVp8)});
  track->push(picture(now));
  EXPECT_EQ(frames.wait(), now);
}

TEST(MediaStreamTrack, KeepsItsNewestPictureUntilItIsStopped) {
  const auto track = camera();
  EXPECT_FALSE(track->newest_picture());
  track->push(picture(Timestamp{1s}));
  track->push(picture(Timestamp{2s}));
  ASSERT_TRUE(track->newest_picture());
  EXPECT_EQ(track->newest_picture()->timestamp, Timestamp{2s});
  track->set_enabled(false);
  EXPECT_EQ(track->newest_picture()->buffer->y()[0], 16) << "black, like all that it shows now";
  track->stop();
  EXPECT_FALSE(track->newest_picture());
}

}  // namespace
}  // namespace tidewire::peer
