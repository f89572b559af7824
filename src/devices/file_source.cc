// Plays a media file at its own pace, over and over.
#include "devices/file_source.h"

#include <algorithm>
#include <utility>

#include "devices/clock.h"
#include "devices/media_convert.h"
#include "devices/media_file.h"
#include "devices/paced_thread.h"

namespace tidewire::devices {

namespace {

using std::chrono::milliseconds;

constexpr int kRate = 48'000;
constexpr int kRun = kRate / 50;                         // 20 ms
constexpr Duration kTooLate = milliseconds{1000};        // more than this is not caught up with
constexpr Duration kStillPeriod = milliseconds{100};     // of a film of one picture
constexpr Duration kShortestTurn = milliseconds{10};     // against files that claim to last no time
constexpr Duration kSoundTolerance = milliseconds{100};  // time stamps of sound are coarse in many formats

// Where each turn of the file lies in time.
class Turns {
 public:
  Timestamp due(Duration time_in_file) const { return start_ + time_in_file; }
  void begin(Timestamp now) { start_ = now; }
  void next(Duration length) { start_ += std::max(length, kShortestTurn); }
  // When reading has fallen far behind, the rest of the film moves instead of rushing past.
  Timestamp wait_until(Timestamp due, Timestamp now) {
    if (now - due <= kTooLate) return due;
    start_ += now - due;
    return now;
  }

 private:
  Timestamp start_{};
};

class VideoPlayer {
 public:
  VideoPlayer(std::unique_ptr<MediaFile> file, VideoFileOptions options, VideoSink sink)
      : file_(std::move(file)), converter_(options.max_width, options.max_height), sink_(std::move(sink)) {}

  Timestamp step() {
    if (!next_.buffer) {
      turns_.begin(steady_now());
    } else {
      sink_(next_);
    }
    if (still_) {
      next_.timestamp += kStillPeriod;
      return next_.timestamp;
    }
    if (!fetch()) return kNever;
    next_.timestamp = turns_.wait_until(turns_.due(time_), steady_now());
    return next_.timestamp;
  }

 private:
  // Makes next_ and time_ the next picture, of the next turn if need be.
  bool fetch() {
    if (fetch_from_this_turn()) return true;
    if (pictures_ == 0) return false;
    if (pictures_ == 1) {
      still_ = true;
      time_ += kStillPeriod;
      return true;
    }
    turns_.next(file_->length() > Duration{} ? file_->length() : end_);
    pictures_ = 0;
    return file_->rewind() && fetch_from_this_turn();
  }

  bool fetch_from_this_turn() {
    while (const auto frame = file_->next()) {
      auto picture = converter_.convert(*frame->data);
      if (!picture) continue;
      next_.buffer = std::move(picture);
      time_ = frame->time;
      end_ = frame->time + frame->length;
      ++pictures_;
      return true;
    }
    return false;
  }

  std::unique_ptr<MediaFile> file_;
  PictureConverter converter_;
  VideoSink sink_;
  Turns turns_;
  VideoFrame next_;
  Duration time_{};  // of next_ in the file
  Duration end_{};
  int pictures_ = 0;  // of this turn
  bool still_ = false;
};

class AudioPlayer {
 public:
  AudioPlayer(std::unique_ptr<MediaFile> file, AudioFileOptions options, AudioSink sink)
      : file_(std::move(file)), converter_(options.channels), sink_(std::move(sink)) {
    next_.channels = options.channels;
  }

  Timestamp step() {
    if (next_.samples.empty()) {
      turns_.begin(steady_now());
    } else {
      sink_(next_);
    }
    if (!fetch()) return kNever;
    next_.timestamp = turns_.wait_until(turns_.due(time_), steady_now());
    return next_.timestamp;
  }

