#include "server/operations/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "server/operations/log_text.h"

namespace tidewire::server {
namespace {

constexpr std::size_t kNetworkBytesV4 = 3;  // /24
constexpr std::size_t kNetworkBytesV6 = 6;  // /48

// Writes one value in the style of its line.
struct ValueWriter {
  std::string& line;
  const LogLineStyle& style;

  void text(std::string_view value) const {
    if (style.format == LogFormat::kJson) {
      append_quoted(line, value);
    } else {
      append_word(line, value);
    }
  }
  void operator()(std::string_view value) const { text(value); }
  void operator()(bool value) const { line += value ? "true" : "false"; }
  // JSON has no other numbers than finite ones (RFC 8259 §6).
  void operator()(double value) const { line += std::isfinite(value) ? fmt::to_string(value) : "null"; }
  void operator()(std::int64_t value) const { line += fmt::to_string(value); }
  void operator()(std::uint64_t value) const { line += fmt::to_string(value); }
  void operator()(Duration value) const { line += fmt::format("{:.3f}", std::chrono::duration<double>(value).count()); }
  void operator()(const SocketAddress& address) const {
    const IpAddress ip = address.ip.unmapped();
    if (!style.full_addresses) return text(network_of(ip));
    text(address.port == 0 ? ip.to_string() : SocketAddress{ip, address.port}.to_string());
  }
};

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
    case LogLevel::kOff: return "off";
  }
  return "";
}

std::string to_rfc3339(UnixTime time) {
  using namespace std::chrono;
  const auto since = floor<milliseconds>(time.since_epoch);
  const auto day = floor<days>(since);
  const year_month_day date{sys_days(day)};
  const hh_mm_ss clock{since - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string network_of(const IpAddress& address) {
  const IpAddress ip = address.unmapped();
  if (ip.is_v4()) {
    std::array<std::uint8_t, 4> bytes{};
    std::copy_n(ip.bytes().begin(), kNetworkBytesV4, bytes.begin());
    return IpAddress::v4(bytes).to_string() + "/24";
  }
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(ip.bytes().begin(), kNetworkBytesV6, bytes.begin());
  return IpAddress::v6(bytes).to_string() + "/48";
}

std::string_view logged_user(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0) return name;
  const bool is_expiry = std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(colon),
                                     [](char c) { return c >= '0' && c <= '9'; });
  return is_expiry ? name.substr(colon + 1) : name;
}

std::string render_log_line(UnixTime time, LogLevel level, std::string_view event, LogFields fields,
                            const LogLineStyle& style) {
  const bool json = style.format == LogFormat::kJson;
  std::string line =
      json ? fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", to_rfc3339(time), to_string(level), event)
           : fmt::format("{} {} {}", to_rfc3339(time), to_string(level), event);
  for (const LogField& field : fields) {
    line += json ? fmt::format(",\"{}\":", field.name) : fmt::format(" {}=", field.name);
    std::visit(ValueWriter{line, style}, field.value.value());
  }
  if (json) line += '}';
  return line;
}

}  // namespace tidewire::server
