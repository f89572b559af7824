#include "bench_wire.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace tidewire::app {

BenchWire::BenchWire(EventLoop& loop, int descriptor, UniqueFunction<void(const boost::json::object&)> on_message,
                     UniqueFunction<void()> on_end)
    : loop_(loop), descriptor_(descriptor), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {
  reader_ = std::thread([this] { read(); });
}

BenchWire::~BenchWire() {
  ::shutdown(descriptor_, SHUT_RDWR);  // which wakes the reader
  reader_.join();
  ::close(descriptor_);
}

void BenchWire::send(const boost::json::object& message) {
  std::string line = boost::json::serialize(message) + "\n";
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t sent = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the reader sees the end as well
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void BenchWire::send_description(const SessionDescription& description) {
  send({{"type", to_string(description.type)}, {"sdp", description.sdp}});
}

void BenchWire::send_candidate(const IceCandidateInit& candidate) {
  send({{"candidate", candidate.candidate}, {"mid", candidate.sdp_mid.value_or("0")}});
}

void BenchWire::read() {
  std::array<char, 4096> chunk;
  std::string received;
  while (true) {
    const ssize_t size = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (size <= 0) break;
    received.append(chunk.data(), static_cast<std::size_t>(size));
    take_lines(received);
  }
  loop_.post([this] { on_end_(); });
}

void BenchWire::take_lines(std::string& received) {
  for (std::size_t end; (end = received.find('\n')) != std::string::npos; received.erase(0, end + 1)) {
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(std::string_view(received).substr(0, end), error);
    if (error || !value.is_object()) continue;
    loop_.post([this, message = value.get_object()] { on_message_(message); });
  }
}

bool negotiate(PeerConnection& connection, const boost::json::object& message) {
  const auto text = [&message](std::string_view key) {
    const boost::json::value* value = message.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  if (message.contains("candidate")) {
    (void)connection.add_ice_candidate({.candidate = text("candidate"), .sdp_mid = text("mid")});
    return true;
  }
  const auto type = sdp_type_from_string(text("type"));
  if (!type) return false;
  connection.set_remote_description({.type = *type, .sdp = text("sdp")}).value();
  if (*type == SdpType::kOffer) connection.set_local_description().value();
  return true;
}

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace tidewire::app
