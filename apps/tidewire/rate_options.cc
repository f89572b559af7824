#include "rate_options.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>

#include "durations.h"
#include "simulate/scenario_file.h"

namespace tidewire::app {
namespace {

constexpr const char* kGroup = "Rates";
// Who writes 2.5 means 2.5M.
constexpr std::uint64_t kLeast = 1000;

std::uint64_t parse_rate(const std::string& flag, const std::string& text, bool zero_too) {
  const auto rate = simulate::parse_bitrate(text);
  if (!rate) throw CLI::ValidationError(flag, "'" + text + "' is no bitrate; try 2.5M or 800k");
  if (*rate < kLeast && !(zero_too && *rate == 0)) {
    throw CLI::ValidationError(flag,
                               "'" + text + "' is less than 1 kbit/s; did you mean " + text + "M or " + text + "k?");
  }
  if (*rate > std::numeric_limits<std::uint32_t>::max()) {
    throw CLI::ValidationError(flag, "'" + text + "' is above 4 Gbit/s");
  }
  return *rate;
}

void add_rate(CLI::App& verb, const std::string& flag, std::optional<std::uint32_t>& rate, const std::string& help) {
  verb.add_option_function<std::string>(
          flag,
          [flag, &rate](const std::string& text) { rate = static_cast<std::uint32_t>(parse_rate(flag, text, false)); },
          help)
      ->type_name("RATE")
      ->group(kGroup);
}

}  // namespace

void add_rate_options(CLI::App& verb, RateOptions& options) {
  verb.add_option("--congestion-control", options.congestion_control,
                  "What decides how much is sent: tidewire follows the network; google does as browsers do; none sends "
                  "what is asked for, whatever the network does")
      ->check(CLI::IsMember({"tidewire", "google", "none"}))
      ->type_name("tidewire|google|none")
      ->group(kGroup);
  add_rate(verb, "--video-bitrate", options.video_bitrate, "The most for pictures, such as 2.5M");
  add_rate(verb, "--audio-bitrate", options.audio_bitrate, "The most for sound, such as 64k");
  add_rate(verb, "--start-bitrate", options.start_bitrate, "What the network is taken to carry at first");
  add_rate(verb, "--max-bitrate", options.max_bitrate, "What is never exceeded, all in all");
  verb.add_option("--video-height", options.video_height, "Lines of the test picture")
      ->check(CLI::IsMember({240, 360, 480, 720, 1080}))
      ->type_name("240|360|480|720|1080")
      ->group(kGroup);
}

Result<> apply(const RateOptions& options, Configuration& configuration) {
  if (options.congestion_control == "tidewire") configuration.congestion_control = CongestionControl::kTidewire;
  if (options.congestion_control == "google") configuration.congestion_control = CongestionControl::kGoogle;
  if (options.congestion_control == "none") configuration.congestion_control = CongestionControl::kNone;
  configuration.video_bitrate = options.video_bitrate.value_or(configuration.video_bitrate);
  configuration.audio_bitrate = options.audio_bitrate.value_or(configuration.audio_bitrate);
  configuration.start_bitrate = options.start_bitrate.value_or(configuration.start_bitrate);
  configuration.max_bitrate = options.max_bitrate.value_or(configuration.max_bitrate);
  if (configuration.start_bitrate <= configuration.max_bitrate) return {};
  if (options.start_bitrate) {
    return Error{ErrorCode::kRange, "--start-bitrate is above --max-bitrate: " + in_words(*options.start_bitrate) +
                                        " and " + in_words(configuration.max_bitrate)};
  }
  configuration.start_bitrate = configuration.max_bitrate;
  return {};
}

void add_path_options(CLI::App& verb, PathOptions& options) {
  const char* group = "A network that is not there";
  verb.add_option_function<std::string>(
          "--bandwidth",
          [&options](const std::string& text) {
            options.bandwidth.clear();
            for (const std::string& rate : CLI::detail::split(text, ',')) {
              options.bandwidth.push_back(parse_rate("--bandwidth", rate, true));
            }
            if (options.bandwidth.empty() || options.bandwidth.front() == 0) {
              throw CLI::ValidationError("--bandwidth", "begins with 0: no call would come about");
            }
          },
          "Put a bottleneck into the call, both ways, with one rate after the other: 5M,1M,200k,1M,5M")
      ->type_name("RATE,…")
      ->group(group);
  add_duration_option(verb, "--step", options.step, "How long each rate lasts (10s)", group);
  add_duration_option(verb, "--delay", options.delay, "What the bottleneck's network takes, one way (25ms)", group);
  add_duration_option(verb, "--queue", options.queue, "What waits before the bottleneck at most (250ms)", group);
  verb.add_option("--log-rates", options.log, "Write what the network gives and what the call sends, 5 times a second")
      ->type_name("FILE.csv")
      ->group(group);
}

Result<std::shared_ptr<EmulatedPath>> make_path(const PathOptions& options) {
  if (options.bandwidth.empty()) return std::shared_ptr<EmulatedPath>();
  if (options.step <= Duration::zero()) return Error{ErrorCode::kRange, "--step: a rate has to last for a while"};
  if (options.queue <= Duration::zero()) return Error{ErrorCode::kRange, "--queue: it has to hold something"};
  EmulatedPath::Options path{.delay = options.delay, .queue = options.queue};
  for (const std::uint64_t rate : options.bandwidth) {
    path.steps.push_back({static_cast<Duration::rep>(path.steps.size()) * options.step, rate});
  }
  path.period = static_cast<Duration::rep>(path.steps.size()) * options.step;
  return EmulatedPath::make(path);
}

void go_through(const std::shared_ptr<EmulatedPath>& path, Configuration& configuration) {
  if (!path) return;
  configuration.emulated_path = path;
  configuration.tcp_candidates = false;
}

int usual_height(const RateOptions& rates, const PathOptions& path) {
  if (rates.video_height != 0) return rates.video_height;
  return path.bandwidth.empty() ? 480 : 1080;
}

std::string in_words(std::uint64_t bits_per_second) {
  if (bits_per_second == 0) return "nothing";
  if (bits_per_second >= 1'000'000) return fmt::format("{:.3g} Mbit/s", static_cast<double>(bits_per_second) / 1e6);
  return fmt::format("{:.3g} kbit/s", static_cast<double>(bits_per_second) / 1e3);
}

}  // namespace tidewire::app
