#include "bench_answerer.h"

#include <algorithm>
#include <cstring>

namespace tidewire::app {

void number_message(MutableByteView message, std::uint64_t number) {
  std::memcpy(message.data(), &number, std::min(message.size(), sizeof number));
}

BenchAnswerer::BenchAnswerer(int descriptor, std::size_t size)
    : size_(size),
      connection_(loop_, {.include_loopback = true, .tcp_candidates = false}),
      wire_(
          loop_, descriptor, [this](const boost::json::object& message) { handle(message); },
          [this] { loop_.stop(); }) {
  connection_.on_ice_candidate = [this](const IceCandidateInit& candidate) { wire_.send_candidate(candidate); };
  connection_.on_data_channel = [this](std::shared_ptr<DataChannel> channel) { adopt(std::move(channel)); };
}

void BenchAnswerer::run() { loop_.run(); }

void BenchAnswerer::adopt(std::shared_ptr<DataChannel> channel) {
  if (channel->label() == kPingLabel) {
    ping_ = std::move(channel);
    ping_->on_message = [this](const DataMessage& message) { (void)ping_->send(message.payload); };
  } else {
    bulk_ = std::move(channel);
    bulk_->on_message = [this](const DataMessage& message) { count(message.payload); };
  }
}

void BenchAnswerer::count(ByteView payload) {
  std::uint8_t number[sizeof messages_] = {};
  number_message(number, messages_++);
  const std::size_t looked_at = std::min(size_, sizeof number);
  if (payload.size() != size_ || std::memcmp(payload.data(), number, looked_at) != 0) ++damaged_;
}

void BenchAnswerer::handle(const boost::json::object& message) {
  if (negotiate(connection_, message)) {
    if (message.contains("sdp")) wire_.send_description(*connection_.local_description());
    return;
  }
  const double now = std::chrono::duration<double>(EventLoop::now().time_since_epoch()).count();
  wire_.send({{"messages", messages_}, {"damaged", damaged_}, {"cpu_s", process_cpu_seconds()}, {"now_s", now}});
}

}  // namespace tidewire::app
