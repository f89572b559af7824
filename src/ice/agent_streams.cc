// ICE-TCP: connections that are made for a check, and connections that come to a listener (RFC 6544).
#include <algorithm>
#include <utility>

#include "ice/agent.h"

namespace tidewire::ice {

Agent::Stream* Agent::find_stream(StreamId id) {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& s) { return s.id == id; });
  return found == streams_.end() ? nullptr : &*found;
}

// RFC 6544 §7.1: the check waits for its connection.
void Agent::open_stream(Pair& pair) {
  if (streams_.size() >= kMaxStreams) {
    ++stats_.dropped_table_full;
    return;
  }
  const StreamId id{next_stream_};
  next_stream_ += kStreamStep;
  streams_.push_back({.id = id, .base = pair.base});
  pair.route.stream = id;
  const SocketAddress any_port{bases_[pair.base].address.ip, 0};
  emit(OpenStream{{.id = id, .local = any_port, .remote = pair.route.remote, .framing = StreamFraming::kLength}});
}

void Agent::stream_opened(StreamId id, const SocketAddress& local, Timestamp now) {
  Stream* stream = find_stream(id);
  if (stream == nullptr || state_ == State::kClosed) return;
  stream->open = true;
  if (Pair* pair = checks_.find(Route{{}, {}, id})) {
    pair->route.local = local;
    if (pair->check) send_check(*pair);
  }
  drive(now);
}

Result<StreamId> Agent::stream_accepted(const SocketAddress& local, const SocketAddress& remote, Timestamp now) {
  if (state_ == State::kClosed) return Error{ErrorCode::kInvalidState, "the ICE agent is closed"};
  const auto base = find_base(local, Protocol::kTcp);
  if (!base) return Error{ErrorCode::kOperation, "nothing listens on " + local.to_string()};
  if (streams_.size() >= kMaxStreams && !close_idle_stream(now)) {
    ++stats_.dropped_table_full;
    return Error{ErrorCode::kOperation, "too many connections; " + remote.to_string() + " is turned away"};
  }
  const StreamId id{next_stream_};
  next_stream_ += kStreamStep;
  streams_.push_back({.id = id, .base = *base, .open = true, .since = now});
  drive(now);
  return id;
}

void Agent::stream_closed(StreamId id, Timestamp now) {
  if (find_stream(id) == nullptr || state_ == State::kClosed) return;
  std::erase_if(streams_, [&](const Stream& stream) { return stream.id == id; });
  const bool in_use = selected_ && selected_->stream == id;
  Pair* pair = checks_.find(Route{{}, {}, id});
  if (pair != nullptr && bases_[pair->base].candidate.tcp_type == TcpType::kPassive) {
    // The next connection of the peer has another port, and this one will never be seen again.
    const std::uint32_t remote = pair->remote_id;
    checks_.remove_remote(remote);
    remotes_.remove(remote);
  } else if (pair != nullptr) {
    pair->check.reset();
    pair->cancelled.reset();
    pair->triggered = 0;
    pair->state = PairState::kFailed;
    pair->route.stream = {};
  }
  if (in_use) lose_path(now);
  drive(now);
}

void Agent::close_stream(StreamId id) {
  if (find_stream(id) == nullptr) return;
  std::erase_if(streams_, [&](const Stream& stream) { return stream.id == id; });
  emit(CloseStream{id});
}

// A connection that was made for a pair ends with it.
void Agent::close_useless_streams() {
  for (std::size_t i = streams_.size(); i-- > 0;) {
    const Stream& stream = streams_[i];
    const bool ours = bases_[stream.base].candidate.tcp_type == TcpType::kActive;
    const bool in_use = selected_ && selected_->stream == stream.id;
    if (ours && !in_use && checks_.find(Route{{}, {}, stream.id}) == nullptr) close_stream(stream.id);
  }
}

// Anybody can connect to a listener and say nothing.
bool Agent::close_idle_stream(Timestamp now) {
  constexpr Duration kPatience = std::chrono::seconds(5);
  for (const Stream& stream : streams_) {
    const bool accepted = bases_[stream.base].candidate.tcp_type == TcpType::kPassive;
    const bool in_use = selected_ && selected_->stream == stream.id;
    if (!accepted || in_use || now < stream.since + kPatience) continue;
    if (checks_.find(Route{{}, {}, stream.id}) != nullptr) continue;
    close_stream(stream.id);
    return true;
  }
  return false;
}

void Agent::drop_streams_of(std::size_t base) {
  std::erase_if(streams_, [&](const Stream& stream) {
    if (stream.base != base) return false;
    emit(CloseStream{stream.id});
    return true;
  });
}

}  // namespace tidewire::ice
