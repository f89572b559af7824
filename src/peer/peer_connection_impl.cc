#include "peer/peer_connection_impl.h"

#include <utility>

#include "io/os_random.h"
#include "peer/data_channel_impl.h"

namespace tidewire {
namespace {

SessionConfig session_config(const Configuration& configuration) {
  SessionConfig config{.wall_clock = io::EventLoop::wall_clock_anchor(),
                       .ice_transport_policy = configuration.ice_transport_policy,
                       .ice_lite = configuration.ice_lite,
                       .video_bitrate = configuration.video_bitrate,
                       .audio_bitrate = configuration.audio_bitrate,
                       .congestion_control = configuration.congestion_control,
                       .start_bitrate = configuration.start_bitrate,
                       .max_bitrate = configuration.max_bitrate,
                       .video_ladder = configuration.video_ladder,
                       .codec_switching = configuration.codec_switching,
                       .max_message_size = configuration.max_message_size,
                       .send_buffer_limit = configuration.send_buffer_limit};
  io::os_random().fill(config.random_seed);
  return config;
}

}  // namespace

PeerConnectionImpl::PeerConnectionImpl(EventLoop& loop, Configuration configuration)
    : loop_(loop.impl()),
      configuration_(std::move(configuration)),
      session_(session_config(configuration_)),
      network_(loop_, session_, configuration_, [this] { pump(); }),
      timer_(loop_,
             [this](Timestamp now) {
               session_.handle_timeout(now);
               pump_and_flush();
             }),
      pump_task_(loop_, [this] { pump_and_flush(); }) {}

void PeerConnectionImpl::start(PeerConnection* facade) { facade_ = facade; }

Result<> PeerConnectionImpl::open_network() {
  if (network_open_ || closed_) return {};
  if (auto fine = check_video_ladder(configuration_.video_ladder); !fine) return fine;
  auto opened = network_.open();
  network_open_ = opened.has_value();
  return opened;
}

void PeerConnectionImpl::schedule_pump() {
  if (!pumping_ && !closed_) pump_task_.schedule();
}

// For what did not come from a socket, which lets the answers leave by itself.
void PeerConnectionImpl::pump_and_flush() {
  const auto self = shared_from_this();
  pump();
  if (!closed_) network_.flush();
}

void PeerConnectionImpl::pump() {
  // A callback may do what makes more to pump; the loop below sees it.
  if (pumping_ || closed_) return;
  const auto self = shared_from_this();
  pumping_ = true;
  // What comes in meanwhile, and others on the loop, are not to wait for one who always has more to send: so much takes
  // a fraction of a millisecond.
  std::ptrdiff_t budget = 256;
  // What the application answers to the first piece of news takes the acknowledgement along. More would keep the peer
  // waiting for it, as the application may take its time.
  dispatch_next();
  if (!closed_) budget -= transmit(budget);
  while (dispatch_events() && budget > 0) {
    const std::ptrdiff_t sent = transmit(budget);
    // What the application answers does not wait for the rest of this.
    if (sent > 0) network_.flush();
    budget -= sent + 1;
  }
  if (!closed_) {
    hold_pictures(session_.congested());
    timer_.set(session_.next_timeout());
  }
  pumping_ = false;
  if (budget <= 0) schedule_pump();
}

// True when there may be more to transmit, which may bring more events: sending makes room, and somebody waits for it.
bool PeerConnectionImpl::dispatch_events() {
  bool heard = false;
  while (dispatch_next()) heard = true;
  return !closed_ && (serve_room_waiters() || heard);
}

// False when there was none.
bool PeerConnectionImpl::dispatch_next() {
  if (closed_) return false;
  auto event = session_.poll_event();
  if (event) dispatch(std::move(*event));
  return event.has_value();
}

// Returns how many datagrams it sent, `most` at most.
std::ptrdiff_t PeerConnectionImpl::transmit(std::ptrdiff_t most) {
  network_.follow_credentials();
  const Timestamp now = loop_.now();
  std::ptrdiff_t sent = 0;
  for (; sent < most; ++sent) {
    auto datagram = session_.poll_transmit(now);
    if (!datagram) break;
    network_.send(std::move(*datagram));
  }
  return sent;
}

void PeerConnectionImpl::dispatch(SessionEvent event) {
  std::visit([this](auto& one) { handle(one); }, event);
}

void PeerConnectionImpl::handle(event::NegotiationNeeded) {
  if (!session_.negotiation_needed()) return;
  if (facade_ && facade_->on_negotiation_needed) facade_->on_negotiation_needed();
}

void PeerConnectionImpl::handle(const event::SignalingStateChanged&) {
  if (facade_ && facade_->on_signaling_state_change) facade_->on_signaling_state_change();
}

void PeerConnectionImpl::handle(const event::IceCandidateFound& found) {
  if (facade_ && facade_->on_ice_candidate) facade_->on_ice_candidate(found.candidate);
}

void PeerConnectionImpl::handle(const event::IceGatheringStateChanged&) {
  if (facade_ && facade_->on_ice_gathering_state_change) facade_->on_ice_gathering_state_change();
}

void PeerConnectionImpl::handle(const event::IceConnectionStateChanged&) {
  if (facade_ && facade_->on_ice_connection_state_change) facade_->on_ice_connection_state_change();
}

void PeerConnectionImpl::handle(const event::IceCandidateErrorFound& found) {
  if (facade_ && facade_->on_ice_candidate_error) facade_->on_ice_candidate_error(found.error);
}

void PeerConnectionImpl::handle(const event::ConnectionStateChanged&) {
  if (facade_ && facade_->on_connection_state_change) facade_->on_connection_state_change();
}

void PeerConnectionImpl::handle(const event::ResolveName& request) { network_.resolve(request.name); }

void PeerConnectionImpl::close() {
  if (closed_) return;
  for (auto& [id, channel] : channels_) channel->impl_->buffered_amount = session_.buffered_amount(id);
  session_.close(loop_.now());
  transmit(PTRDIFF_MAX);
  closed_ = true;
  dismiss_room_waiters();
  timer_.cancel();
  transceivers_.clear();
  // W3C close(): channels become closed without an event.
  for (auto& [id, channel] : channels_) channel->impl_->state = DataChannelState::kClosed;
  channels_.clear();
}

}  // namespace tidewire
