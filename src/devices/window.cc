// A window by SDL2. One thread opens it, draws into it and listens to it, as window systems want it.
#include "devices/window.h"

#include <pthread.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "devices/sdl.h"

namespace tidewire::devices {

namespace {

std::atomic<bool> window_exists = false;

struct SdlDeleter {
  void operator()(SDL_Window* window) const { SDL_DestroyWindow(window); }
  void operator()(SDL_Renderer* renderer) const { SDL_DestroyRenderer(renderer); }
  void operator()(SDL_Texture* texture) const { SDL_DestroyTexture(texture); }
};
template <typename T>
using Sdl = std::unique_ptr<T, SdlDeleter>;

// What the window's thread and its owner share.
struct Shared {
  WindowOptions options;
  std::mutex mutex;
  VideoFrame waiting;  // guarded
  std::atomic<bool> stopped = false;
};

// The one window that a process may have. Given back when all else of it is gone.
struct Place {
  Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { window_exists = false; }
};

// Lives on the window's thread only. Members go in reverse order: the texture before its renderer, and so on.
struct Screen {
  Place place;
  SdlSubsystem subsystem;
  Sdl<SDL_Window> window;
  Sdl<SDL_Renderer> renderer;
  Sdl<SDL_Texture> texture;
  int width = 0;  // of the texture
  int height = 0;

  Result<> open(const WindowOptions& options) {
    if (!subsystem.open(SDL_INIT_VIDEO)) return no_display(SDL_GetError());
    window.reset(SDL_CreateWindow(options.title.c_str(), SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                  options.width, options.height, SDL_WINDOW_RESIZABLE));
    if (!window) return no_display(SDL_GetError());
    renderer.reset(SDL_CreateRenderer(window.get(), -1, 0));
    if (!renderer) return no_display(SDL_GetError());
    clear();
    return {};
  }

  static Error no_display(const std::string& why) {
    return {ErrorCode::kNotFound, "no display (" + why + "): set DISPLAY or use --play none"};
  }

  void clear() {
    SDL_SetRenderDrawColor(renderer.get(), 0, 0, 0, 255);
    SDL_RenderClear(renderer.get());
    SDL_RenderPresent(renderer.get());
  }

  void draw(const I420Buffer& picture) {
    if (!texture || width != picture.width() || height != picture.height()) {
      width = picture.width();
      height = picture.height();
      texture.reset(
          SDL_CreateTexture(renderer.get(), SDL_PIXELFORMAT_IYUV, SDL_TEXTUREACCESS_STREAMING, width, height));
      // The renderer then scales, and leaves black bars where the shapes differ.
      SDL_RenderSetLogicalSize(renderer.get(), width, height);
    }
    if (!texture) return;
    SDL_UpdateYUVTexture(texture.get(), nullptr, picture.y(), picture.stride_y(), picture.u(), picture.stride_uv(),
                         picture.v(), picture.stride_uv());
    SDL_RenderClear(renderer.get());
    SDL_RenderCopy(renderer.get(), texture.get(), nullptr, nullptr);
    SDL_RenderPresent(renderer.get());
  }
};

// True when the user wants the window gone.
bool pump_events(Screen& screen, const I420Buffer* shown) {
  bool close = false;
  SDL_Event event;
  while (SDL_PollEvent(&event) != 0) {
    if (event.type == SDL_QUIT) close = true;
    if (event.type != SDL_WINDOWEVENT) continue;
    if (event.window.event == SDL_WINDOWEVENT_CLOSE) close = true;
    if (event.window.event == SDL_WINDOWEVENT_EXPOSED && shown != nullptr) screen.draw(*shown);
  }
  return close;
}

// Until the owner or the user closes the window.
void show_pictures(Screen& screen, Shared& shared) {
  VideoFrame shown;
  while (!shared.stopped) {
    VideoFrame fresh;
    {
      const std::lock_guard lock(shared.mutex);
      fresh = std::exchange(shared.waiting, {});
    }
    if (fresh.buffer) {
      shown = std::move(fresh);
      screen.draw(*shown.buffer);
    }
    if (pump_events(screen, shown.buffer.get())) {
      if (shared.options.on_close) shared.options.on_close();
      return;
    }
    SDL_Delay(5);  // SDL has no way to wait for its events and for ours
  }
}

void run(Shared& shared, std::promise<Result<>>& opened) {
  {
    Screen screen;
    auto result = screen.open(shared.options);
    const bool ok = result.has_value();
    opened.set_value(std::move(result));
    if (ok) show_pictures(screen, shared);
  }
  SDL_TLSCleanup();  // what SDL keeps for each thread
}

class Window final : public VideoWindow {
 public:
  explicit Window(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() override {
    shared_->stopped = true;
    if (!thread_.joinable()) return;
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();  // on_close destroyed us
    } else {
      thread_.join();
    }
  }

  Result<> open() {
    auto opened = std::make_shared<std::promise<Result<>>>();
    auto result = opened->get_future();
    thread_ = std::thread([shared = shared_, opened] { run(*shared, *opened); });
    pthread_setname_np(thread_.native_handle(), "tw-window");
    return result.get();
  }

  void show(VideoFrame frame) override {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting = std::move(frame);
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<VideoWindow>> open_window(WindowOptions options) {
  if (window_exists.exchange(true)) return Error{ErrorCode::kInvalidState, "a window is open already"};
  auto shared = std::make_shared<Shared>();
  shared->options = std::move(options);
  auto window = std::make_unique<Window>(std::move(shared));
  if (auto opened = window->open(); !opened) return opened.error();
  return std::unique_ptr<VideoWindow>(std::move(window));
}

}  // namespace tidewire::devices
