// What comes out of each part, and where it goes.
#include <algorithm>
#include <utility>

#include "base/rate.h"
#include "session/diagnosis.h"
#include "session/session_impl.h"

namespace tidewire {
namespace {

// Of a transfer beside media; what leaves at once after a pause.
constexpr Duration kDataBurst = std::chrono::milliseconds{5};

}  // namespace

// Moves what the parts have to tell until none of them has more, or nobody takes our own events.
void Session::Impl::pump(Timestamp at) {
  bool moved = true;
  while (moved && has_room() && !closed) {
    moved = pump_packets(at);
    moved = pump_transport(at) || moved;
    moved = pump_data() || moved;
    moved = pump_media() || moved;
  }
  announce_sctp_state();
  if (!closed && media.adapt(data_waits(), at)) announce_sending();
}

// One SCTP packet after the other, each with what comes of it.
bool Session::Impl::pump_packets(Timestamp at) {
  bool moved = false;
  while (has_room() && !closed) {
    const auto packet = transport.poll_data();
    if (!packet) break;
    data.handle_input(packet->bytes(), at);
    while (has_room() && pump_data()) moved = true;
    moved = true;
  }
  return moved;
}

bool Session::Impl::pump_transport(Timestamp at) {
  auto event = transport.poll_event();
  if (!event) return false;
  route(std::move(*event), at);
  return true;
}

bool Session::Impl::pump_data() {
  auto event = data.poll_event();
  if (!event) return false;
  tell(std::move(*event));
  return true;
}

bool Session::Impl::pump_media() {
  if (!media.table()) return false;
  auto event = media.table()->poll_event();
  if (!event) return false;
  tell(std::move(*event));
  return true;
}

void Session::Impl::route(session::TransportEvent event, Timestamp at) {
  if (auto* rtp = std::get_if<session::RtpReceived>(&event)) {
    if (media.table()) media.table()->handle_rtp(std::move(rtp->packet), at);
  } else if (auto* rtcp = std::get_if<session::RtcpReceived>(&event)) {
    if (media.table()) media.table()->handle_rtcp(rtcp->packet.bytes(), at);
  } else if (auto* sctp = std::get_if<session::Keying::DataReceived>(&event)) {
    data.handle_input(sctp->data.bytes(), at);
  } else if (auto* connected = std::get_if<session::Keying::Connected>(&event)) {
    handle_keyed(std::move(*connected), at);
  } else if (auto* failed = std::get_if<session::Keying::Failed>(&event)) {
    fail(*failed, at);
  } else if (std::holds_alternative<session::Keying::Closed>(event)) {
    peer_closed(at);
  } else if (auto* candidate = std::get_if<ice::LocalCandidateFound>(&event)) {
    announce_local_candidate(ice::to_string(candidate->candidate));
  } else if (auto* gathering = std::get_if<ice::GatheringStateChanged>(&event)) {
    if (gathering->state == ice::GatheringState::kComplete) announce_local_candidate("");
    emit(event::IceGatheringStateChanged{static_cast<IceGatheringState>(gathering->state)});
  } else if (auto* state_change = std::get_if<ice::StateChanged>(&event)) {
    handle_ice_state(*state_change);
  } else if (std::holds_alternative<ice::SelectedPairChanged>(event)) {
    ++selected_pair_changes;
    data.path_changed(at);
    if (media.table()) media.table()->path_changed(at);
  } else if (auto* name = std::get_if<ice::ResolveName>(&event)) {
    emit(event::ResolveName{std::move(name->name)});
  } else if (auto* wanted = std::get_if<ice::OpenStream>(&event)) {
    emit(event::OpenStream{std::move(wanted->request)});
  } else if (auto* unwanted = std::get_if<ice::CloseStream>(&event)) {
    emit(event::CloseStream{unwanted->stream});
  } else if (const auto* verified = std::get_if<ice::PathVerified>(&event)) {
    emit(event::PathVerified{verified->route.local, verified->route.remote, verified->route.stream});
  } else if (auto* server = std::get_if<session::ServerFailed>(&event)) {
    emit(event::IceCandidateErrorFound{std::move(server->error)});
  }
}

void Session::Impl::handle_ice_state(const ice::StateChanged& change) {
  if (change.state == ice::State::kFailed) {
    const bool relay_only = config.ice_transport_policy == IceTransportPolicy::kRelay;
    failure = session::diagnose_path(transport, relay_only, change.reason);
  } else if (transport.keying().state() != session::Keying::State::kFailed) {
    failure.reset();
  }
  emit(event::IceConnectionStateChanged{static_cast<IceConnectionState>(change.state)});
  update_connection_state();
}

void Session::Impl::handle_keyed(session::Keying::Connected connected, Timestamp at) {
  dtls_version = std::move(connected.version);
  dtls_cipher = std::move(connected.cipher);
  srtp_profile = std::move(connected.srtp_profile);
  update_connection_state();
  announce_sending();
  start_data_if_ready(at);
}

void Session::Impl::tell(datachannel::Event event) {
  if (auto* message = std::get_if<datachannel::MessageArrived>(&event)) {
    event_bytes += message->payload.size();
    emit(event::MessageReceived{message->channel, std::move(message->payload), !message->binary});
  } else if (auto* announced = std::get_if<datachannel::ChannelAnnounced>(&event)) {
    emit(event::DataChannelAdded{announced->channel});
  } else if (auto* opened = std::get_if<datachannel::ChannelOpened>(&event)) {
    emit(event::DataChannelOpened{opened->channel});
  } else if (auto* closing = std::get_if<datachannel::ChannelClosing>(&event)) {
    emit(event::DataChannelClosing{closing->channel});
  } else if (auto* gone = std::get_if<datachannel::ChannelClosed>(&event)) {
    emit(event::DataChannelClosed{gone->channel, std::move(gone->error), gone->unsent});
  } else if (auto* low = std::get_if<datachannel::BufferedAmountLow>(&event)) {
    emit(event::BufferedAmountLow{low->channel});
  }
}

void Session::Impl::tell(media::Event event) {
  if (auto* frame = std::get_if<media::FrameReceived>(&event)) {
    auto owner = media.owner_of(frame->stream);
    if (owner) emit(event::VideoFrameReceived{owner->transceiver, std::move(frame->frame), std::move(owner->rid)});
  } else if (auto* playout = std::get_if<media::AudioPlayout>(&event)) {
    const auto owner = media.owner_of(playout->stream);
    if (owner) {
      emit(event::AudioFrameReceived{owner->transceiver, std::move(playout->frame), playout->duration,
                                     playout->play_for, std::move(playout->next)});
    }
  } else if (auto* key_frame = std::get_if<media::KeyFrameNeeded>(&event)) {
    const auto owner = media.owner_of(key_frame->stream);
    if (owner) emit(event::KeyFrameNeeded{owner->transceiver, owner->encoding});
  } else if (auto* loss = std::get_if<media::LossReported>(&event)) {
    const auto owner = media.owner_of(loss->stream);
    if (owner) emit(event::LossReported{owner->transceiver, owner->encoding, loss->fraction_lost});
  }
}

// Beside media a transfer takes its part of what the path carries, and no more; single messages and what SCTP has to
// say go as they come.
void Session::Impl::fill_data(Timestamp at) {
  const auto rate = data.transfers() ? media.data_bitrate() : std::nullopt;
  if (rate && at < next_data) return;
  auto packet = data.poll_transmit();
  if (!packet) return;
  if (rate) next_data = std::max(next_data, at - kDataBurst) + transmission_time(packet->size(), *rate);
  transport.send_data(std::move(*packet), at);
}

Timestamp Session::Impl::next_data_timeout() const {
  return data.transfers() && media.data_bitrate() && next_data > now ? next_data : kNever;
}

// Brings what media and data have to send to the transport, which protects it. Media brings all that is due, data one
// packet: a congestion window may be larger than the transport's queue, and media is not to wait behind one.
void Session::Impl::fill_transport(Timestamp at) {
  if (closed) return;
  fill_data(at);
  if (!media.table()) return;
  // Without a path or keys the transport drops it, as a network would: what stayed in the table would be due for ever.
  while (auto outgoing = media.table()->poll_transmit(at)) {
    if (outgoing->kind == media::StreamTable::Outgoing::Kind::kRtcp) {
      transport.send_rtcp(std::move(outgoing->packet));
    } else {
      transport.send_rtp(std::move(outgoing->packet));
    }
  }
}

}  // namespace tidewire
