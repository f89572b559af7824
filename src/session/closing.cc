// The state of the whole, failure, and the end.
#include <utility>

#include "session/diagnosis.h"
#include "session/session_impl.h"

namespace tidewire {

// W3C RTCPeerConnectionState: ICE and DTLS together.
PeerConnectionState Session::Impl::computed_state() const {
  using State = session::Keying::State;
  if (closed) return PeerConnectionState::kClosed;
  const ice::State path = transport.ice().state();
  const State keys = transport.keying().state();
  if (path == ice::State::kFailed || keys == State::kFailed) return PeerConnectionState::kFailed;
  if (path == ice::State::kDisconnected) return PeerConnectionState::kDisconnected;
  const bool has_path = path == ice::State::kConnected || path == ice::State::kCompleted;
  if (has_path && keys == State::kConnected) return PeerConnectionState::kConnected;
  if (keys == State::kClosed) return PeerConnectionState::kDisconnected;
  if (path == ice::State::kNew) return PeerConnectionState::kNew;
  return PeerConnectionState::kConnecting;
}

void Session::Impl::update_connection_state() {
  const PeerConnectionState computed = computed_state();
  if (computed == state) return;
  state = computed;
  const bool failed = state == PeerConnectionState::kFailed && failure;
  emit(event::ConnectionStateChanged{state, failed ? failure->message : std::string()});
}

// DTLS will never connect, or it broke: nothing may pass any more.
void Session::Impl::fail(const session::Keying::Failed& failed, Timestamp) {
  failure = session::diagnose_dtls(transport, failed.kind, failed.reason);
  const bool wrong_peer = failure->cause == FailureCause::kFingerprintMismatch;
  data.stop(RtcError{Error{ErrorCode::kOperation, failure->message},
                     wrong_peer ? RtcErrorDetail::kFingerprintFailure : RtcErrorDetail::kDtlsFailure});
  update_connection_state();
}

// The peer said close_notify. Its channels close; W3C keeps the connection itself for the application to close.
void Session::Impl::peer_closed(Timestamp) {
  data.stop(std::nullopt);
  announce_sending();
  update_connection_state();
}

void Session::Impl::close(Timestamp at) {
  if (closed) return;
  now = at;
  // Farewells, outermost first: SCTP's ABORT and RTCP's BYE travel inside DTLS and SRTP, close_notify ends them.
  data.abort(at);
  if (media.table()) media.table()->close(at);
  fill_transport(at);
  transport.close(at);
  negotiator.close();
  data.stop(std::nullopt);
  closed = true;
  state = PeerConnectionState::kClosed;
  // W3C close(): no event is fired.
  events.clear();
  event_bytes = 0;
}

}  // namespace tidewire
