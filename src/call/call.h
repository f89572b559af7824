// A call with one other person: a PeerConnection, perfect negotiation over a signaling channel, chat, and what was seen
// and heard.
//
// What it says and expects over the channels is web/README.md, "In-call conventions".
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "call/observer.h"
#include "call/timeline.h"
#include "signaling/messages.h"
#include "tidewire/peer_connection.h"

namespace tidewire::call {

// What is sent; either may be null.
struct LocalMedia {
  std::shared_ptr<MediaStreamTrack> video;
  std::shared_ptr<MediaStreamTrack> audio;
  // Names of codecs ("H264") that come before all others; empty: the usual order.
  std::string video_codec{};
  std::string audio_codec{};
};

struct DataChannelReport {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::optional<Duration> round_trip;  // of the last ping over the control channel
};

class Call {
 public:
  struct Options {
    Configuration configuration;
    LocalMedia media;
    signaling::PeerInfo peer;
    bool caller = false;  // makes the first offer and the channels
    bool polite = false;  // gives way when two offers cross
    Timestamp start{};    // of the timeline
    Timestamp devices_ready{};
  };
  // Each may destroy the call.
  struct Callbacks {
    UniqueFunction<void(signaling::ClientMessage)> send;
    UniqueFunction<void(const std::string& text)> on_chat;
    UniqueFunction<void()> on_connected;
    // The network lets our pictures pause, or go on, or have another size.
    UniqueFunction<void(const QualityLimitationEvent& event)> on_limitation;
    // The call is over, and why; "hung up" when the other side ended it.
    UniqueFunction<void(std::string reason)> on_ended;
  };

  Call(EventLoop& loop, Options options, Callbacks callbacks);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Caller: sends the offer.
  void start();
  void handle(const signaling::Description& message);
  void handle(const signaling::Candidate& message);
  // Once a second: measures the channel's round trip.
  void tick();
  // Says so to the other side, over the control channel and over signaling.
  void hang_up();

  // InvalidState before the channel is open.
  Result<> chat(std::string_view text);
  // Other tracks are sent from now on, or none, and the other side is told what is on. `media.audio` counts as off
  // while it is disabled. The codecs stay as they were.
  void set_media(const LocalMedia& media);

  const signaling::PeerInfo& peer() const { return options_.peer; }
  Timeline timeline() const;
  bool ever_connected() const { return ever_connected_; }
  PeerConnection& connection() { return connection_; }
  // The last statistics, also after the end.
  StatsReport stats();
  const DataChannelReport& data() const { return data_; }
  // When the connection failed.
  const std::optional<Failure>& failure() const { return failure_; }
  const Observer& observer() const { return *observer_; }
  const std::shared_ptr<MediaStreamTrack>& remote_video() const { return remote_video_; }
  const std::shared_ptr<MediaStreamTrack>& remote_audio() const { return remote_audio_; }

 private:
  void set_up_media();
  void adopt(const std::shared_ptr<DataChannel>& channel);
  void send_instead(MediaKind kind, const std::shared_ptr<MediaStreamTrack>& track);
  void send_control(const std::string& message);
  void tell_state();
  void tell_limitation();
  void negotiate();
  void send_description();
  void take_track(const TrackEvent& event);
  void handle_control(const std::string& text);
  void handle_state();
  void end(std::string reason);

  EventLoop& loop_;
  Options options_;
  Callbacks callbacks_;
  Timeline timeline_;
  std::shared_ptr<Observer> observer_ = std::make_shared<Observer>();
  Subscription video_subscription_;
  Subscription audio_subscription_;
  std::shared_ptr<MediaStreamTrack> remote_video_;
  std::shared_ptr<MediaStreamTrack> remote_audio_;
  std::shared_ptr<DataChannel> chat_;
  std::shared_ptr<DataChannel> control_;
  DataChannelReport data_;
  StatsReport stats_;
  std::optional<Failure> failure_;
  std::optional<QualityLimitationEvent> limitation_;  // the newest
  bool ignore_offer_ = false;
  bool ever_connected_ = false;
  bool ended_ = false;
  int next_ping_ = 1;
  std::optional<Timestamp> ping_sent_;
  // Last: it goes first, and takes its callbacks with it.
  PeerConnection connection_;
};

}  // namespace tidewire::call
