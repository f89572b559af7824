// The transceivers of a Negotiator: adding, changing and stopping them (W3C WebRTC §5).
#include <algorithm>
#include <utility>

#include "sdp/negotiator_impl.h"
#include "sdp/simulcast.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

constexpr std::size_t kMaxTransceivers = kMaxMediaSections - 1;

TransceiverState snapshot(const Transceiver& t) {
  return {.id = t.id,
          .kind = t.kind,
          .mid = t.association.mid,
          .direction = t.stopping ? Direction::kStopped : t.direction,
          .current_direction = t.current_direction,
          .stopped = t.stopping,
          .track_id = t.track_id,
          .stream_ids = t.stream_ids,
          .encodings = t.encodings,
          .remote_track_id = t.association.remote_track_id,
          .remote_stream_ids = t.association.remote_stream_ids};
}

// The text of an id that stands in a=msid or a=ssrc must be one word.
bool is_id(std::string_view text) {
  return text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<> check_ids(const std::vector<std::string>& streams, std::string_view track) {
  const bool good = is_id(track) && streams.size() <= 16 &&
                    std::all_of(streams.begin(), streams.end(), [](const auto& s) { return !s.empty() && is_id(s); });
  if (!good)
    return Error{ErrorCode::kType, "a stream or track id is empty, longer than 256 or has unprintable characters"};
  return {};
}

Result<> check_rids(MediaKind kind, const std::vector<std::string>& rids) {
  if (!rids.empty() && kind == MediaKind::kAudio) return Error{ErrorCode::kType, "sound has one encoding, without rid"};
  if (rids.size() > kMaxSimulcastStreams) {
    return Error{ErrorCode::kType, "a track has at most " + std::to_string(kMaxSimulcastStreams) + " encodings"};
  }
  for (const std::string& rid : rids) {
    if (!is_rid(rid)) return Error{ErrorCode::kType, "rid " + quoted(rid) + " is not 1 to 16 letters and digits"};
    if (std::ranges::count(rids, rid) > 1) return Error{ErrorCode::kType, "rid " + quoted(rid) + " stands twice"};
  }
  return {};
}

}  // namespace

Transceiver& Negotiator::Impl::add(MediaKind kind, TransceiverInit init) {
  Transceiver transceiver;
  transceiver.id = TransceiverId(state.next_transceiver++);
  transceiver.kind = kind;
  transceiver.direction = init.direction;
  transceiver.has_track = sends(init.direction) || !init.track_id.empty();
  transceiver.track_id = init.track_id.empty() ? random_id() : std::move(init.track_id);
  transceiver.stream_ids = std::move(init.stream_ids);
  for (std::string& rid : init.rids) transceiver.encodings.push_back({.rid = std::move(rid)});
  if (transceiver.encodings.empty()) transceiver.encodings.emplace_back();
  complete(transceiver.encodings);
  changed();
  return state.transceivers.emplace_back(std::move(transceiver));
}

Result<Transceiver*> Negotiator::Impl::live(TransceiverId id) {
  if (closed()) return closed_error();
  Transceiver* transceiver = state.find(id);
  if (!transceiver) return Error{ErrorCode::kNotFound, "no such transceiver"};
  if (transceiver->stopping) return invalid_state("the transceiver is stopped");
  return transceiver;
}

Result<TransceiverId> Negotiator::add_transceiver(MediaKind kind, TransceiverInit init) {
  if (impl_->closed()) return closed_error();
  if (init.direction == Direction::kStopped) return Error{ErrorCode::kType, "a transceiver cannot start stopped"};
  if (const Result<> done = check_ids(init.stream_ids, init.track_id); !done) return done.error();
  if (const Result<> done = check_rids(kind, init.rids); !done) return done.error();
  if (impl_->state.transceivers.size() >= kMaxTransceivers) {
    return Error{ErrorCode::kOperation, "too many transceivers"};
  }
  return impl_->add(kind, std::move(init)).id;
}

