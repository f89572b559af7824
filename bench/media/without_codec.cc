#include "without_codec.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <random>

#include "clip.h"
#include "codecs/video_codec.h"
#include "tidewire/event_loop.h"
#include "tidewire/session.h"

namespace tidewire::bench {
namespace {

using namespace std::chrono_literals;

SessionConfig make_config(int bitrate) {
  const auto rate = static_cast<std::uint64_t>(bitrate);
  // As of the PeerConnections beside it (vp8_only.h).
  SessionConfig config{
      .video_bitrate = rate, .congestion_control = CongestionControl::kTidewire, .start_bitrate = rate + rate / 4};
  std::random_device device;
  for (auto& byte : config.random_seed) byte = static_cast<std::uint8_t>(device());
  config.wall_clock = {EventLoop::now(), {std::chrono::system_clock::now().time_since_epoch()}};
  return config;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A Session with the one socket that it needs here, on 127.0.0.1.
class End {
 public:
  explicit End(int bitrate) : session(make_config(bitrate)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::perror("127.0.0.1 cannot be bound");
      std::exit(1);
    }
    local_ = {IpAddress::v4({127, 0, 0, 1}), ntohs(address.sin_port)};
  }
  ~End() { ::close(socket_); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  // To be called once there is a description: what is found then is told.
  void gather() {
    session.add_local_socket(local_, 65535, EventLoop::now()).value();
    session.end_of_local_sockets(EventLoop::now());
  }

  void receive() {
    while (true) {
      Packet packet = session.pool().make();
      (void)packet.resize(Packet::kMaxPayload);
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t length =
          ::recvfrom(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (length < 0) return;
      (void)packet.resize(static_cast<std::size_t>(length));
      const SocketAddress remote{IpAddress::v4({127, 0, 0, 1}), ntohs(from.sin_port)};
      session.handle_input({.local = local_, .remote = remote, .packet = std::move(packet), .stream = {}},
                           EventLoop::now());
    }
  }

  void send() {
    while (const auto datagram = session.poll_transmit(EventLoop::now())) {
      const sockaddr_in to = loopback(datagram->remote.port);
      ::sendto(socket_, datagram->packet.data(), datagram->packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
    }
  }

  int socket() const { return socket_; }

  Session session;

 private:
  int socket_;
  SocketAddress local_;
};

// The frames of a clip in its order; the first is the only key frame.
std::vector<EncodedFrame> encode(const Options& options) {
  auto encoder = codecs::make_video_encoder(CodecType::kVp8, {.bitrate = options.bitrate}).value();
  std::vector<EncodedFrame> frames;
  Timestamp time{1s};
  for (const Picture& picture : read_clip(options.clip)) {
    auto frame = encoder->encode({.buffer = picture, .timestamp = time}).value();
    if (frame) frames.push_back(std::move(*frame));
    time += kFrameTime;
  }
  return frames;
}

class Flow {
 public:
  explicit Flow(const Options& options)
      : frames_(encode(options)), sender_(options.bitrate), receiver_(options.bitrate) {
    video_ = sender_.session.add_transceiver(MediaKind::kVideo).value();
    const Timestamp now = EventLoop::now();
    sender_.session.set_local_description(now).value();
    receiver_.session.set_remote_description(*sender_.session.local_description(), now).value();
    receiver_.session.set_local_description(now).value();
    sender_.session.set_remote_description(*receiver_.session.local_description(), now).value();
    sender_.gather();
    receiver_.gather();
  }

  // Milliseconds of each frame.
  std::vector<double> run(Duration warm_up, Duration duration) {
    const Timestamp begin = EventLoop::now();
    begin_ = begin + warm_up;
    Timestamp next_frame = begin;
    while (EventLoop::now() < begin_ + duration) {
      if (EventLoop::now() >= next_frame) {
        next_frame += kFrameTime;
        if (sending_) send_frame();
      }
      serve(sender_, receiver_);
      serve(receiver_, sender_);
      wait(next_frame);
    }
    return std::move(milliseconds_);
  }

 private:
  // The frame's last bytes are its number: nobody decodes it.
  void send_frame() {
    if (key_frame_needed_) position_ = 0;
    key_frame_needed_ = false;
    EncodedFrame frame = frames_[position_];
    position_ = position_ + 1 < frames_.size() ? position_ + 1 : 1;
    const std::uint32_t number = count_++;
    std::memcpy(frame.payload.data() + frame.payload.size() - sizeof number, &number, sizeof number);
    const Timestamp now = EventLoop::now();
    frame.timestamp = now;
    frame.rtp_timestamp = static_cast<std::uint32_t>(now.time_since_epoch().count() / 100'000 * 9);
    sent_[number] = now;
    (void)sender_.session.send_frame(video_, frame, now);
  }

  void take(const EncodedFrame& frame) {
    const Timestamp now = EventLoop::now();
    std::uint32_t number = 0;
    if (frame.payload.size() < sizeof number) return;
    std::memcpy(&number, frame.payload.data() + frame.payload.size() - sizeof number, sizeof number);
    const auto sent = sent_.find(number);
    if (sent == sent_.end()) return;
    if (sent->second >= begin_) {
      milliseconds_.push_back(std::chrono::duration<double, std::milli>(now - sent->second).count());
    }
    sent_.erase(sent_.begin(), std::next(sent));
  }

  void serve(End& end, End& other) {
    end.receive();
    if (end.session.next_timeout() <= EventLoop::now()) end.session.handle_timeout(EventLoop::now());
    end.send();
    while (const auto event = end.session.poll_event()) {
      if (const auto* found = std::get_if<event::IceCandidateFound>(&*event)) {
        (void)other.session.add_ice_candidate(found->candidate, EventLoop::now());
      } else if (const auto* change = std::get_if<event::SendingChanged>(&*event)) {
        if (&end == &sender_) {
          sending_ = !change->encodings.empty() && change->encodings[0].codec == CodecType::kVp8;
        }
      } else if (std::holds_alternative<event::KeyFrameNeeded>(*event)) {
        key_frame_needed_ = true;
      } else if (const auto* received = std::get_if<event::VideoFrameReceived>(&*event)) {
        take(received->frame);
      }
    }
    end.send();
  }

  void wait(Timestamp next_frame) {
    const Timestamp due = std::min({next_frame, sender_.session.next_timeout(), receiver_.session.next_timeout()});
    const auto nanoseconds = std::max<std::int64_t>((due - EventLoop::now()).count(), 0);
    const timespec patience{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    pollfd sockets[] = {{sender_.socket(), POLLIN, 0}, {receiver_.socket(), POLLIN, 0}};
    ::ppoll(sockets, 2, &patience, nullptr);
  }

  std::vector<EncodedFrame> frames_;
  End sender_;
  End receiver_;
  TransceiverId video_{};
  bool sending_ = false;
  bool key_frame_needed_ = false;
  std::size_t position_ = 0;
  std::uint32_t count_ = 0;
  std::map<std::uint32_t, Timestamp> sent_;  // and not yet arrived
  Timestamp begin_{};                        // of measuring
  std::vector<double> milliseconds_;
};

Duration seconds(double count) { return Duration{static_cast<std::int64_t>(count * 1e9)}; }

}  // namespace

void measure_without_codec(const Options& options) {
  Flow flow(options);
  const std::vector<double> sample = flow.run(seconds(kWarmUpSeconds), seconds(options.duration));
  if (sample.empty()) {
    std::fprintf(stderr, "no frame has arrived\n");
    std::exit(1);
  }
  emit({{"latency_ms", percentiles(sample)}});
}

}  // namespace tidewire::bench
