// Media files as sources: whatever FFmpeg reads.
//
// A file plays at its own pace and starts over at its end, for ever. Picture and sound of one file are two sources;
// when both are started together they stay together, for both take the length of the whole file for a turn.
#pragma once

#include <memory>
#include <string>

#include "devices/source.h"

namespace tidewire::devices {

struct VideoFileOptions {
  // Larger pictures are scaled down to fit, keeping their shape: a real-time encoder has to keep up.
  int max_width = 1280;
  int max_height = 720;
};

struct AudioFileOptions {
  int channels = 1;  // 1 or 2, whatever the file has
};

// Opening reads the file far enough to decode its first frame; it blocks for a moment. Errors, each one clear
// sentence: kNotFound ("cannot open 'x.mp4': No such file or directory"), kNotReadable ("'notes.txt' holds no audio
// or video"), kNotFound ("'song.mp3' holds no video").
// Pictures are I420; a picture file (PNG, JPEG) is a film that stands still.
Result<std::unique_ptr<VideoSource>> open_video_file(const std::string& path, VideoFileOptions options = {});
// 48 kHz in runs of 20 ms.
Result<std::unique_ptr<AudioSource>> open_audio_file(const std::string& path, AudioFileOptions options = {});

}  // namespace tidewire::devices
