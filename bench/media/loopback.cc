#include "loopback.h"

#include "camera.h"
#include "tidewire/peer_connection.h"
#include "vp8_only.h"

namespace tidewire::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;

class Loopback {
 public:
  // `on_shown` runs on the decoder's thread.
  Loopback(const Options& options, const std::shared_ptr<MediaStreamTrack>& camera, VideoSink on_shown)
      : sender_(loop, loopback_configuration(options.bitrate)),
        receiver_(loop, loopback_configuration(options.bitrate)) {
    sender_.on_ice_candidate = [this](const auto& candidate) { receiver_.add_ice_candidate(candidate).value(); };
    receiver_.on_ice_candidate = [this](const auto& candidate) { sender_.add_ice_candidate(candidate).value(); };
    receiver_.on_track = [this, on_shown = std::move(on_shown)](const TrackEvent& event) {
      shown_ = event.track->add_video_sink(on_shown);
    };
    sender_.on_connection_state_change = [this] {
      if (!connected && sender_.connection_state() == PeerConnectionState::kConnected) connected = EventLoop::now();
    };
    sender_.add_track(camera).value();
    prefer_vp8(sender_);
  }

  void negotiate() {
    sender_.set_local_description().value();
    receiver_.set_remote_description(*sender_.local_description()).value();
    receiver_.set_local_description().value();
    sender_.set_remote_description(*receiver_.local_description()).value();
  }

  InboundRtpStreamStats received() const { return receiver_.get_stats().rtp.inbound.at(0); }
  OutboundRtpStreamStats sent() const { return sender_.get_stats().rtp.outbound.at(0); }

  EventLoop loop;
  std::optional<Timestamp> connected;  // the sender, first

 private:
  PeerConnection sender_;
  PeerConnection receiver_;
  Subscription shown_;
};

// How long the stages of the first picture took, counted from the offer.
class Beginnings {
 public:
  void add(Timestamp begin, const Loopback& call, Timestamp shown) {
    const InboundRtpStreamStats received = call.received();
    connected_.push_back(since(begin, call.connected));
    sent_.push_back(since(begin, call.sent().first_frame_sent));
    arrived_.push_back(since(begin, received.first_packet_received_timestamp));
    whole_.push_back(since(begin, received.first_frame_received_timestamp));
    shown_.push_back(since(begin, shown));
  }
  void tell() const {
    emit({{"start_ms", percentiles(shown_)},
          {"stages_ms", boost::json::object{{"connected", percentiles(connected_)},
                                            {"given to the network", percentiles(sent_)},
                                            {"first packet arrived", percentiles(arrived_)},
                                            {"whole", percentiles(whole_)}}}});
  }

 private:
  static double since(Timestamp begin, std::optional<Timestamp> end) {
    return std::chrono::duration<double, std::milli>(end.value_or(begin) - begin).count();
  }

  std::vector<double> connected_, sent_, arrived_, whole_, shown_;
};

Duration seconds(double count) { return Duration{static_cast<std::int64_t>(count * 1e9)}; }

[[noreturn]] void give_up() {
  std::fprintf(stderr, "no picture has arrived\n");
  std::exit(1);
}

}  // namespace

void measure_latency(const Options& options) {
  const std::vector<Picture> clip = read_clip(options.clip);
  const auto track = std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "camera", "clip");
  Stopwatch watch;
  Loopback call(options, track, [&watch](const VideoFrame& frame) {
    if (const auto number = read_number(*frame.buffer)) watch.shown(*number);
  });
  const Camera camera(clip, [&](int number, const VideoFrame& frame) {
    watch.captured(number);
    track->push(frame);
  });
  call.loop.post([&call] { call.negotiate(); });
  call.loop.post_after(seconds(kWarmUpSeconds), [&watch] { watch.start(); });
  call.loop.post_after(seconds(kWarmUpSeconds + options.duration), [&call] { call.loop.stop(); });
  call.loop.run();
  const std::vector<double> sample = watch.take();
  if (sample.empty()) give_up();
  const InboundRtpStreamStats stats = call.received();
  const double delay = std::chrono::duration<double, std::milli>(stats.jitter_buffer_delay).count();
  const auto emitted = static_cast<double>(std::max<std::uint64_t>(stats.jitter_buffer_emitted_count, 1));
  emit({{"latency_ms", percentiles(sample)},
        {"jitter_buffer_ms", delay / emitted},
        {"width", stats.frame_width},
        {"height", stats.frame_height}});
}

void measure_start(const Options& options) {
  const std::vector<Picture> clip = read_clip(options.clip);
  Beginnings all;
  for (int i = 0; i < options.repeats; ++i) {
    const auto track = std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "camera", "clip");
    std::atomic<std::int64_t> first = 0;
    EventLoop* loop = nullptr;
    Loopback call(options, track, [&first, &loop](const VideoFrame& frame) {
      std::int64_t none = 0;
      if (read_number(*frame.buffer) &&
          first.compare_exchange_strong(none, EventLoop::now().time_since_epoch().count()))
        loop->stop();
    });
    loop = &call.loop;
    const Camera camera(clip, [&track](int, const VideoFrame& frame) { track->push(frame); });
    Timestamp begin{};
    // Not in step with the camera.
    call.loop.post_after(100ms + 7ms * i, [&] {
      begin = EventLoop::now();
      call.negotiate();
    });
    call.loop.post_after(kPatience, give_up);
    call.loop.run();
    all.add(begin, call, Timestamp{Duration{first}});
  }
  all.tell();
}

}  // namespace tidewire::bench
