#include "bench_caller.h"

#include <algorithm>

#include "bench_answerer.h"

namespace tidewire::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPingSize = 100;
// As a careful application does it: never more than the first of these in the buffer, filled again at the second.
constexpr std::size_t kHighWater = 2 << 20;
constexpr std::size_t kLowWater = 1 << 20;
// The congestion window has grown by then.
constexpr Duration kWarmUp = 1s;
// When nothing has moved for so long, it never will.
constexpr Duration kStall = 5s;
constexpr std::size_t kMostIdlePings = 20'000;
constexpr double kGiB = 1024.0 * 1024 * 1024;

RoundTrips percentiles(std::vector<Duration>& sample) {
  std::ranges::sort(sample);
  const auto at = [&sample](std::size_t percent) {
    const Duration value = sample[(sample.size() - 1) * percent / 100];
    return std::chrono::duration<double, std::micro>(value).count();
  };
  return {at(50), at(99)};
}

double number_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  return value && value->is_number() ? value->to_number<double>() : 0;
}

}  // namespace

BenchCaller::BenchCaller(int descriptor, const BenchDataChannelOptions& options)
    : options_(options),
      connection_(loop_, {.include_loopback = true, .tcp_candidates = false}),
      wire_(
          loop_, descriptor,
          [this](const boost::json::object& message) {
            if (!negotiate(connection_, message)) take_sample(message);
          },
          [this] { fail_with("the other end of the bench has ended"); }),
      message_(options.size, 0x5a) {}

Result<BenchFigures> BenchCaller::run() {
  call();
  watch(progress_);
  loop_.run();
  if (error_) return *error_;
  return figures_;
}

void BenchCaller::call() {
  connection_.on_ice_candidate = [this](const IceCandidateInit& candidate) { wire_.send_candidate(candidate); };
  connection_.on_connection_state_change = [this] {
    if (const auto& failure = connection_.failure())
      fail_with("the two ends do not reach each other: " + failure->message);
  };
  bulk_ = connection_.create_data_channel(kBulkLabel).value();
  bulk_->set_buffered_amount_low_threshold(kLowWater);
  bulk_->on_buffered_amount_low = [this] { fill(); };
  ping_ = connection_.create_data_channel(kPingLabel).value();
  ping_->on_open = [this] { begin_pings(Stage::kIdlePings); };
  ping_->on_message = [this](const DataMessage&) {
    ++progress_;
    const Timestamp now = EventLoop::now();
    round_trips_.push_back(now - ping_sent_);
    const bool enough = stage_ == Stage::kIdlePings && round_trips_.size() >= kMostIdlePings;
    if (enough || now >= pings_end_) return end_pings();
    ping();
  };
  connection_.set_local_description().value();
  wire_.send_description(*connection_.local_description());
}

void BenchCaller::begin_pings(Stage stage) {
  stage_ = stage;
  round_trips_.clear();
  pings_end_ = EventLoop::now() + options_.duration / 4;
  ping();
}

void BenchCaller::ping() {
  static const Bytes payload(kPingSize, 0x50);
  ping_sent_ = EventLoop::now();
  if (const auto sent = ping_->send(ByteView(payload)); !sent) fail_with(sent.error().message);
}

void BenchCaller::end_pings() {
  if (stage_ == Stage::kIdlePings) {
    figures_.idle = percentiles(round_trips_);
    return warm_up();
  }
  figures_.busy = percentiles(round_trips_);
  loop_.stop();
}

void BenchCaller::warm_up() {
  stage_ = Stage::kWarmingUp;
  fill();
  loop_.post_after(std::min(kWarmUp, options_.duration), [this] { wire_.send({{"ask", "figures"}}); });
}

void BenchCaller::fill() {
  ++progress_;
  while (bulk_->buffered_amount() + message_.size() <= kHighWater) {
    number_message(message_, messages_sent_++);
    if (const auto sent = bulk_->send(ByteView(message_)); !sent) return fail_with(sent.error().message);
  }
}

void BenchCaller::take_sample(const boost::json::object& message) {
  if (number_of(message, "damaged") > 0) return fail_with("messages arrived damaged or out of order");
  Sample sample{number_of(message, "messages"), number_of(message, "now_s"), process_cpu_seconds()};
  if (options_.processes == 2) sample.cpu_s += number_of(message, "cpu_s");
  if (stage_ == Stage::kTransfer) return finish_transfer(sample);
  stage_ = Stage::kTransfer;
  begin_ = sample;
  loop_.post_after(options_.duration, [this] { wire_.send({{"ask", "figures"}}); });
}

void BenchCaller::finish_transfer(const Sample& end) {
  const double bytes = (end.messages - begin_->messages) * static_cast<double>(options_.size);
  if (bytes <= 0) return fail_with("nothing arrived in the time of the transfer; give it a longer --duration");
  figures_.goodput_mbps = bytes * 8 / 1e6 / (end.now_s - begin_->now_s);
  figures_.cpu_s_per_gib = (end.cpu_s - begin_->cpu_s) / (bytes / kGiB);
  begin_pings(Stage::kBusyPings);
}

void BenchCaller::fail_with(std::string sentence) {
  if (!error_) error_ = Error{ErrorCode::kOperation, std::move(sentence)};
  loop_.stop();
}

void BenchCaller::watch(std::uint64_t before) {
  loop_.post_after(kStall, [this, before] {
    if (progress_ == before && stage_ == Stage::kConnecting)
      return fail_with("the two ends did not connect within 5 s");
    if (progress_ == before) return fail_with("the transfer has stalled: nothing moved for 5 s");
    watch(progress_);
  });
}

}  // namespace tidewire::app
