// What a run comes to, by the metrics of RFC 8868 §3 and the rules of the W3C's statistics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulate/arithmetic.h"
#include "simulate/recording.h"

namespace tidewire::simulate {

struct Percentiles {
  double p50 = kNothing;
  double p95 = kNothing;
  double p99 = kNothing;
};
// Of values in any order.
Percentiles percentiles(std::vector<double> values);
// Jain's fairness index: 1 when all are equal, 1/n when one has it all.
double jain_index(const std::vector<double>& shares);

struct CallMeasures {
  std::string name;
  std::string controller;
  std::string direction;
  bool connected = false;
  double rate = kNothing;         // received, bits per second, while it was active
  double utilisation = kNothing;  // of the whole bottleneck, while it was active
  double least_share = kNothing;  // of the bottleneck, in the worst 5 s
  Percentiles queue_ms;
  double loss = kNothing;
  double converged_s = kNothing;
  double freeze_ratio = kNothing;
  double freezes = 0;
  Percentiles frame_delay_ms;  // from the camera to the decoder
  Percentiles transit_ms;      // from the camera to when the picture has come whole
  double frame_rate = kNothing;
  double paused_s = 0;       // the path did not carry a picture
  double size_changes = 0;   // of the picture, pauses included
  double sound_missing = 0;  // share of what was to be played
  double longest_silence_ms = 0;
  double feedback = kNothing;       // bytes, as a share of what was sent
  double retransmitted = kNothing;  // payload bytes, as a share of all payload
  double above_105_ms = 0;          // longest time for which more was sent than 105 % of the capacity
};

// What followed a change of the capacity, or of the calls that share it.
struct ChangeMeasures {
  double at_s = 0;
  std::string direction;
  double capacity = 0;             // bits per second from then on
  int calls = 0;                   // that are active
  double reached_80_s = kNothing;  // until so many percent of the capacity were sent
  double reached_90_s = kNothing;
  double below_capacity_s = kNothing;  // until no more was sent than the capacity
  double queue_below_50_s = kNothing;  // until the queue was under 50 ms and stayed there for a second
  double converged_s = kNothing;       // the slowest call; kNothing: one never did
  double most_queue_ms = kNothing;
  double frozen_s = 0;  // pictures, of all calls
};

struct RungMeasures {
  double at_s = 0;
  int height = 0;
  std::uint64_t audio_bitrate = 0;
  double reached_s = kNothing;
};

struct Measures {
  std::vector<CallMeasures> calls;
  CallMeasures all;        // in all: rates added, the rest over all packets and frames
  double jain = kNothing;  // while several calls were active, 5 s after each change
  double tcp_utilisation = kNothing;
  std::vector<ChangeMeasures> changes;
  std::vector<RungMeasures> ladder;
};

Measures measure(const Recording& recording);

}  // namespace tidewire::simulate
