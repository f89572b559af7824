#include "simulate/scenario_file.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "simulate/traces.h"

namespace tidewire::simulate {
namespace {

namespace json = boost::json;

constexpr double kLongest = 24 * 3600;  // seconds
constexpr std::size_t kMostCalls = 50;
constexpr std::size_t kMostTcps = 100;
constexpr std::size_t kMostSteps = 100'000;
constexpr double kMostBitrate = 10e9;

Duration from_seconds(double value) { return Duration{std::llround(value * 1e9)}; }

// An object of the file with its name. The first thing that is wrong stays; after it, everything is a default.
class Reader {
 public:
  Reader(const json::object& object, std::string path, std::optional<Error>& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  // Nothing else may be in it.
  void allow(std::initializer_list<std::string_view> keys) {
    for (const auto& member : object_) {
      const std::string_view key = member.key();
      if (std::ranges::find(keys, key) != keys.end()) continue;
      std::string known;
      for (const std::string_view it : keys) known += (known.empty() ? "" : ", ") + std::string(it);
      return fail(ErrorCode::kType, key, "is not known; there are " + known);
    }
  }
  bool has(std::string_view key) const { return object_.contains(key); }
  const json::value* find(std::string_view key) const { return object_.if_contains(key); }

  double real(std::string_view key, double otherwise, double least, double most) {
    const json::value* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_number()) return fail(ErrorCode::kType, key, "has to be a number"), otherwise;
    const auto number = value->to_number<double>();
    if (number < least || number > most) {
      return fail(ErrorCode::kRange, key, "has to be from " + text_of(least) + " to " + text_of(most)), otherwise;
    }
    return number;
  }
  Duration time(std::string_view key, Duration otherwise) {
    return has(key) ? from_seconds(real(key, 0, 0, kLongest)) : otherwise;
  }
  Duration milliseconds(std::string_view key, Duration otherwise) {
    return has(key) ? from_seconds(real(key, 0, 0, 60'000) / 1000) : otherwise;
  }
  std::string text(std::string_view key, std::string otherwise) {
    const json::value* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_string()) return fail(ErrorCode::kType, key, "has to be text"), otherwise;
    return std::string(value->get_string());
  }
  std::uint64_t bitrate(std::string_view key, const json::value& value) {
    std::optional<std::uint64_t> rate;
    if (value.is_string()) rate = parse_bitrate(std::string_view(value.get_string()));
    if (value.is_number() && value.to_number<double>() >= 0 && value.to_number<double>() <= kMostBitrate) {
      rate = static_cast<std::uint64_t>(value.to_number<double>());
    }
    if (!rate) fail(ErrorCode::kType, key, "has to be a bitrate, such as \"2.5M\", \"300k\" or 64000");
    return rate.value_or(0);
  }
  std::optional<std::uint64_t> bitrate(std::string_view key) {
    const json::value* value = find(key);
    return value == nullptr ? std::nullopt : std::optional(bitrate(key, *value));
  }
  const json::array* list(std::string_view key, std::size_t most) {
    const json::value* value = find(key);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) return fail(ErrorCode::kType, key, "has to be a list, in [ ]"), nullptr;
    if (value->get_array().size() > most) {
      return fail(ErrorCode::kRange, key, "has more than " + std::to_string(most) + " entries"), nullptr;
    }
    return &value->get_array();
  }
  // Calls `read` with each object of a list.
  template <typename Read>
  void objects(std::string_view key, std::size_t most, Read&& read) {
    const json::array* all = list(key, most);
    for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
      const std::string name = std::string(key) + "[" + std::to_string(i) + "]";
      if (!(*all)[i].is_object()) return fail(ErrorCode::kType, name, "has to be an object, in { }");
      Reader inner((*all)[i].get_object(), full(name), error_);
      read(inner);
    }
  }
  template <typename Read>
  void object(std::string_view key, Read&& read) {
    const json::value* value = find(key);
    if (value == nullptr) return;
    if (!value->is_object()) return fail(ErrorCode::kType, key, "has to be an object, in { }");
    Reader inner(value->get_object(), full(std::string(key)), error_);
    read(inner);
  }
  // [seconds, something]
  const json::array* pair(std::string_view key, const json::value& value, const char* of) {
    const bool good = value.is_array() && value.get_array().size() == 2 && value.get_array()[0].is_number() &&
                      value.get_array()[0].to_number<double>() >= 0 &&
                      value.get_array()[0].to_number<double>() <= kLongest;
    if (!good) fail(ErrorCode::kType, key, std::string("has to be ") + of);
    return good ? &value.get_array() : nullptr;
  }
  void fail(ErrorCode code, std::string_view key, const std::string& what) {
    if (!error_) error_ = Error{code, full(std::string(key)) + " " + what};
  }

 private:
  static std::string text_of(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (!text.empty() && text.back() == '.') text.pop_back();
    return text;
  }
  std::string full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

