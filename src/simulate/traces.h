// Traces of what radio links carry, in the form of Mahimahi (Netravali et al., USENIX ATC 2015): a line for each chance
// to deliver 1500 bytes, with the millisecond at which it comes. And generators of such traces, from published
// statistics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/rate_schedule.h"
#include "tidewire/result.h"

namespace tidewire::simulate {

// Each chance is a pulse of a millisecond; the trace repeats itself after its last line. kSyntax, with the line.
Result<sim::RateSchedule> parse_mahimahi(std::string_view text);

// The model of a cellular link of Winstein, Sivaraman and Balakrishnan (Sprout, NSDI 2013, §3.1): deliveries are a
// Poisson process whose rate does a random walk; where the rate reaches zero it is an outage, of which it gets out at
// a rate of its own, and begins again at what the walk makes in less than a second.
struct CellularModel {
  double most = 1000;          // packets a second; Sprout: 1000, which is about 12 Mbit/s
  double least = 0;            // the walk is turned back there; 0: there are outages
  double walk = 200;           // packets a second, per square root of a second; Sprout: 200
  double escape = 1;           // outages end at this rate, per second; Sprout: 1
  double handover_every = 0;   // seconds, on average; 0: none
  double handover_most = 0.4;  // seconds without any delivery, evenly drawn from a quarter of this on
};
std::string make_cellular_trace(const CellularModel& model, Duration length, std::uint64_t seed);

// A wireless network in a home: chances to send come at random (contention), each for a train of packets (802.11n's
// aggregation); the rate changes between a near and a far state (Gilbert), and now and then all stands still.
struct WifiModel {
  double near_rate = 12e6;  // bits per second, on average
  double far_rate = 2e6;
  double near_for = 4;  // seconds, on average
  double far_for = 1.5;
  double chance_every = 0.008;  // seconds, on average
  double stall_every = 6;
  double stall_most = 0.2;
};
std::string make_wifi_trace(const WifiModel& model, Duration length, std::uint64_t seed);

}  // namespace tidewire::simulate
