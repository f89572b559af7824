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
  transceiver.object->receiver_->track_ = std::make_shared<MediaStreamTrack>(
      kind, "remote-" + std::to_string(id.value()), "remote " + std::string(to_string(kind)));
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
  Transceiver& transceiver = known(sender.transceiver_);
  if (transceiver.sender) transceiver.sender->set_track(sender.track_);
  return {};
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

void PeerConnectionImpl::handle(const event::SendingChanged& change) {
  Transceiver& transceiver = known(change.transceiver);
  if (transceiver.sender) transceiver.frames_encoded += transceiver.sender->frames_encoded();
  transceiver.sender.reset();
  if (change.codec) start_sender(change);
}

void PeerConnectionImpl::start_sender(const event::SendingChanged& change) {
  const TransceiverId id = change.transceiver;
  const bool video = kind_of(*change.codec) == MediaKind::kVideo;
  const std::uint32_t bitrate = video ? configuration_.video_bitrate : configuration_.audio_bitrate;
  auto sender = peer::MediaSender::make({*change.codec, bitrate, change.max_nal_unit_size},
                                        [weak = weak_from_this(), &loop = loop_, id](EncodedFrame frame) {
                                          // On the encoder's thread. The loop outlives its connections, and a
                                          // connection its encoders.
                                          loop.post([weak, id, frame = std::move(frame)] {
                                            const auto self = weak.lock();
                                            if (!self || self->closed_) return;
                                            // A frame that finds the queue full is dropped there, and a key frame asked
                                            // for; so is one of an encoder whose codec is not sent any more.
                                            (void)self->session_.send_frame(id, frame, self->loop_.now());
                                            self->pump();
                                          });
                                        });
  // Only codecs that the negotiator offers are announced, and each of those has an encoder.
  if (!sender) return;
  Transceiver& transceiver = known(id);
  transceiver.sender = std::move(*sender);
  transceiver.sender->set_track(transceiver.object->sender_->track_);
}

void PeerConnectionImpl::handle(const event::KeyFrameNeeded& needed) {
  if (auto& sender = known(needed.transceiver).sender) sender->request_key_frame();
}

peer::MediaReceiver& PeerConnectionImpl::receiver_of(Transceiver& transceiver, TransceiverId id) {
  if (!transceiver.receiver) {
    transceiver.receiver = std::make_unique<peer::MediaReceiver>(
        transceiver.object->receiver_->track_, [weak = weak_from_this(), &loop = loop_, id] {
          loop.post([weak, id] {
            const auto self = weak.lock();
            if (!self || self->closed_) return;
            self->session_.request_key_frame(id, self->loop_.now());
            self->pump();
          });
        });
  }
  return *transceiver.receiver;
}

void PeerConnectionImpl::handle(event::VideoFrameReceived& received) {
  receiver_of(known(received.transceiver), received.transceiver).push(std::move(received.frame));
}

void PeerConnectionImpl::handle(event::AudioFrameReceived& received) {
  receiver_of(known(received.transceiver), received.transceiver).play(std::move(received));
}

StatsReport PeerConnectionImpl::stats() const {
  StatsReport report = session_.stats(loop_.now());
  for (const auto& [id, transceiver] : transceivers_) {
    const auto info = session_.transceiver(id);
    if (!info || !info->mid) continue;
    for (OutboundRtpStreamStats& outbound : report.rtp.outbound) {
      if (outbound.mid != *info->mid || !transceiver.sender) continue;
      outbound.frames_encoded = transceiver.frames_encoded + transceiver.sender->frames_encoded();
    }
    for (InboundRtpStreamStats& inbound : report.rtp.inbound) {
      if (inbound.mid == *info->mid && transceiver.receiver) transceiver.receiver->fill(inbound);
    }
  }
  return report;
}

}  // namespace tidewire