  const json::object& object_;
  std::string path_;
  std::optional<Error>& error_;
};

void read_steps(Reader& reader, const json::array& list, PathPlan& path) {
  std::vector<sim::RateSchedule::Step> steps;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string key = "rate[" + std::to_string(i) + "]";
    const json::array* pair = reader.pair(key, list[i], "a pair of seconds and bitrate, such as [20, \"1M\"]");
    if (pair == nullptr) return;
    steps.push_back({from_seconds((*pair)[0].to_number<double>()), reader.bitrate(key, (*pair)[1])});
    if (i == 0 && steps[0].from != Duration::zero()) {
      return reader.fail(ErrorCode::kRange, key, "has to begin at 0 s");
    }
    if (i > 0 && steps[i].from <= steps[i - 1].from) {
      return reader.fail(ErrorCode::kRange, key, "has to be later than the one before it");
    }
  }
  const Duration repeat = reader.time("repeat_s", Duration::zero());
  if (repeat > Duration::zero() && repeat <= steps.back().from) {
    return reader.fail(ErrorCode::kRange, "repeat_s", "has to be later than the last step of rate");
  }
  path.rate = std::make_shared<const sim::RateSchedule>(std::move(steps), repeat);
}

void read_trace(Reader& reader, const std::string& file, const ReadFile& read_file, PathPlan& path) {
  const auto text = read_file(file);
  if (!text) return reader.fail(text.error().code, "trace", "cannot be used: " + text.error().message);
  const auto rate = parse_mahimahi(*text);
  if (!rate) return reader.fail(rate.error().code, "trace", "(" + file + ") cannot be used: " + rate.error().message);
  path.rate = std::make_shared<const sim::RateSchedule>(*rate);
  path.is_trace = true;
  path.queue_bytes = 256 * 1024;
}

void read_path(Reader& reader, const ReadFile& read_file, PathPlan& path) {
  reader.allow(
      {"rate", "repeat_s", "trace", "queue_ms", "queue_bytes", "jitter_ms", "loss", "burst_enter", "burst_leave"});
  if (reader.has("rate") && reader.has("trace")) {
    return reader.fail(ErrorCode::kType, "trace", "cannot be there together with rate");
  }
  if (const json::value* rate = reader.find("rate"); rate != nullptr && rate->is_array()) {
    const json::array* list = reader.list("rate", kMostSteps);
    if (list != nullptr && list->empty()) return reader.fail(ErrorCode::kType, "rate", "is empty");
    if (list != nullptr) read_steps(reader, *list, path);
  } else if (rate != nullptr) {
    path.rate = std::make_shared<const sim::RateSchedule>(
        std::vector<sim::RateSchedule::Step>{{Duration::zero(), reader.bitrate("rate", *rate)}});
  } else if (reader.has("trace")) {
    read_trace(reader, reader.text("trace", ""), read_file, path);
  }
  path.queue_time = reader.milliseconds("queue_ms", path.queue_time);
  path.queue_bytes =
      static_cast<std::size_t>(reader.real("queue_bytes", static_cast<double>(path.queue_bytes), 3000, 1e9));
  if (path.is_trace && reader.has("queue_ms")) {
    reader.fail(ErrorCode::kType, "queue_ms", "means nothing with a trace; give queue_bytes");
  }
  path.jitter = reader.milliseconds("jitter_ms", path.jitter);
  path.loss = reader.real("loss", path.loss, 0, 1);
  path.burst_enter = reader.real("burst_enter", path.burst_enter, 0, 1);
  path.burst_leave = reader.real("burst_leave", path.burst_leave, 0.001, 1);
}

Direction read_direction(Reader& reader) {
  const std::string text = reader.text("direction", "forward");
  if (text == "backward") return Direction::kBackward;
  if (text != "forward") reader.fail(ErrorCode::kType, "direction", "has to be \"forward\" or \"backward\"");
  return Direction::kForward;
}

void read_stop(Reader& reader, Duration start, std::optional<Duration>& stop) {
  if (!reader.has("stop_s")) return;
  stop = reader.time("stop_s", Duration::zero());
  if (*stop <= start) reader.fail(ErrorCode::kRange, "stop_s", "has to be later than start_s");
}

CallPlan read_call(Reader& reader) {
  reader.allow({"start_s", "stop_s", "pauses_s", "direction", "delay_ms", "start_bitrate", "max_bitrate", "control"});
  CallPlan call;
  call.start = reader.time("start_s", call.start);
  read_stop(reader, call.start, call.stop);
  call.direction = read_direction(reader);
  call.one_way_delay = reader.milliseconds("delay_ms", call.one_way_delay);
  call.start_bitrate = reader.bitrate("start_bitrate");
  call.max_bitrate = reader.bitrate("max_bitrate");
  if (call.max_bitrate && *call.max_bitrate == 0) reader.fail(ErrorCode::kRange, "max_bitrate", "has to be above 0");
  if (call.start_bitrate && *call.start_bitrate == 0) {
    reader.fail(ErrorCode::kRange, "start_bitrate", "has to be above 0");
  }
  const std::string control = reader.text("control", "chosen");
  if (control == "other") {
    call.control = Control::kOther;
  } else if (control != "chosen") {
    reader.fail(ErrorCode::kType, "control", "has to be \"chosen\" or \"other\"");
  }
  const json::array* pauses = reader.list("pauses_s", 1000);
  for (std::size_t i = 0; pauses != nullptr && i < pauses->size(); ++i) {
    const std::string key = "pauses_s[" + std::to_string(i) + "]";
    const json::array* pair = reader.pair(key, (*pauses)[i], "a pair of seconds, such as [40, 60]");
    if (pair == nullptr) break;
    const double to = (*pair)[1].is_number() ? (*pair)[1].to_number<double>() : -1;
    const Span pause{from_seconds((*pair)[0].to_number<double>()), from_seconds(std::clamp(to, -1.0, kLongest))};
    if (pause.to <= pause.from || (i > 0 && pause.from <= call.pauses.back().to)) {
      reader.fail(ErrorCode::kRange, key, "has to end after it begins, and begin after the one before it");
      break;
    }
    call.pauses.push_back(pause);
  }
  return call;
}

