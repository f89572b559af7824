// The event log of a server: one line for each thing that happened, as text or JSON, on standard error.
//
//   log.info("allocation_ended", {{"client", address}, {"relayed_bytes", n}, {"reason", "expired"}});
//
// Any thread may write. A writer renders its line and leaves it in a bounded queue; a thread of the log's own writes
// it out. When that thread cannot keep up, the oldest lines give way and are counted. Passwords, secrets and names of
// rooms are never given to it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string_view>

#include "server/operations/log_line.h"

namespace tidewire::server {

class Log {
 public:
  struct Options {
    LogLevel level = LogLevel::kInfo;  // what is below it is not written
    LogLineStyle style;
    // Lines of one event that are written in a second, of the levels info and warning; the rest is counted, and told in
    // a line "lines_held" when the event is written next. 0: no bound.
    std::uint32_t max_per_event = 50;
    std::size_t max_queued = 8192;   // lines
    std::ostream* output = nullptr;  // none: standard error. It must outlive the log.
  };

  explicit Log(const Options& options);
  // Writes what is queued.
  ~Log();
  Log(Log&&) noexcept;
  Log& operator=(Log&&) noexcept;

  // Ask before making fields that cost something.
  bool is_written(LogLevel level) const;
  void write(LogLevel level, std::string_view event, LogFields fields = {});
  void debug(std::string_view event, LogFields fields = {}) { write(LogLevel::kDebug, event, fields); }
  void info(std::string_view event, LogFields fields = {}) { write(LogLevel::kInfo, event, fields); }
  void warning(std::string_view event, LogFields fields = {}) { write(LogLevel::kWarning, event, fields); }
  void error(std::string_view event, LogFields fields = {}) { write(LogLevel::kError, event, fields); }

  // Lines that gave way.
  std::uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::server
