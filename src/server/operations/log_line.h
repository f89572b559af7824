// One line of the log: what happened, when, and the fields that say more. Rendering is pure: no clock, no output.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "tidewire/address.h"
#include "tidewire/time.h"

namespace tidewire::server {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat : std::uint8_t { kText, kJson };

std::string_view to_string(LogLevel level);  // "debug", "info", "warning", "error", "off"

// Refers to the text that it is made from: for the duration of one call.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}                      // NOLINT(google-explicit-constructor)
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  LogValue(bool value) : value_(value) {}                                // NOLINT(google-explicit-constructor)
  LogValue(double value) : value_(value) {}                              // NOLINT(google-explicit-constructor)
  LogValue(const IpAddress& ip) : value_(SocketAddress{ip, 0}) {}        // NOLINT(google-explicit-constructor)
  LogValue(const SocketAddress& address) : value_(address) {}            // NOLINT(google-explicit-constructor)
  template <typename Rep, typename Period>
  LogValue(std::chrono::duration<Rep, Period> value) : value_(Duration(value)) {}  // NOLINT: in seconds
  template <std::unsigned_integral T>
  LogValue(T value) : value_(std::uint64_t{value}) {}  // NOLINT(google-explicit-constructor)
  template <std::signed_integral T>
  LogValue(T value) : value_(std::int64_t{value}) {}  // NOLINT(google-explicit-constructor)

  using Value = std::variant<std::string_view, bool, double, std::int64_t, std::uint64_t, Duration, SocketAddress>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

struct LogField {
  std::string_view name;  // snake_case, ours: written as it is
  LogValue value;
};

using LogFields = std::initializer_list<LogField>;

struct LogLineStyle {
  LogFormat format = LogFormat::kText;
  bool full_addresses = false;  // false: the network that an address is in
};

// kText: 2026-07-05T12:00:00.123Z info allocation_ended user=ab12 client=203.0.113.0/24 reason="went away"
// kJson: {"time":"2026-07-05T12:00:00.123Z","level":"info","event":"allocation_ended","user":"ab12",…}
// Whatever a text holds, the line is one line of printable UTF-8: control characters, quotes and what is no UTF-8 are
// escaped, and a long text is cut.
std::string render_log_line(UnixTime time, LogLevel level, std::string_view event, LogFields fields,
                            const LogLineStyle& style);

// "203.0.113.0/24", "2001:db8:12::/48": enough to see where trouble comes from, too little to see who it is.
std::string network_of(const IpAddress& ip);

// RFC 3339 §5.6, in UTC with milliseconds.
std::string to_rfc3339(UnixTime time);

// Whom a TURN user name stands for. The end of a time-limited one ("1700000000:user") is not written: the same user is
// then the same text in every line, and no line holds a whole name that a password was made for.
std::string_view logged_user(std::string_view name);

}  // namespace tidewire::server
