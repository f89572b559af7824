#include "simulated_call.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "stun/builder.h"
#include "stun/message.h"

namespace tidewire::scenario {
namespace {

constexpr Duration kVideoPeriod = 33ms;
constexpr Duration kAudioPeriod = 20ms;
const SocketAddress kStunAddress = *SocketAddress::parse("192.0.2.1:3478");

SessionConfig session_config(std::uint64_t seed, std::vector<SocketAddress> stun_servers) {
  SessionConfig config{.wall_clock = {Timestamp{1h}, UnixTime{std::chrono::hours(24 * 365 * 55)}},
                       .stun_servers = std::move(stun_servers)};
  for (std::size_t i = 0; i < config.random_seed.size(); ++i) {
    config.random_seed[i] = static_cast<std::uint8_t>(seed >> (i % 8 * 8)) ^ static_cast<std::uint8_t>(i * 37);
  }
  return config;
}

// A frame that says which one it is, in a form that any damage shows. The first bytes are a VP8 frame header
// (RFC 6386 §9.1), which the receiver looks at.
Bytes fake_payload(std::uint32_t number, std::size_t size, bool key_frame) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 31 + i * 7);
  const Bytes header = key_frame ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} : Bytes{0x11, 0, 0};
  std::ranges::copy(header, bytes.begin());
  return bytes;
}

bool is_intact(const EncodedFrame& frame) {
  const std::size_t start = frame.key_frame ? 10 : 3;
  if (frame.payload.size() <= start + 1) return false;
  const auto seed = static_cast<std::uint8_t>(frame.payload[start] - start * 7);
  for (std::size_t i = start; i < frame.payload.size(); ++i) {
    if (frame.payload[i] != static_cast<std::uint8_t>(seed + i * 7)) return false;
  }
  return true;
}

}  // namespace

Peer::Peer(std::string peer_name, std::uint64_t seed, std::vector<SocketAddress> stun_servers)
    : name(std::move(peer_name)), session(session_config(seed, std::move(stun_servers))) {}

void Peer::add_socket(const SocketAddress& address, Timestamp now) {
  session.add_local_socket(address, 65535, now).value();
  // As when its name had to be looked up first.
  if (late_stun_server) session.add_stun_server(*late_stun_server, now).value();
  session.end_of_local_sockets(now);
}

void Peer::handle_input(Datagram datagram, Timestamp now) { session.handle_input(std::move(datagram), now); }

void Peer::handle_timeout(Timestamp now) {
  if (session.next_timeout() <= now) session.handle_timeout(now);
  send_due_media(now);
}

Timestamp Peer::next_timeout() const { return std::min({session.next_timeout(), next_video_, next_audio_}); }

void Peer::send_due_media(Timestamp now) {
  if (now >= next_video_) {
    const bool key_frame = std::exchange(key_frame_wanted_, false);
    const EncodedFrame frame{
        .codec = CodecType::kVp8,
        .payload = fake_payload(video_number_, key_frame ? video_frame_size * 4 : video_frame_size, key_frame),
        .rtp_timestamp = video_number_ * 2970,
        .key_frame = key_frame,
        .timestamp = now};
    ++video_number_;
    for (const TransceiverId id : sending_video) (void)session.send_frame(id, frame, now);
    next_video_ = now + kVideoPeriod;
  }
  if (now >= next_audio_) {
    const EncodedFrame frame{.codec = CodecType::kOpus,
                             .payload = fake_payload(audio_number_, 80, false),
                             .rtp_timestamp = audio_number_ * 960,
                             .key_frame = true,
                             .timestamp = now};
    ++audio_number_;
    for (const TransceiverId id : sending_audio) (void)session.send_frame(id, frame, now);
    next_audio_ = now + kAudioPeriod;
  }
}

void Peer::handle_events(Timestamp now) {
  while (auto event = session.poll_event()) {
    if (auto* candidate = std::get_if<event::IceCandidateFound>(&*event)) {
      if (on_candidate) on_candidate(candidate->candidate);
    } else if (auto* ice = std::get_if<event::IceConnectionStateChanged>(&*event)) {
      if (ice->state == IceConnectionState::kConnected && !moments.ice_connected) moments.ice_connected = now;
    } else if (auto* state = std::get_if<event::ConnectionStateChanged>(&*event)) {
      if (state->state == PeerConnectionState::kConnected && !moments.connected) moments.connected = now;
      if (state->state == PeerConnectionState::kFailed) failure = state->reason;
    } else if (auto* sending = std::get_if<event::SendingChanged>(&*event)) {
      const auto info = session.transceiver(sending->transceiver);
      const bool video = info && info->kind == MediaKind::kVideo;
      auto& set = video ? sending_video : sending_audio;
      if (sending->codec) {
        set.insert(sending->transceiver);
        key_frame_wanted_ = key_frame_wanted_ || video;
        (video ? next_video_ : next_audio_) = now;
      } else {
        set.erase(sending->transceiver);
        if (set.empty()) (video ? next_video_ : next_audio_) = kNever;
      }
    } else if (std::holds_alternative<event::KeyFrameNeeded>(*event)) {
      key_frame_wanted_ = true;
      ++key_frames_asked;
    } else if (auto* video = std::get_if<event::VideoFrameReceived>(&*event)) {
      if (!moments.first_video) moments.first_video = now;
      ++video_frames_received;
      if (!is_intact(video->frame)) ++damaged_frames;
    } else if (auto* audio = std::get_if<event::AudioFrameReceived>(&*event)) {
      if (!audio->frame) continue;
      if (!moments.first_audio) moments.first_audio = now;
      ++audio_frames_received;
      if (audio->frame->payload.size() != 80) ++damaged_frames;
    } else if (auto* added = std::get_if<event::DataChannelAdded>(&*event)) {
      channels.push_back(added->channel);
      if (!moments.channel_open) moments.channel_open = now;
    } else if (std::holds_alternative<event::DataChannelOpened>(*event)) {
      if (!moments.channel_open) moments.channel_open = now;
    } else if (auto* message = std::get_if<event::MessageReceived>(&*event)) {
      if (!moments.first_message) moments.first_message = now;
      messages.emplace_back(as_text(message->payload));
    } else if (auto* track = std::get_if<event::TrackAdded>(&*event)) {
      tracks.push_back(track->transceiver);
    }
  }
}

