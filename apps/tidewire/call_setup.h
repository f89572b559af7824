// What the verbs that make calls have in common, made of their flags.
#pragma once

#include <memory>

#include "commands.h"
#include "ice_options.h"
#include "ladder.h"
#include "rate_log.h"
#include "tidewire/configuration.h"

namespace tidewire::app {

struct CallSetup {
  Configuration configuration;
  std::shared_ptr<EmulatedPath> path;  // null: none is asked for
  std::shared_ptr<Ladder> ladder;
  std::shared_ptr<RateLog> log;  // null: none is asked for
  int video_height = 0;          // of the test picture
};

// The error names the flag. `Options`: CallOptions or DemoOptions.
template <typename Options>
Result<CallSetup> set_up(const Options& options, EventLoop& loop) {
  auto configuration = to_configuration(options.ice, loop);
  if (!configuration) return configuration.error();
  if (const auto applied = apply(options.rates, *configuration); !applied) return applied.error();
  const auto path = make_path(options.path);
  if (!path) return path.error();
  const auto log = open_log(options.path);
  if (!log) return log.error();
  return CallSetup{.configuration = std::move(*configuration),
                   .path = *path,
                   .ladder = std::make_shared<Ladder>(loop, options.path, *path, options.json),
                   .log = *log,
                   .video_height = usual_height(options.rates, options.path)};
}

}  // namespace tidewire::app