TcpPlan read_tcp(Reader& reader) {
  reader.allow({"start_s", "stop_s", "direction", "delay_ms", "bytes", "pause_s"});
  TcpPlan tcp;
  tcp.start = reader.time("start_s", tcp.start);
  read_stop(reader, tcp.start, tcp.stop);
  tcp.direction = read_direction(reader);
  tcp.one_way_delay = reader.milliseconds("delay_ms", tcp.one_way_delay);
  tcp.mean_pause = reader.time("pause_s", tcp.mean_pause);
  const json::array* bytes = reader.list("bytes", 2);
  if (bytes == nullptr) return tcp;
  const auto size = [&](std::size_t i) {
    const double value = i < bytes->size() && (*bytes)[i].is_number() ? (*bytes)[i].to_number<double>() : 0;
    return static_cast<std::size_t>(std::clamp(value, 0.0, 1e12));
  };
  tcp.least_bytes = size(0);
  tcp.most_bytes = size(1);
  if (bytes->size() != 2 || tcp.least_bytes == 0 || tcp.most_bytes < tcp.least_bytes) {
    reader.fail(ErrorCode::kRange, "bytes", "has to be the least and the most of a transfer, such as [30000, 50000]");
  }
  return tcp;
}

Rung read_rung(Reader& reader) {
  reader.allow({"at_s", "height", "audio_bitrate"});
  return {reader.time("at_s", Duration::zero()), static_cast<int>(reader.real("height", 0, 0, 10'000)),
          reader.bitrate("audio_bitrate").value_or(0)};
}

Scenario read_scenario(Reader& reader, const ReadFile& read_file) {
  reader.allow(
      {"name", "description", "duration_s", "measured_from_s", "forward", "backward", "calls", "tcp", "ladder"});
  Scenario scenario;
  scenario.name = reader.text("name", "");
  scenario.description = reader.text("description", "");
  scenario.duration = from_seconds(reader.real("duration_s", 60, 1, 3600));
  scenario.measured_from = reader.time("measured_from_s", scenario.measured_from);
  reader.object("forward", [&](Reader& its) { read_path(its, read_file, scenario.forward); });
  reader.object("backward", [&](Reader& its) { read_path(its, read_file, scenario.backward); });
  if (reader.has("calls")) scenario.calls.clear();
  reader.objects("calls", kMostCalls, [&](Reader& its) { scenario.calls.push_back(read_call(its)); });
  reader.objects("tcp", kMostTcps, [&](Reader& its) { scenario.tcps.push_back(read_tcp(its)); });
  reader.objects("ladder", 1000, [&](Reader& its) { scenario.ladder.push_back(read_rung(its)); });
  if (scenario.calls.empty()) reader.fail(ErrorCode::kType, "calls", "has no call; leave it away for one");
  return scenario;
}

}  // namespace

std::optional<std::uint64_t> parse_bitrate(std::string_view text) {
  double factor = 1;
  if (!text.empty()) {
    const char last = text.back();
    factor = last == 'k' || last == 'K' ? 1e3 : last == 'M' ? 1e6 : last == 'G' ? 1e9 : 1;
  }
  if (factor > 1) text.remove_suffix(1);
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const double rate = value * factor;
  if (error != std::errc() || rest != text.data() + text.size() || !(rate >= 0 && rate <= kMostBitrate)) return {};
  return static_cast<std::uint64_t>(std::llround(rate));
}

Result<Scenario> parse_scenario(std::string_view text, const ReadFile& read_file) {
  json::stream_parser parser;
  boost::system::error_code code;
  const std::size_t read = parser.write_some(text.data(), text.size(), code);
  if (!code) parser.finish(code);
  if (code || !parser.done() || text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
    const auto line = 1 + std::ranges::count(text.substr(0, read), '\n');
    return Error{ErrorCode::kSyntax, "line " + std::to_string(line) + ": this is no JSON" +
                                         (code ? " (" + code.message() + ")" : std::string())};
  }
  const json::value root = parser.release();
  if (!root.is_object()) return Error{ErrorCode::kType, "a scenario is a JSON object, in { }"};
  std::optional<Error> error;
  Reader reader(root.get_object(), "", error);
  Scenario scenario = read_scenario(reader, read_file);
  if (error) return *error;
  return scenario;
}

}  // namespace tidewire::simulate
