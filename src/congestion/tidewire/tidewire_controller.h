// A place-holder: what start says, for ever.
#pragma once

#include "congestion/controller.h"

namespace tidewire::congestion {

class TidewireController : public Controller {
 public:
  TidewireController(const Limits& limits, Timestamp) : limits_(limits) {}
  void set_limits(const Limits& limits, Timestamp) override { limits_ = limits; }
  void handle_sent(const SentPacket&) override {}
  void handle_feedback(const Feedback&) override {}
  void path_changed(Timestamp) override {}
  void handle_timeout(Timestamp) override {}
  Timestamp next_timeout() const override { return kNever; }
  Estimate estimate() const override { return {limits_.start, limits_.start * 5 / 2, 0, SIZE_MAX}; }
  std::optional<ProbeCluster> poll_probe() override { return std::nullopt; }

 private:
  Limits limits_;
};

}  // namespace tidewire::congestion
