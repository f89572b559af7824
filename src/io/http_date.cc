#include "io/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace tidewire::io {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kShape = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string digits(unsigned value, std::size_t count) {
  std::string text = std::to_string(value);
  return text.size() < count ? std::string(count - text.size(), '0') + text : text;
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string format_http_date(UnixTime time) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(time.since_epoch);
  const auto day = floor<days>(whole);
  const year_month_day date{sys_days{day}};
  const hh_mm_ss clock{whole - day};
  const std::string_view weekday = kDays[std::chrono::weekday{sys_days{day}}.c_encoding()];
  return std::string(weekday) + ", " + digits(unsigned{date.day()}, 2) + ' ' +
         std::string(kMonths[unsigned{date.month()} - 1]) + ' ' +
         digits(static_cast<unsigned>(static_cast<int>(date.year())), 4) + ' ' +
         digits(static_cast<unsigned>(clock.hours().count()), 2) + ':' +
         digits(static_cast<unsigned>(clock.minutes().count()), 2) + ':' +
         digits(static_cast<unsigned>(clock.seconds().count()), 2) + " GMT";
}

std::optional<UnixTime> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != kShape.size() || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = number(text.substr(5, 2));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const year_month_day date{std::chrono::year(static_cast<int>(*year)),
                            std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                            std::chrono::day(*day)};
  // RFC 9110 §5.6.7: 60 is a leap second. A time beyond 2261 does not fit into a Duration.
  if (!date.ok() || *year < 1970 || *year > 2261 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return UnixTime{sys_days{date}.time_since_epoch() + hours(*hour) + minutes(*minute) + seconds(*second)};
}

}  // namespace tidewire::io
