#include "peer/path_emulation.h"

#include <algorithm>
#include <utility>

#include "peer/emulated_path_impl.h"

namespace tidewire::peer {

PathEmulation::PathEmulation(io::EventLoop& loop, std::shared_ptr<EmulatedPath> path, Callbacks callbacks)
    : loop_(loop),
      path_(std::move(path)),
      callbacks_(std::move(callbacks)),
      // Nothing is drawn at random.
      outgoing_({.shared = path_->impl_->outgoing, .delay = path_->impl_->delay}, 1),
      incoming_({.shared = path_->impl_->incoming, .delay = path_->impl_->delay}, 1),
      timer_(loop, [this](Timestamp now) { deliver(now); }) {}

void PathEmulation::send(Datagram datagram) {
  outgoing_.send(std::move(datagram), loop_.packet_pool(), loop_.now());
  wait();
}

void PathEmulation::receive(std::span<Datagram> batch) {
  const Timestamp now = loop_.now();
  for (Datagram& datagram : batch) incoming_.send(std::move(datagram), loop_.packet_pool(), now);
  wait();
}

// What has come may be the end of all this: it goes last.
void PathEmulation::deliver(Timestamp now) {
  const auto take = [&](sim::Link& link) {
    due_.clear();
    while (auto datagram = link.receive(now)) due_.push_back(std::move(*datagram));
    return std::span<Datagram>(due_);
  };
  if (const auto sent = take(outgoing_); !sent.empty()) callbacks_.on_sent(sent);
  const auto received = take(incoming_);
  wait();
  if (!received.empty()) callbacks_.on_received(received);
}

void PathEmulation::wait() { timer_.set(std::min(outgoing_.next_arrival(), incoming_.next_arrival())); }

}  // namespace tidewire::peer
