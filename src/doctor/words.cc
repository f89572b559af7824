#include "doctor/words.h"

#include <fmt/format.h>

#include <charconv>

namespace tidewire::doctor {

std::string milliseconds(Duration duration) {
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  return ms < 1 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

std::string seconds(Duration duration) {
  const double s = std::chrono::duration<double>(duration < Duration(0) ? -duration : duration).count();
  if (s < 120) return fmt::format("{:.0f} s", s);
  if (s < 7200) return fmt::format("{:.0f} min", s / 60);
  return fmt::format("{:.0f} h", s / 3600);
}

std::string list_of(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

std::optional<Duration> expired_for(std::string_view username, UnixTime now) {
  constexpr std::uint64_t kPlausible = 1'000'000'000;  // September 2001: no room number or the like
  constexpr std::uint64_t kLatest = 9'000'000'000;     // fits into a Duration
  std::uint64_t expiry = 0;
  const auto [end, error] = std::from_chars(username.data(), username.data() + username.size(), expiry);
  const bool whole = end == username.data() + username.size() || *end == ':';
  if (error != std::errc{} || !whole || expiry < kPlausible || expiry > kLatest) return std::nullopt;
  const Duration over = now.since_epoch - std::chrono::seconds(expiry);
  return over > Duration(0) ? std::optional(over) : std::nullopt;
}

}  // namespace tidewire::doctor
