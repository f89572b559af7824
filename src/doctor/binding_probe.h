// Whether a server answers Binding requests (RFC 8489 §2), over UDP or a stream, and how fast.
#pragma once

#include <optional>
#include <vector>

#include "base/machine.h"
#include "doctor/questions.h"

namespace tidewire::doctor {

struct BindingFindings {
  bool answered = false;
  std::optional<SocketAddress> mapped;
  std::optional<Duration> round_trip;  // the median; nothing: each request had to be repeated
  std::uint16_t error_code = 0;        // of an error answer
};

struct BindingProbeConfig {
  SocketAddress local;
  SocketAddress server;
  StreamId stream{};  // none: UDP
  Duration patience = std::chrono::seconds(5);
};

class BindingProbe {
 public:
  static constexpr std::size_t kSamples = 5;

  // `pool` outlives it.
  BindingProbe(const BindingProbeConfig& config, crypto::Random random, PacketPool& pool);

  // Once.
  void start(Timestamp now);
  bool handle_input(const Datagram& datagram, Timestamp now);
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return questions_.next_timeout(); }
  std::optional<Datagram> poll_transmit() { return questions_.poll_transmit(); }
  // The findings, once.
  std::optional<BindingFindings> poll_event();

 private:
  void ask(Timestamp now);
  void proceed(Timestamp now);

  BindingProbeConfig config_;
  Questions questions_;
  std::vector<Duration> round_trips_;
  std::size_t asked_ = 0;
  bool done_ = false;
  bool told_ = false;
  BindingFindings findings_;
};

static_assert(Machine<BindingProbe>);

// The middle one; nothing of none. Sorts them.
std::optional<Duration> median(std::vector<Duration>& values);

}  // namespace tidewire::doctor
