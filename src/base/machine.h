// The shape that every protocol machine has.
//
// A machine is a plain class. Input goes in with the present time, output is polled until there is none; it
// never calls up, never blocks, and never asks for the time. There is no contract on call order: inputs may be
// stacked before the outputs are drained, and every queue inside is bounded.
#pragma once

#include <concepts>

#include "tidewire/time.h"

namespace tidewire {

template <typename M>
concept Machine = requires(M& machine, const M& readable, Timestamp now) {
  machine.handle_timeout(now);                                    // may be called early: then it does nothing
  { readable.next_timeout() } -> std::same_as<Timestamp>;         // kNever when nothing is due; O(1)
  { machine.poll_transmit().has_value() } -> std::same_as<bool>;  // the next datagram to send, or nothing
  { machine.poll_event().has_value() } -> std::same_as<bool>;     // the next thing to tell the owner, or nothing
};

}  // namespace tidewire
