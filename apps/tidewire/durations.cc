#include "durations.h"

#include <charconv>

namespace tidewire::app {
namespace {

template <typename Store>
void add(CLI::App& verb, const std::string& flag, const std::string& help, const std::string& group, Store store) {
  verb.add_option_function<std::string>(
          flag,
          [flag, store](const std::string& text) {
            const auto duration = parse_duration(text);
            if (!duration) throw CLI::ValidationError(flag, "'" + text + "' is no duration; try 10s, 500ms or 2m");
            store(*duration);
          },
          help)
      ->type_name("TIME")
      ->group(group);
}

}  // namespace

std::optional<Duration> parse_duration(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double seconds = 0;
  if (unit.empty() || unit == "s") {
    seconds = number;
  } else if (unit == "ms") {
    seconds = number / 1000;
  } else if (unit == "m") {
    seconds = number * 60;
  } else if (unit == "h") {
    seconds = number * 3600;
  } else {
    return std::nullopt;
  }
  constexpr double kMost = 1e8;                                  // three years: far from where nanoseconds overflow
  if (!(seconds >= 0 && seconds <= kMost)) return std::nullopt;  // nor nan
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void add_duration_option(CLI::App& verb, const std::string& flag, std::optional<Duration>& duration,
                         const std::string& help) {
  add(verb, flag, help, "Options", [&duration](Duration given) { duration = given; });
}

void add_duration_option(CLI::App& verb, const std::string& flag, Duration& duration, const std::string& help,
                         const std::string& group) {
  add(verb, flag, help, group, [&duration](Duration given) { duration = given; });
}

}  // namespace tidewire::app
