// The one place that switches parts of SDL2 on and off.
#pragma once

#define SDL_MAIN_HANDLED  // main() is the program's
#include <SDL2/SDL.h>

#include <mutex>

namespace tidewire::devices {

// Keeps one subsystem of SDL running while it lives. Threads may open and drop subsystems at the same time.
class SdlSubsystem {
 public:
  SdlSubsystem() = default;
  SdlSubsystem(const SdlSubsystem&) = delete;
  SdlSubsystem& operator=(const SdlSubsystem&) = delete;
  ~SdlSubsystem() {
    const std::lock_guard lock(mutex_);
    if (flags_ != 0) SDL_QuitSubSystem(flags_);
  }

  // At most once. False when it cannot start; SDL_GetError() says why.
  bool open(Uint32 flags) {
    const std::lock_guard lock(mutex_);
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");  // Ctrl-C belongs to the program
    SDL_SetMainReady();
    if (SDL_InitSubSystem(flags) != 0) return false;
    flags_ = flags;
    return true;
  }

 private:
  static inline std::mutex mutex_;  // SDL counts its users without one
  Uint32 flags_ = 0;
};

}  // namespace tidewire::devices