 private:
  std::size_t run_size() const { return static_cast<std::size_t>(kRun * next_.channels); }
  Duration waiting_length() const {
    return Duration{static_cast<Duration::rep>(waiting_.size()) * 1'000'000'000 / next_.channels / kRate};
  }

  // Makes next_ and time_ the next run of samples, of the next turn if need be.
  bool fetch() {
    while (waiting_.size() < run_size()) {
      if (const auto frame = file_->next()) {
        take(*frame);
      } else if (!end_turn()) {
        return false;
      }
    }
    next_.samples.assign(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(run_size()));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(run_size()));
    time_ = position_;
    position_ += milliseconds{20};
    return true;
  }

  void take(const MediaFile::Frame& frame) {
    if (turn_over_) {
      turns_.next(file_->length() > Duration{} ? file_->length() : position_);
      position_ = {};
      turn_over_ = false;
    }
    const Duration expected = position_ + waiting_length();
    if (frame.time - expected > kSoundTolerance) position_ = frame.time - waiting_length();
    const std::size_t before = waiting_.size();
    converter_.convert(*frame.data, waiting_);
    heard_ = heard_ || waiting_.size() > before;
  }

  // Rounds the turn off with silence and goes back to the start. False when the file gave no sound at all.
  bool end_turn() {
    if (!heard_) return false;
    converter_.flush(waiting_);
    if (!waiting_.empty()) waiting_.resize((waiting_.size() + run_size() - 1) / run_size() * run_size());
    heard_ = false;
    turn_over_ = true;
    return file_->rewind();
  }

  std::unique_ptr<MediaFile> file_;
  SoundConverter converter_;
  AudioSink sink_;
  Turns turns_;
  AudioFrame next_;
  std::vector<std::int16_t> waiting_;
  Duration position_{};  // of the first waiting sample in the file
  Duration time_{};      // of next_ in the file
  bool heard_ = false;   // the file gave sound in this turn
  bool turn_over_ = false;
};

// The part that both kinds of source share: they differ in what they play and in nothing else.
template <typename Base, typename Player, typename Options, typename Sink, MediaKind kKind>
class FileSource final : public Base {
 public:
  FileSource(std::string path, std::unique_ptr<MediaFile> file, Options options)
      : path_(std::move(path)), file_(std::move(file)), options_(options) {}

  Result<> start(Sink sink) override {
    auto file = std::move(file_);
    if (!file) {  // it went with the run before
      auto opened = MediaFile::open(path_, kKind);
      if (!opened) return opened.error();
      file = std::move(*opened);
    }
    auto player = std::make_shared<Player>(std::move(file), options_, std::move(sink));
    const char* name = kKind == MediaKind::kVideo ? "tw-video-file" : "tw-audio-file";
    if (!thread_.start(name, [player] { return player->step(); })) {
      return Error{ErrorCode::kInvalidState, "the file plays already"};
    }
    return {};
  }
  void stop() override { thread_.stop(); }

 private:
  std::string path_;
  std::unique_ptr<MediaFile> file_;
  Options options_;
  PacedThread thread_;
};

using VideoFile = FileSource<VideoSource, VideoPlayer, VideoFileOptions, VideoSink, MediaKind::kVideo>;
using AudioFile = FileSource<AudioSource, AudioPlayer, AudioFileOptions, AudioSink, MediaKind::kAudio>;

}  // namespace

Result<std::unique_ptr<VideoSource>> open_video_file(const std::string& path, VideoFileOptions options) {
  if (options.max_width < 2 || options.max_height < 2) {
    return Error{ErrorCode::kRange, "the largest picture of a file must be at least 2x2"};
  }
  auto file = MediaFile::open(path, MediaKind::kVideo);
  if (!file) return file.error();
  return std::unique_ptr<VideoSource>(std::make_unique<VideoFile>(path, std::move(*file), options));
}

Result<std::unique_ptr<AudioSource>> open_audio_file(const std::string& path, AudioFileOptions options) {
  if (options.channels != 1 && options.channels != 2) {
    return Error{ErrorCode::kRange, "the sound of a file has one or two channels"};
  }
  auto file = MediaFile::open(path, MediaKind::kAudio);
  if (!file) return file.error();
  return std::unique_ptr<AudioSource>(std::make_unique<AudioFile>(path, std::move(*file), options));
}

}  // namespace tidewire::devices
