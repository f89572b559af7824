#include "media/flexfec_plan.h"

#include <algorithm>
#include <cmath>

namespace tidewire::media {

namespace {

// A column of n packets cannot be repaired with a chance of about n times the loss. One in five lost packets may be
// left to repetition; of key frames, which everything after them needs, one in ten.
constexpr double kUnrepaired = 0.2;
constexpr double kUnrepairedOfKeyFrames = 0.1;
// Longer columns come too late.
constexpr double kMaxRows = 15;
// Losses come in bursts of two or three.
constexpr std::size_t kBurst = 3;
constexpr std::size_t kFewestColumns = 2;
// From this share on, rows and columns together repair more than columns alone.
constexpr double kSquare = 0.33;
constexpr Duration kMinAge = std::chrono::milliseconds{50};
constexpr Duration kMaxAge = std::chrono::milliseconds{200};

double share_for(double loss, double unrepaired) {
  return std::clamp(loss / unrepaired, 1 / kMaxRows, kFlexfecMaxShare);
}

FlexfecShape square(double share) {
  const auto side = static_cast<std::size_t>(std::clamp(std::ceil(2 / share), 4.0, 6.0));
  return {side, side, true};
}

FlexfecShape columns(double share, double room) {
  const double rows = std::clamp(std::floor(1 / share), 2.0, kMaxRows);
  const auto fitting = static_cast<std::size_t>(room / rows);
  return {std::clamp(fitting, kFewestColumns, kBurst), static_cast<std::size_t>(rows), false};
}

}  // namespace

double FlexfecShape::share() const {
  if (size() == 0) return 0;
  return static_cast<double>(columns + (row_parity ? rows : 0)) / static_cast<double>(size());
}

FlexfecPlan plan_flexfec(const FlexfecNeed& need) {
  const double enough = need.active ? 0.75 : 1;
  const bool far = need.round_trip_time && *need.round_trip_time >= kFlexfecMinRoundTrip * enough;
  if (!far || need.loss < kFlexfecMinLoss * enough) return {};
  FlexfecPlan plan;
  // Half a round trip sooner than a repetition, which takes one and the time to notice.
  plan.max_age = std::min(std::clamp<Duration>(*need.round_trip_time / 2, kMinAge, kMaxAge), need.repair_window);
  const double room = need.packets_per_second * std::chrono::duration<double>(plan.max_age).count();
  const double share = share_for(need.loss, kUnrepaired);
  const FlexfecShape whole = square(share);
  plan.others = share >= kSquare && room >= static_cast<double>(whole.size()) ? whole : columns(share, room);
  // The packets of a key frame go out together.
  const double key_share = share_for(need.loss, kUnrepairedOfKeyFrames);
  plan.key_frames =
      key_share >= kSquare ? square(key_share) : columns(key_share, static_cast<double>(kBurst) * kMaxRows);
  return plan;
}

void FlexfecController::handle_report(double fraction_lost, std::optional<Duration> round_trip_time) {
  need_.loss += (fraction_lost - need_.loss) / (fraction_lost > need_.loss ? 2 : 8);
  if (round_trip_time) need_.round_trip_time = round_trip_time;
}

FlexfecPlan FlexfecController::plan(double packets_per_second, Duration repair_window) {
  need_.packets_per_second = packets_per_second;
  need_.repair_window = repair_window;
  FlexfecPlan plan = plan_flexfec(need_);
  need_.active = plan.active();
  return plan;
}

}  // namespace tidewire::media
