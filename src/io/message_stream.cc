#include "io/message_stream.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "io/message_stream_impl.h"
#include "io/socket_address.h"
#include "io/socket_options.h"

namespace tidewire::io {
namespace {

using asio::ip::tcp;

constexpr std::size_t kBatch = 32;
constexpr Duration kGoodbye = std::chrono::seconds{3};

}  // namespace

tcp::endpoint to_endpoint(const SocketAddress& address) {
  SystemAddress system;
  const socklen_t length = to_system(address, system);
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), &system, length);
  endpoint.resize(length);
  return endpoint;
}

SocketAddress from_endpoint(const tcp::endpoint& endpoint) {
  SystemAddress system{};
  std::memcpy(&system, endpoint.data(), std::min(endpoint.size(), sizeof system));
  return from_system(system);
}

MessageStream::Impl::Impl(EventLoop& event_loop, StreamFraming framing_of_messages, Options given)
    : loop(event_loop),
      options(std::move(given)),
      framing(framing_of_messages),
      last_active(EventLoop::now()),
      socket_(event_loop.context()),
      deadline_(event_loop, [this](Timestamp) { expire(); }),
      framer_(framing_of_messages, event_loop.packet_pool()) {
  batch_.reserve(kBatch);
}

void MessageStream::Impl::connect(const StreamRequest& request, Callbacks given) {
  id = request.id;
  remote = request.remote;
  callbacks = std::move(given);
  started_ = true;
  server_name_ = request.server_name.empty() ? remote.ip.to_string() : request.server_name;
  if (const Result<> ready = prepare(request); !ready) {
    asio::post(loop.context(), [self = shared_from_this(), reason = ready.error().message] { self->end(reason); });
    return;
  }
  deadline_.set(EventLoop::now() + options.connect_timeout);
  socket_.async_connect(to_endpoint(remote),
                        [self = shared_from_this()](boost::system::error_code error) { self->connected(error); });
}

Result<> MessageStream::Impl::prepare(const StreamRequest& request) {
  if (request.tls) {
    Result<TlsContext> made = make_client_tls(options.ca_file);
    if (!made) return made.error();
    tls_context_ = *std::move(made);
  }
  return open_socket(request.local);
}

Result<> MessageStream::Impl::open_socket(const SocketAddress& wanted_local) {
  boost::system::error_code failure;
  socket_.open(remote.ip.is_v4() ? tcp::v4() : tcp::v6(), failure);
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::kNetwork, "cannot connect to " + peer() + " from " + wanted_local.to_string() + ": " + why};
  };
  if (failure) return refused(failure.message());
  SocketAddress from = wanted_local;
  // The unspecified address is that of either family.
  if (from.ip.is_unspecified()) from.ip = remote.ip.is_v4() ? IpAddress() : IpAddress::v6({});
  if (from.ip.is_v4() != remote.ip.is_v4()) return refused("they are of different address families");
  if (from.ip.is_unspecified() && from.port == 0) return {};
  socket_.bind(to_endpoint(from), failure);
  if (failure) return refused(failure.message());
  return {};
}

void MessageStream::Impl::connected(boost::system::error_code error) {
  if (phase != Phase::kOpening) return;
  if (error) return end("cannot reach " + peer() + ": " + error.message());
  tls_context_ ? secure(asio::ssl::stream_base::client) : opened();
}

void MessageStream::Impl::accept(tcp::socket accepted, TlsContext tls_of_listener, Duration authenticate_within,
                                 OnReady when_ready) {
  socket_ = std::move(accepted);
  boost::system::error_code failure;
  remote = from_endpoint(socket_.remote_endpoint(failure));
  if (failure) return abort();
  tls_context_ = std::move(tls_of_listener);
  authenticate_within_ = authenticate_within;
  accepted_ = true;
  on_ready_ = std::move(when_ready);
  deadline_.set(EventLoop::now() + options.connect_timeout);
  tls_context_ ? secure(asio::ssl::stream_base::server) : opened();
}

void MessageStream::Impl::secure(asio::ssl::stream_base::handshake_type side) {
  tls_.emplace(socket_, *tls_context_);
  if (side == asio::ssl::stream_base::client) {
    announce_server_name(tls_->native_handle(), server_name_);
    if (options.verify_certificate) verify_server(tls_->native_handle(), server_name_);
  }
  tls_->async_handshake(side, [self = shared_from_this()](boost::system::error_code error) {
    if (self->phase != Phase::kOpening) return;
    if (!error) return self->opened();
    self->end("cannot open a secure connection to " + self->peer() + ": " +
              handshake_failure(self->tls_->native_handle(), error));
  });
}

