#include "server/operations/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <mutex>

#include "io/event_loop.h"
#include "server/operations/log_budget.h"

namespace tidewire::server {
namespace {

spdlog::sink_ptr make_sink(std::ostream* output) {
  spdlog::sink_ptr sink;
  if (output != nullptr) {
    sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*output, true);
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  sink->set_pattern("%v");  // the line is complete
  return sink;
}

}  // namespace

struct Log::Impl {
  explicit Impl(const Options& log_options)
      : options(log_options),
        budget(options.max_per_event),
        writer(std::make_shared<spdlog::details::thread_pool>(std::max<std::size_t>(options.max_queued, 1), 1)),
        logger(std::make_shared<spdlog::async_logger>("tidewire", make_sink(options.output), writer,
                                                      spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(spdlog::level::trace);  // chosen before a line is rendered
  }

  void put(UnixTime time, LogLevel level, std::string_view event, LogFields fields) {
    const std::string line = render_log_line(time, level, event, fields, options.style);
    logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }
  LogBudget::Verdict take(LogLevel level, std::string_view event, Timestamp now) {
    if (level != LogLevel::kInfo && level != LogLevel::kWarning) return {};
    const std::lock_guard lock(mutex);
    return budget.take(event, now);
  }

  Options options;
  std::mutex mutex;
  LogBudget budget;
  std::shared_ptr<spdlog::details::thread_pool> writer;  // its destructor writes what is queued
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Log::~Log() = default;
Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;

bool Log::is_written(LogLevel level) const {
  return level >= impl_->options.level && impl_->options.level != LogLevel::kOff;
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) {
  if (!is_written(level)) return;
  const WallClockAnchor now = io::EventLoop::wall_clock_anchor();
  const LogBudget::Verdict verdict = impl_->take(level, event, now.monotonic);
  if (!verdict.write) return;
  if (verdict.held_before > 0) {
    impl_->put(now.wall, level, "lines_held", {{"of", event}, {"lines", verdict.held_before}});
  }
  impl_->put(now.wall, level, event, fields);
}

std::uint64_t Log::dropped() const { return impl_->writer->overrun_counter(); }

}  // namespace tidewire::server
