#include "devices/media_file.h"

#include <algorithm>
#include <string_view>
#include <utility>

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

namespace tidewire::devices {

namespace {

constexpr AVRational kNanoseconds{1, 1'000'000'000};

// Sentences go to the user through Result; FFmpeg's own chatter on the terminal goes nowhere, unless the program
// that we are part of has set a level of its own.
void hush() {
  if (av_log_get_level() == AV_LOG_INFO) av_log_set_level(AV_LOG_QUIET);
}

std::string describe(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

Error cannot_open(const std::string& path, int error) {
  const bool missing = error == AVERROR(ENOENT) || error == AVERROR(ENOTDIR);
  return {missing ? ErrorCode::kNotFound : ErrorCode::kNotReadable, "cannot open '" + path + "': " + describe(error)};
}

Error no_media(const std::string& path) { return {ErrorCode::kNotReadable, "'" + path + "' holds no audio or video"}; }

Error no_such_stream(const std::string& path, MediaKind kind) {
  return {ErrorCode::kNotFound, "'" + path + "' holds no " + std::string(to_string(kind))};
}

// FFmpeg "plays" text files as the screen of a terminal. To us a text file is no film.
bool is_text(const AVFormatContext& container) {
  const std::string_view format = container.iformat->name;
  return format == "tty" || format == "bin" || format == "xbin" || format == "adf" || format == "idf";
}

}  // namespace

Result<std::unique_ptr<MediaFile>> MediaFile::open(const std::string& path, MediaKind kind) {
  hush();
  std::unique_ptr<MediaFile> file(new MediaFile(path, kind));
  if (auto opened = file->open_container(); !opened) return opened.error();
  if (auto opened = file->open_decoder(); !opened) return opened.error();
  // Files whose header promises more than they hold are found out here and not in the middle of a call.
  if (!file->decode_one()) {
    return Error{ErrorCode::kNotReadable, "cannot decode the " + std::string(to_string(kind)) + " of '" + path + "'"};
  }
  file->first_waits_ = true;
  return file;
}

Result<> MediaFile::open_container() {
  AVFormatContext* raw = nullptr;
  // "file:" keeps names such as "http://x" or "concat:a|b" from being taken for anything but a file.
  const int opened = avformat_open_input(&raw, ("file:" + path_).c_str(), nullptr, nullptr);
  if (opened == AVERROR_INVALIDDATA) return no_media(path_);
  if (opened < 0) return cannot_open(path_, opened);
  container_.reset(raw);
  if (is_text(*container_) || avformat_find_stream_info(raw, nullptr) < 0) return no_media(path_);
  return {};
}

Result<> MediaFile::open_decoder() {
  const bool video = kind_ == MediaKind::kVideo;
  const AVCodec* codec = nullptr;
  const int index =
      av_find_best_stream(container_.get(), video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
  if (index == AVERROR_DECODER_NOT_FOUND) {
    return Error{ErrorCode::kNotSupported,
                 "no decoder for the " + std::string(to_string(kind_)) + " of '" + path_ + "' is installed"};
  }
  if (index < 0) {
    const int other =
        av_find_best_stream(container_.get(), video ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    return other < 0 ? no_media(path_) : no_such_stream(path_, kind_);
  }
  for (unsigned i = 0; i < container_->nb_streams; ++i) container_->streams[i]->discard = AVDISCARD_ALL;
  container_->streams[index]->discard = AVDISCARD_DEFAULT;
  stream_ = container_->streams[index];
  decoder_.reset(avcodec_alloc_context3(codec));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  decoder_->pkt_timebase = stream_->time_base;
  decoder_->thread_count = 2;
  int result = avcodec_parameters_to_context(decoder_.get(), stream_->codecpar);
  if (result >= 0) result = avcodec_open2(decoder_.get(), codec, nullptr);
  if (result < 0) return cannot_open(path_, result);
  return {};
}

// Gives the decoder one more packet, or the end. False when there is nothing more to give.
bool MediaFile::feed() {
  if (drained_) return false;
  while (av_read_frame(container_.get(), packet_.get()) >= 0) {
    const bool ours = packet_->stream_index == stream_->index;
    const int sent = ours ? avcodec_send_packet(decoder_.get(), packet_.get()) : AVERROR_INVALIDDATA;
    av_packet_unref(packet_.get());
    if (sent >= 0) return true;
  }
  drained_ = true;
  return avcodec_send_packet(decoder_.get(), nullptr) >= 0;
}

bool MediaFile::decode_one() {
  while (true) {
    const int received = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (received >= 0) return true;
    if (received == AVERROR_EOF) return false;
    // Anything but "more, please" is a damaged part: what follows it may be good.
    if (!feed()) return false;
  }
}

Duration MediaFile::time_of(const AVFrame& frame) const {
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return end_;
  Duration time{av_rescale_q(frame.best_effort_timestamp, stream_->time_base, kNanoseconds)};
  if (container_->start_time != AV_NOPTS_VALUE) time -= Duration{container_->start_time * 1000};
  return std::max(time, Duration{});
}

std::optional<MediaFile::Frame> MediaFile::next() {
  if (!std::exchange(first_waits_, false) && !decode_one()) return std::nullopt;
  Frame frame{.data = frame_.get(), .time = time_of(*frame_), .length = Duration{}};
  if (kind_ == MediaKind::kAudio && frame_->sample_rate > 0) {
    frame.length = Duration{av_rescale(frame_->nb_samples, kNanoseconds.den, frame_->sample_rate)};
  } else if (frame_->pkt_duration > 0) {
    frame.length = Duration{av_rescale_q(frame_->pkt_duration, stream_->time_base, kNanoseconds)};
  } else if (stream_->avg_frame_rate.num > 0) {
    frame.length = Duration{av_rescale_q(1, av_inv_q(stream_->avg_frame_rate), kNanoseconds)};
  }
  end_ = frame.time + frame.length;
  return frame;
}

bool MediaFile::rewind() {
  const std::int64_t start = container_->start_time == AV_NOPTS_VALUE ? 0 : container_->start_time;
  if (av_seek_frame(container_.get(), -1, start, AVSEEK_FLAG_BACKWARD) >= 0) {
    avcodec_flush_buffers(decoder_.get());
  } else if (!open_container() || !open_decoder()) {  // formats without an index
    return false;
  }
  first_waits_ = drained_ = false;
  end_ = {};
  return true;
}

Duration MediaFile::length() const {
  return container_->duration > 0 ? Duration{container_->duration * 1000} : Duration{};
}

}  // namespace tidewire::devices