// W3C §5.1 addTrack
Result<TransceiverId> Negotiator::add_track(MediaKind kind, TransceiverInit init) {
  if (impl_->closed()) return closed_error();
  if (const Result<> done = check_ids(init.stream_ids, init.track_id); !done) return done.error();
  std::vector<Transceiver>& list = impl_->state.transceivers;
  const auto reusable = std::find_if(list.begin(), list.end(), [&](const Transceiver& t) {
    return t.kind == kind && !t.has_track && !t.has_sent && !t.stopping;
  });
  if (reusable == list.end()) {
    init.direction = Direction::kSendrecv;
    Result<TransceiverId> id = add_transceiver(kind, std::move(init));
    if (id) impl_->state.find(*id)->added_by_track = true;
    return id;
  }
  reusable->direction = make_direction(true, receives(reusable->direction));
  reusable->has_track = true;
  reusable->added_by_track = true;
  if (!init.track_id.empty()) reusable->track_id = std::move(init.track_id);
  reusable->stream_ids = std::move(init.stream_ids);
  impl_->changed();
  return reusable->id;
}

// W3C §5.1 removeTrack
Result<> Negotiator::remove_track(TransceiverId id) {
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->has_track = false;
  (*transceiver)->direction = make_direction(false, receives((*transceiver)->direction));
  impl_->changed();
  return {};
}

Result<> Negotiator::set_direction(TransceiverId id, RtpTransceiverDirection direction) {
  if (direction == Direction::kStopped) return Error{ErrorCode::kType, "call stop() to stop a transceiver"};
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->direction = direction;
  impl_->changed();
  return {};
}

Result<> Negotiator::set_streams(TransceiverId id, std::vector<std::string> stream_ids) {
  if (Result<> done = check_ids(stream_ids, {}); !done) return done;
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  (*transceiver)->stream_ids = std::move(stream_ids);
  impl_->changed();
  return {};
}

const Capabilities& Negotiator::capabilities() const { return impl_->config.capabilities; }

Result<> Negotiator::set_codec_preferences(TransceiverId id, std::vector<CodecCapability> codecs) {
  const Result<Transceiver*> transceiver = impl_->live(id);
  if (!transceiver) return transceiver.error();
  const std::vector<CodecCapability>& known = impl_->config.capabilities.codecs;
  for (const CodecCapability& codec : codecs) {
    // Parameters may be others: they are wishes about what is received.
    const bool is_known = std::ranges::any_of(known, [&](CodecCapability capability) {
      capability.fmtp = codec.fmtp;
      return capability == codec;
    });
    if (codec.kind != (*transceiver)->kind || !is_known) {
      return Error{ErrorCode::kInvalidModification, "codec " + quoted(codec.name) + " is not among the capabilities"};
    }
  }
  (*transceiver)->preferences = std::move(codecs);
  impl_->changed();
  return {};
}

Result<> Negotiator::stop(TransceiverId id) {
  if (impl_->closed()) return closed_error();
  Transceiver* transceiver = impl_->state.find(id);
  if (!transceiver) return Error{ErrorCode::kNotFound, "no such transceiver"};
  transceiver->stopping = true;
  // The other side never heard of it.
  if (!transceiver->association.mline) {
    std::erase_if(impl_->state.transceivers, [&](const Transceiver& t) { return t.id == id; });
  }
  impl_->changed();
  return {};
}

std::vector<TransceiverState> Negotiator::transceivers() const {
  std::vector<TransceiverState> out;
  for (const Transceiver& transceiver : impl_->state.transceivers) out.push_back(snapshot(transceiver));
  return out;
}

std::optional<TransceiverState> Negotiator::transceiver(TransceiverId id) const {
  const Transceiver* transceiver = impl_->state.find(id);
  return transceiver ? std::optional(snapshot(*transceiver)) : std::nullopt;
}

}  // namespace tidewire::sdp