void MessageStream::Impl::opened() {
  boost::system::error_code failure;
  local = from_endpoint(socket_.local_endpoint(failure));
  if (failure) return end("cannot reach " + peer() + ": " + failure.message());
  send_at_once(socket_.native_handle());
  deadline_.cancel();
  phase = Phase::kOpen;
  if (on_ready_) {
    deadline_.set(EventLoop::now() + authenticate_within_);
    return std::exchange(on_ready_, nullptr)(shared_from_this());
  }
  read();
  flush();
  if (callbacks.on_open) callbacks.on_open(local);
}

void MessageStream::Impl::start(StreamId given_id, Callbacks given) {
  if (started_ || phase == Phase::kClosing) return;
  started_ = true;
  id = given_id;
  callbacks = std::move(given);
  if (phase == Phase::kOpen) return read();
  asio::post(loop.context(), [self = shared_from_this()] {
    if (self->callbacks.on_close) std::exchange(self->callbacks, {}).on_close(std::move(self->end_reason_));
  });
}

void MessageStream::Impl::set_authenticated() {
  authenticated = true;
  if (phase == Phase::kOpen) deadline_.cancel();
}

void MessageStream::Impl::read() {
  auto handler = [self = shared_from_this()](boost::system::error_code error, std::size_t n) {
    self->received(error, n);
  };
  tls_ ? tls_->async_read_some(asio::buffer(incoming_), std::move(handler))
       : socket_.async_read_some(asio::buffer(incoming_), std::move(handler));
}

void MessageStream::Impl::received(boost::system::error_code error, std::size_t n) {
  // Until the peer has closed too, its bytes are read: else the system would reset the connection, and with it what
  // is still on its way there.
  if (phase == Phase::kClosing && error && !tls_) return abort();
  if (phase == Phase::kClosed || error == asio::error::operation_aborted) return;
  if (phase == Phase::kOpen) {
    last_active = EventLoop::now();
    if (!deliver({incoming_.data(), n})) return;
    if (error) return end(why_ended(error));
  }
  if (!error && (phase == Phase::kOpen || !tls_)) read();
}

// False when the stream has ended meanwhile.
bool MessageStream::Impl::deliver(ByteView bytes) {
  std::size_t most = 0;
  do {
    batch_.clear();
    // What comes behind a message that makes the stream something else is no message.
    most = accepted_ && !authenticated ? 1 : kBatch;
    while (batch_.size() < most) {
      std::optional<Packet> message = framer_.next(bytes);
      if (!message) break;
      batch_.push_back({local, remote, *std::move(message), id});
    }
    stats.messages_received += batch_.size();
    if (!batch_.empty() && callbacks.on_messages) callbacks.on_messages(batch_);
    if (phase == Phase::kHandingOver) unread_.assign(bytes.begin(), bytes.end());
    if (phase != Phase::kOpen) return phase == Phase::kClosing;
  } while (batch_.size() == most);
  batch_.clear();
  if (!framer_.failed()) return true;
  end(peer() + " sent bytes that are no message; the connection to it is closed");
  return false;
}

bool MessageStream::Impl::send(Packet packet) {
  if (is_over() || pending_.size() + writing_.size() + packet.size() > options.max_queued) {
    ++stats.dropped_queue;
    return false;
  }
  if (packet.empty() || !stun::add_stream_framing(packet, framing)) {
    ++stats.dropped_oversize;
    return false;
  }
  pending_.insert(pending_.end(), packet.bytes().begin(), packet.bytes().end());
  ++stats.messages_sent;
  schedule_flush();
  return true;
}

