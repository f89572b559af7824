#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "call_setup.h"
#include "commands.h"
#include "lines.h"
#include "output.h"
#include "participant.h"
#include "signals.h"

namespace tidewire::app {
namespace {

bool has_display() { return std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr; }

std::string default_name() {
  const char* user = std::getenv("USER");
  return user && *user ? user : "tidewire";
}

void print_figures_each_second(EventLoop& loop, Participant& participant) {
  loop.post_after(std::chrono::seconds(1), [&loop, &participant] {
    participant.print_figures();
    print_figures_each_second(loop, participant);
  });
}

}  // namespace

int call(const CallOptions& options) {
  const auto url = signaling::RoomUrl::parse(options.room_url);
  if (!url) return fail(options.json, url.error());
  if (options.play == "window" && !has_display()) {
    return fail(options.json,
                {ErrorCode::kNotFound, "there is no display to open a window on; set DISPLAY, or use --play none"});
  }
  Signals signals;
  EventLoop loop;
  auto setup = set_up(options, loop);
  if (!setup) return fail(options.json, setup.error());
  go_through(setup->path, setup->configuration);
  auto participant = Participant::make(loop, {.url = *url,
                                              .name = options.name.empty() ? default_name() : options.name,
                                              .video = options.video,
                                              .audio = options.audio,
                                              .video_codec = options.video_codec,
                                              .audio_codec = options.audio_codec,
                                              .video_height = setup->video_height,
                                              .configuration = setup->configuration,
                                              .ladder = setup->ladder,
                                              .play = options.play.empty() ? has_display() : options.play == "window",
                                              .must_play = options.play == "window",
                                              .json = options.json});
  if (!participant) return fail(options.json, participant.error());

  int status = 0;
  std::optional<Lines> lines;
  const auto finish = [&] {
    if (options.json) print_result(boost::json::serialize((*participant)->report()));
    (*participant)->leave();
    // Lets the farewells out.
    loop.post_after(std::chrono::milliseconds(100), [&loop] { loop.stop(); });
  };
  (*participant)->join([&](const Error& error) {
    status = fail(options.json, error);
    loop.stop();
  });
  if (options.duration) loop.post_after(*options.duration, finish);
  signals.run_on(loop, finish);
  if (options.interactive || isatty(STDIN_FILENO) != 0) {
    lines.emplace(loop, [&](const std::string& line) {
      if (!(*participant)->handle_line(line)) finish();
    });
  }
  print_figures_each_second(loop, **participant);
  if (setup->log) log_rates_each_interval(loop, [&] { (*participant)->log_rates(*setup->log); });
  loop.run();
  if (status != 0) return status;
  if ((*participant)->ever_connected()) return 0;
  const std::string reason = (*participant)->failure_reason();
  return fail(false,
              {ErrorCode::kNetwork, reason.empty() ? "nobody came to the room; share its link: " + url->page_url()
                                                   : "no call came about: " + reason});
}

}  // namespace tidewire::app
