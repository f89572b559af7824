// A window that shows pictures, when there is a display (SDL2).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tidewire/result.h"
#include "tidewire/video_frame.h"

namespace tidewire::devices {

struct WindowOptions {
  std::string title = "Tidewire";
  int width = 640;
  int height = 480;
  // The user closed the window (on the window's thread; destroying the window from here is legal). May be empty.
  std::function<void()> on_close;
};

// Threads and stopping as in devices/source.h. The picture keeps its shape; black fills the rest.
class VideoWindow {
 public:
  virtual ~VideoWindow() = default;
  // From any thread; never blocks. Drop rule: a picture that was not shown yet is replaced.
  virtual void show(VideoFrame frame) = 0;
};

// Nothing of SDL is touched before this call. kNotFound when there is no display, saying what to do;
// kInvalidState when a window is open already: one process has one.
Result<std::unique_ptr<VideoWindow>> open_window(WindowOptions options = {});

}  // namespace tidewire::devices
