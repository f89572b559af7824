// Tracks and transceivers of a connection: which encoder and decoder runs, and what flows through them.
#include <algorithm>
#include <utility>

#include "peer/peer_connection_impl.h"

namespace tidewire {

PeerConnectionImpl::Transceiver& PeerConnectionImpl::known(TransceiverId id) {
  Transceiver& transceiver = transceivers_[id];
  if (transceiver.object) return transceiver;
  const auto info = session_.transceiver(id);
  const MediaKind kind = info ? info->kind : MediaKind::kAudio;
  transceiver.object = std::make_shared<RtpTransceiver>();
  transceiver.object->connection_ = weak_from_this();
  transceiver.object->kind_ = kind;
  transceiver.object->id_ = id;
  transceiver.object->sender_ = std::make_shared<RtpSender>();
  transceiver.object->sender_->connection_ = weak_from_this();
  transceiver.object->sender_->kind_ = kind;
  transceiver.object->sender_->transceiver_ = id;
  transceiver.object->receiver_ = std::make_shared<RtpReceiver>();
  transceiver.object->receiver_->connection_ = weak_from_this();
  transceiver.object->receiver_->transceiver_ = id;
  transceiver.object->receiver_->track_ = std::make_shared<MediaStreamTrack>(
      kind, "remote-" + std::to_string(id.value()), "remote " + std::string(to_string(kind)));
  transceiver.object->receiver_->track_->set_muted(true);
  return transceiver;
}

Result<std::shared_ptr<RtpTransceiver>> PeerConnectionImpl::add_transceiver(MediaKind kind, TransceiverInit init) {
  const auto id = session_.add_transceiver(kind, std::move(init));
  if (!id) return id.error();
  schedule_pump();
  return known(*id).object;
}

Result<std::shared_ptr<RtpSender>> PeerConnectionImpl::add_track(std::shared_ptr<MediaStreamTrack> track,
                                                                 std::vector<std::string> stream_ids) {
  if (!track) return Error{ErrorCode::kType, "there is no track to add"};
  const MediaKind kind = track->kind();
  const auto id = session_.add_track(kind, {.stream_ids = std::move(stream_ids), .track_id = track->id()});
  if (!id) return id.error();
  const std::shared_ptr<RtpSender> sender = known(*id).object->sender_;
  if (auto replaced = replace_track(*sender, std::move(track)); !replaced) return replaced.error();
  schedule_pump();
  return sender;
}

Result<> PeerConnectionImpl::remove_track(const std::shared_ptr<RtpSender>& sender) {
  if (!sender || sender->connection_.lock().get() != this) {
    return Error{ErrorCode::kInvalidAccess, "this sender belongs to another connection"};
  }
  auto removed = session_.remove_track(sender->transceiver_);
  if (!removed) return removed;
  schedule_pump();
  return replace_track(*sender, nullptr);
}

Result<> PeerConnectionImpl::replace_track(RtpSender& sender, std::shared_ptr<MediaStreamTrack> track) {
  if (track && track->kind() != sender.kind_) {
    return Error{ErrorCode::kType, "a track of the other kind cannot be sent here"};
  }
  sender.track_ = std::move(track);
  if (sender.track_) {
    session_.set_content(sender.transceiver_, peer::MediaSender::shows_details(*sender.track_), loop_.now());
  }
  Transceiver& transceiver = known(sender.transceiver_);
  if (transceiver.sender) transceiver.sender->set_track(sender.track_);
  return {};
}

RtpSendParameters PeerConnectionImpl::parameters(const RtpSender& sender) const {
  return session_.send_parameters(sender.transceiver_);
}

Result<> PeerConnectionImpl::set_parameters(const RtpSender& sender, const RtpSendParameters& parameters) {
  auto set = session_.set_send_parameters(sender.transceiver_, parameters, loop_.now());
  schedule_pump();
  return set;
}

std::vector<std::shared_ptr<RtpTransceiver>> PeerConnectionImpl::transceivers() {
  std::vector<std::shared_ptr<RtpTransceiver>> all;
  for (const TransceiverInfo& info : session_.transceivers()) all.push_back(known(info.id).object);
  return all;
}

void PeerConnectionImpl::handle(const event::TrackAdded& added) {
  const std::shared_ptr<RtpTransceiver> object = known(added.transceiver).object;
  if (facade_ && facade_->on_track) {
    facade_->on_track(
        TrackEvent{.transceiver = object, .track = object->receiver_->track_, .stream_ids = added.stream_ids});
  }
}

void PeerConnectionImpl::handle(const event::TrackRemoved& removed) {
  known(removed.transceiver).object->receiver_->track_->set_muted(true);
}

void PeerConnectionImpl::handle(const event::SendingChanged& change) {
  Transceiver& transceiver = known(change.transceiver);
  if (transceiver.sender || !change.encodings.empty()) {
    sender_of(transceiver, change.transceiver).set_encodings(change.encodings);
  }
}

void PeerConnectionImpl::handle(const event::QualityLimitationChanged& changed) {
  if (!facade_ || !facade_->on_quality_limitation_change) return;
  facade_->on_quality_limitation_change({.sender = known(changed.transceiver).object->sender(),
                                         .reason = changed.reason,
                                         .paused = changed.paused,
                                         .text = changed.text});
}

void PeerConnectionImpl::hold_pictures(bool held) {
  if (std::exchange(pictures_held_, held) == held) return;
  for (auto& [id, transceiver] : transceivers_) {
    if (transceiver.sender) transceiver.sender->hold(held);
  }
}

peer::MediaSender& PeerConnectionImpl::sender_of(Transceiver& transceiver, TransceiverId id) {
  if (!transceiver.sender) {
    transceiver.sender = std::make_unique<peer::MediaSender>(
        transceiver.object->kind(),
        [weak = weak_from_this(), &loop = loop_, id](std::size_t encoding, EncodedFrame frame) {
          // On the encoder's thread. The loop outlives its connections, and a connection its encoders.
          loop.post([weak, id, encoding, frame = std::move(frame)] {
            const auto self = weak.lock();
            if (!self || self->closed_) return;
            // A frame that finds the queue full is dropped there, and a key frame asked for; so is one of an encoder
            // whose codec is not sent any more.
            (void)self->session_.send_frame(id, frame, self->loop_.now(), encoding);
            self->note_load(id);
            self->pump();
          });
        });
    transceiver.sender->set_track(transceiver.object->sender_->track_);
  }
  return *transceiver.sender;
}

void PeerConnectionImpl::note_load(TransceiverId id) {
  const auto& sender = known(id).sender;
  if (!configuration_.cpu_adaptation || !sender) return;
  if (const auto load = sender->take_load(loop_.now())) session_.note_encoder_load(id, *load, loop_.now());
}

void PeerConnectionImpl::handle(const event::KeyFrameNeeded& needed) {
  if (auto& sender = known(needed.transceiver).sender) sender->request_key_frame(needed.encoding);
}

void PeerConnectionImpl::handle(const event::LossReported& report) {
  if (auto& sender = known(report.transceiver).sender) sender->note_loss(report.encoding, report.fraction_lost);
}

peer::MediaReceiver& PeerConnectionImpl::receiver_of(Transceiver& transceiver, TransceiverId id) {
  if (!transceiver.receiver) {
    transceiver.receiver = std::make_unique<peer::MediaReceiver>(
        transceiver.object->receiver_->track_, [weak = weak_from_this(), &loop = loop_, id] {
          loop.post([weak, id] {
            const auto self = weak.lock();
            if (!self || self->closed_) return;
            self->session_.request_key_frame(id, self->loop_.now(), self->known(id).shown.shown());
            self->pump();
          });
        });
  }
  return *transceiver.receiver;
}

void PeerConnectionImpl::handle(event::VideoFrameReceived& received) {
  Transceiver& transceiver = known(received.transceiver);
  switch (transceiver.shown.judge(received.rid, received.frame, loop_.now())) {
    case peer::SimulcastChoice::Verdict::kIgnore: return;
    case peer::SimulcastChoice::Verdict::kWant:
      return session_.request_key_frame(received.transceiver, loop_.now(), received.rid);
    case peer::SimulcastChoice::Verdict::kShow: break;
  }
  transceiver.object->receiver_->track_->set_muted(false);
  receiver_of(transceiver, received.transceiver).push(std::move(received.frame));
}

void PeerConnectionImpl::handle(event::AudioFrameReceived& received) {
  Transceiver& transceiver = known(received.transceiver);
  if (received.frame) transceiver.object->receiver_->track_->set_muted(false);
  peer::MediaReceiver& receiver = receiver_of(transceiver, received.transceiver);
  receiver.play(std::move(received));
}

}  // namespace tidewire
