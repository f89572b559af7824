// The TCP beside the calls, as a plan has it: one long connection, or one transfer after another.
#pragma once

#include <optional>

#include "sim/simulation.h"
#include "simulate/noise.h"
#include "simulate/recording.h"
#include "simulate/tcp_cubic.h"

namespace tidewire::simulate {

class CrossTraffic {
 public:
  CrossTraffic(sim::Simulation& simulation, const TcpPlan& plan, const sim::LinkConfig& there,
               const sim::LinkConfig& back, std::uint64_t seed, Timestamp origin, TcpRecording& recording)
      : simulation_(simulation),
        plan_(plan),
        there_(there, seed * 2 + 1),
        back_(back, seed * 2 + 2),
        noise_(seed),
        origin_(origin),
        recording_(recording) {}
  CrossTraffic(const CrossTraffic&) = delete;
  CrossTraffic& operator=(const CrossTraffic&) = delete;

  void start();

 private:
  void pause();
  void transfer();
  void step();
  void end_transfer();
  bool stopped() const { return plan_.stop && simulation_.now() >= origin_ + *plan_.stop; }

  sim::Simulation& simulation_;
  TcpPlan plan_;
  sim::Link there_;
  sim::Link back_;
  Noise noise_;
  Timestamp origin_;
  TcpRecording& recording_;
  std::optional<TcpCubic> tcp_;
  std::uint64_t counted_ = 0;
};

}  // namespace tidewire::simulate