void MessageStream::Impl::schedule_flush() {
  if ((phase != Phase::kOpen && phase != Phase::kHandingOver) || flush_scheduled_ || !writing_.empty()) return;
  flush_scheduled_ = true;
  asio::post(loop.context(), [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
}

void MessageStream::Impl::flush() {
  const bool may_write = phase == Phase::kOpen || phase == Phase::kHandingOver || phase == Phase::kClosing;
  if (!may_write || !writing_.empty() || pending_.empty()) return;
  std::swap(pending_, writing_);
  ++stats.writes;
  auto handler = [self = shared_from_this()](boost::system::error_code error, std::size_t) { self->written(error); };
  tls_ ? asio::async_write(*tls_, asio::buffer(writing_), std::move(handler))
       : asio::async_write(socket_, asio::buffer(writing_), std::move(handler));
}

void MessageStream::Impl::written(boost::system::error_code error) {
  if (error && (phase == Phase::kOpen || phase == Phase::kHandingOver)) return end(why_ended(error));
  if (error) return abort();
  writing_.clear();
  if (!pending_.empty()) return flush();
  if (phase == Phase::kClosing) say_goodbye();
  finish_hand_over();
}

void MessageStream::Impl::hand_over(UniqueFunction<void()> when_ready) {
  if (phase != Phase::kOpen) return;
  phase = Phase::kHandingOver;
  authenticated = true;
  on_handed_over_ = std::move(when_ready);
  deadline_.set(EventLoop::now() + options.connect_timeout);
  asio::post(loop.context(), [self = shared_from_this()] { self->finish_hand_over(); });
}

void MessageStream::Impl::finish_hand_over() {
  if (phase != Phase::kHandingOver || !pending_.empty() || !writing_.empty()) return;
  phase = Phase::kHandedOver;
  deadline_.cancel();
  callbacks = {};
  std::exchange(on_handed_over_, nullptr)();
}

void MessageStream::Impl::close() {
  callbacks = {};
  on_handed_over_ = nullptr;
  const bool was_started = std::exchange(started_, true);
  if (is_over()) return;
  if (phase == Phase::kOpening) return abort();
  phase = Phase::kClosing;
  deadline_.set(EventLoop::now() + kGoodbye);
  if (!was_started && !tls_) read();
  if (pending_.empty() && writing_.empty()) return say_goodbye();
  flush();
}

// RFC 8446 §6.1: close_notify tells an end from a broken connection; on plain TCP the FIN does.
void MessageStream::Impl::say_goodbye() {
  if (tls_) {
    tls_->async_shutdown([self = shared_from_this()](boost::system::error_code) { self->abort(); });
    return;
  }
  boost::system::error_code failure;
  socket_.shutdown(tcp::socket::shutdown_send, failure);
  if (failure) abort();
}

void MessageStream::Impl::end(std::string reason) {
  if (is_over()) return;
  abort();
  if (!started_) {
    end_reason_ = std::move(reason);
  } else if (callbacks.on_close) {
    std::exchange(callbacks, {}).on_close(std::move(reason));
  }
}

// The connection ends now; whatever is under way completes with an error.
void MessageStream::Impl::abort() {
  phase = Phase::kClosed;
  deadline_.cancel();
  pending_.clear();
  on_ready_ = nullptr;
  on_handed_over_ = nullptr;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void MessageStream::Impl::expire() {
  const auto self = shared_from_this();
  if (phase == Phase::kOpening) return end("cannot reach " + peer() + ": no answer in time");
  if (phase == Phase::kOpen) return end(peer() + " has not proven in time who it is");
  if (phase == Phase::kHandingOver) return end(peer() + " has not taken its answers in time");
  abort();
}

std::string MessageStream::Impl::why_ended(const boost::system::error_code& error) const {
  // Many close a TLS connection without close_notify.
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return peer() + " closed the connection";
  return "the connection to " + peer() + " broke: " + error.message();
}

MessageStream MessageStream::connect(EventLoop& loop, const StreamRequest& request, Callbacks callbacks) {
  return connect(loop, request, std::move(callbacks), Options());
}

MessageStream MessageStream::connect(EventLoop& loop, const StreamRequest& request, Callbacks callbacks,
                                     Options options) {
  auto impl = std::make_shared<Impl>(loop, request.framing, std::move(options));
  impl->connect(request, std::move(callbacks));
  return MessageStream(std::move(impl));
}

MessageStream::MessageStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
MessageStream::~MessageStream() { close(); }
MessageStream::MessageStream(MessageStream&&) noexcept = default;

MessageStream& MessageStream::operator=(MessageStream&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

void MessageStream::start(StreamId id, Callbacks callbacks) { impl_->start(id, std::move(callbacks)); }
void MessageStream::set_authenticated() { impl_->set_authenticated(); }
void MessageStream::hand_over(UniqueFunction<void()> ready) { impl_->hand_over(std::move(ready)); }
bool MessageStream::send(Packet packet) { return impl_->send(std::move(packet)); }
SocketAddress MessageStream::local_address() const { return impl_->local; }
SocketAddress MessageStream::remote_address() const { return impl_->remote; }
const MessageStream::Stats& MessageStream::stats() const { return impl_->stats; }

void MessageStream::close() {
  if (impl_) impl_->close();
}

}  // namespace tidewire::io
