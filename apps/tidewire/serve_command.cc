#include <sys/resource.h>

#include "commands.h"
#include "output.h"
#include "serving.h"
#include "signals.h"

namespace tidewire::app {
namespace {

// A descriptor for each relayed port: as many as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

server::LogLevel level_of(const std::string& text) {
  using enum server::LogLevel;
  for (const server::LogLevel level : {kDebug, kInfo, kWarning, kError, kOff}) {
    if (to_string(level) == text) return level;
  }
  return kInfo;  // the command line lets nothing else through
}

}  // namespace

int serve(const ServeOptions& options, const std::function<Result<ServeOptions>()>& again) {
  raise_descriptor_limit();
  Signals signals(Signals::Hangup::kIsAnEvent);
  server::Log log(
      {.level = level_of(options.log_level),
       .style = {.format = options.log_format == "json" ? server::LogFormat::kJson : server::LogFormat::kText,
                 .full_addresses = options.log_addresses}});
  EventLoop loop;
  Serving serving(loop, log);
  if (const auto started = serving.start(options); !started) return fail(options.json, started.error());
  serving.announce();
  signals.run_on(
      loop, [&] { serving.shut_down(); }, [&] { serving.reload(again()); });
  loop.run();
  return 0;
}

}  // namespace tidewire::app