// Answers Binding requests with the address that they came from.
class SimulatedCall::StunServer final : public sim::Endpoint {
 public:
  explicit StunServer(PacketPool& pool) : pool_(pool) {}
  void handle_input(Datagram datagram, Timestamp) override {
    const auto request = stun::MessageView::parse(datagram.packet.bytes());
    if (!request) return;
    Packet packet = pool_.make();
    stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, stun::Method::kBinding,
                                 request->transaction_id());
    builder.add_xor_address(stun::AttributeType::kXorMappedAddress, datagram.remote);
    if (!builder.finish()) return;
    answers_.push_back({datagram.local, datagram.remote, std::move(packet)});
  }
  void handle_timeout(Timestamp) override {}
  std::optional<Datagram> poll_transmit(Timestamp) override {
    if (answers_.empty()) return std::nullopt;
    Datagram answer = std::move(answers_.back());
    answers_.pop_back();
    return answer;
  }
  void handle_events(Timestamp) override {}
  Timestamp next_timeout() const override { return kNever; }

 private:
  PacketPool& pool_;
  std::vector<Datagram> answers_;
};

SimulatedCall::SimulatedCall(const CallOptions& options)
    : simulation(options.seed),
      alice("alice", options.seed * 2 + 1),
      bob("bob", options.seed * 2 + 2, options.stun_server ? std::vector{kStunAddress} : std::vector<SocketAddress>{}),
      options_(options) {
  sim::Network& network = simulation.network();
  std::optional<std::size_t> alice_nat;
  std::optional<std::size_t> bob_nat;
  if (options.alice_nat) alice_nat = network.add_nat(*options.alice_nat);
  if (options.bob_nat) bob_nat = network.add_nat(*options.bob_nat);
  const SocketAddress alice_address = *SocketAddress::parse(alice_nat ? "10.0.0.2:5001" : "198.51.100.2:5001");
  const SocketAddress bob_address = *SocketAddress::parse(bob_nat ? "10.0.1.2:5002" : "198.51.100.3:5002");
  alice_host = network.add_host({"alice", {alice_address.ip}, options.link, options.link, alice_nat});
  bob_host = network.add_host({"bob", {bob_address.ip}, options.link, options.link, bob_nat});
  simulation.attach(alice_host, alice);
  simulation.attach(bob_host, bob);
  if (options.stun_server) {
    const sim::HostId server = network.add_host({"stun", {kStunAddress.ip}, {}, {}, std::nullopt});
    stun_ = std::make_unique<StunServer>(network.pool());
    simulation.attach(server, *stun_);
  }
  if (options.stun_server) alice.late_stun_server = kStunAddress;
  alice.add_socket(alice_address, now());
  bob.add_socket(bob_address, now());
  wire(alice, bob);
  wire(bob, alice);
}

SimulatedCall::~SimulatedCall() = default;

void SimulatedCall::log(std::string_view what) {
  const double ms = std::chrono::duration<double, std::milli>(now() - clicked).count();
  std::array<char, 120> line{};
  std::snprintf(line.data(), line.size(), "%8.1f ms  %.*s", ms, static_cast<int>(what.size()), what.data());
  timeline.emplace_back(line.data());
}

void SimulatedCall::wire(Peer& from, Peer& to) {
  from.on_candidate = [this, &to](IceCandidateInit candidate) {
    simulation.after(options_.signaling_delay, [this, &to, candidate = std::move(candidate)] {
      // Before the description it belongs to: a signaling channel keeps the order, so it cannot come.
      to.session.add_ice_candidate(candidate, now()).value();
    });
  };
}

void SimulatedCall::click() {
  clicked = now();
  if (options_.media) {
    for (Peer* peer : {&alice, &bob}) {
      (void)peer->session.add_track(MediaKind::kAudio).value();
      (void)peer->session.add_track(MediaKind::kVideo).value();
    }
  }
  channel = alice.session.create_data_channel("chat").value();
  renegotiate(alice, bob);
}

void SimulatedCall::renegotiate(Peer& from, Peer& to) {
  from.session.set_local_description(now()).value();
  log(from.name + ": offer created");
  simulation.after(options_.signaling_delay, [this, &from, &to, offer = *from.session.local_description()] {
    log(to.name + ": offer received");
    to.session.set_remote_description(offer, now()).value();
    to.session.set_local_description(now()).value();
    log(to.name + ": answer created");
    simulation.after(options_.signaling_delay, [this, &from, answer = *to.session.local_description()] {
      log(from.name + ": answer received");
      from.session.set_remote_description(answer, now()).value();
    });
  });
}

bool SimulatedCall::established() const {
  return alice.moments.connected && bob.moments.connected && alice.moments.channel_open && bob.moments.channel_open;
}

bool SimulatedCall::run_until_established(Duration limit) {
  return run_until([this] { return established(); }, limit);
}

}  // namespace tidewire::scenario
