// One sender of media and its receiver: a controller, its pacer, an encoder that follows the target, and real feedback.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "congestion/bottleneck_for_test.h"
#include "congestion/controller.h"
#include "congestion/feedback_generator.h"
#include "congestion/sent_packet_history.h"

namespace tidewire::congestion::lab {

// A time at which the application begins to send so much at most; 0: nothing at all.
struct Demand {
  Duration at{};
  std::uint64_t bits_per_second = 0;
};

struct FlowConfig {
  CongestionControl control = CongestionControl::kTidewire;
  bool rival = false;  // keeps its controller, whichever is looked at
  Limits limits{};
  bool backward = false;  // sends against the direction of the others
  Duration start{};
  Duration extra_delay{};  // each way, beyond that of the links
  std::vector<Demand> demand{{Duration{}, 1'000'000'000}};
  double clock_drift = 0;    // of the receiver, as a share: 500e-6 is 500 ppm fast
  double feedback_loss = 0;  // of reports, beyond that of the link
};

// Everything is kept, so that a metric can be of any interval.
struct FlowLog {
  struct Arrival {
    Timestamp at;
    Duration queued;
    std::uint32_t bytes;  // of the IP packet
  };
  struct Frame {
    Timestamp captured;
    Duration delay;  // until its last packet that did arrive
  };
  struct Target {
    Timestamp at;
    std::uint64_t bits_per_second;
  };
  std::vector<Arrival> arrivals;
  std::vector<Frame> frames;
  std::vector<Target> targets;     // each change
  std::vector<Timestamp> sent;     // each packet
  std::vector<Timestamp> dropped;  // by the full queue
  std::uint64_t feedback_bytes = 0;
  std::uint64_t padding_bytes = 0;
  int frames_skipped = 0;
};

class MediaFlow {
 public:
  MediaFlow(int endpoint, const FlowConfig& config, Bottleneck& there, Bottleneck& back, std::uint64_t seed);

  Timestamp next() const;
  void step(Timestamp now);
  void handle_arrival(const LabPacket& packet, Timestamp now);   // media, at its receiver
  void handle_feedback(const LabPacket& packet, Timestamp now);  // at its sender

  const FlowConfig& config() const { return config_; }
  const FlowLog& log() const { return log_; }
  const Controller& controller() const { return *controller_; }

 private:
  struct Waiting {
    std::size_t size = 0;
    int frame = 0;
  };
  struct Sent {
    std::int64_t number = -1;
    std::uint32_t size = 0;
    int probe = 0;
    int frame = 0;  // 0: none
    bool in_flight = false;
    bool marked = false;
  };
  struct ActiveProbe {
    ProbeCluster cluster;
    std::size_t packets = 0;
    std::size_t bytes = 0;
    Timestamp release{};
  };
  struct FrameState {
    Timestamp captured;
    Duration delay{};
  };

  std::uint64_t demand(Timestamp now) const;
  void make_frame(Timestamp now);
  void send_paced(Timestamp now);
  bool send_padding(Timestamp now);
  void send(std::size_t size, int frame, int probe, Timestamp now);
  void transmit_feedback(Timestamp now);
  void poll_controller(Timestamp now);
  Timestamp next_paced() const;
  bool window_open() const { return in_flight_ < estimate_.congestion_window; }
  void leave_flight(Sent& sent);
  Timestamp receiver_time(Timestamp now) const;
  Timestamp sender_time(Timestamp receivers) const;

  static constexpr Duration kFrameInterval = std::chrono::nanoseconds{33'333'333};
  static constexpr Duration kAudioInterval = std::chrono::milliseconds{20};
  static constexpr std::size_t kAudioSize = 100;  // RTP; 40 kbit/s
  static constexpr std::size_t kVideoSize = 1200;
  static constexpr std::size_t kHeaders = 28;  // UDP and IPv4
  static constexpr std::size_t kRing = 8192;

  int endpoint_;
  FlowConfig config_;
  Bottleneck& there_;
  Bottleneck& back_;
  std::mt19937_64 random_;
  std::unique_ptr<Controller> controller_;
  Estimate estimate_;
  SentPacketHistory history_;
  FeedbackGenerator generator_;
  FlowLog log_;

  std::int64_t next_number_ = 0;
  std::vector<Sent> ring_;
  std::int64_t oldest_in_flight_ = 0;
  std::size_t in_flight_ = 0;
  std::vector<PacketResult> results_;

  Timestamp next_frame_;
  Timestamp next_audio_;
  int frame_ = 0;
  double frame_debt_ = 0;  // bytes that the encoder has overspent
  std::deque<FrameState> open_frames_;
  int first_open_frame_ = 1;
  std::deque<Waiting> queue_;
  std::size_t queued_bytes_ = 0;
  Timestamp release_;
  Timestamp padding_release_;
  std::deque<ActiveProbe> probes_;
};

}  // namespace tidewire::congestion::lab
