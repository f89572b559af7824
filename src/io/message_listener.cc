#include "io/message_listener.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>

#include "io/message_stream_impl.h"
#include "io/socket_options.h"

namespace tidewire::io {
namespace {

using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// After an error that will not go away by itself at once (no descriptors left).
constexpr Duration kPause = std::chrono::milliseconds{100};

Error cannot_listen(const SocketAddress& address, const boost::system::error_code& error) {
  return {ErrorCode::kNetwork, "cannot listen on TCP " + address.to_string() + ": " + error.message()};
}

}  // namespace

struct MessageListener::Impl : std::enable_shared_from_this<MessageListener::Impl> {
  using Stream = MessageStream::Impl;

  Impl(EventLoop& event_loop, OnAccept callback, Options given)
      : loop(event_loop),
        on_accept(std::move(callback)),
        options(std::move(given)),
        acceptor(event_loop.context()),
        pause(event_loop, [this](Timestamp) { accept(); }) {}

  boost::system::error_code open(const SocketAddress& wanted) {
    boost::system::error_code failure;
    acceptor.open(wanted.ip.is_v4() ? tcp::v4() : tcp::v6(), failure);
    if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!failure && options.reuse_port) acceptor.set_option(ReusePort(true), failure);
    if (!failure && wanted.ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), failure);
    if (!failure) acceptor.bind(to_endpoint(wanted), failure);
    if (!failure) acceptor.listen(tcp::acceptor::max_listen_connections, failure);
    if (!failure)
      steer_by_source(acceptor.native_handle(), wanted.ip.is_v4() ? AF_INET : AF_INET6, options.steer_among);
    if (!failure) local = from_endpoint(acceptor.local_endpoint(failure));
    return failure;
  }

  void accept() {
    acceptor.async_accept([self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (error) return self->pause.set(EventLoop::now() + kPause);
      self->take(std::move(socket));
      if (self->acceptor.is_open()) self->accept();
    });
  }

  void take(tcp::socket socket) {
    make_room();
    if (!acceptor.is_open()) return;  // the owner of the one that went has closed us
    auto stream = std::make_shared<Stream>(loop, options.framing, options.stream);
    unauthenticated.push_back(stream);
    stream->accept(std::move(socket), tls, options.authenticate_within,
                   [this, self = weak_from_this()](std::shared_ptr<Stream> ready) {
                     const auto alive = self.lock();
                     if (!alive || !acceptor.is_open()) return;
                     ++stats.accepted;
                     on_accept(MessageStream(std::move(ready)));
                   });
  }

  void make_room() {
    std::erase_if(unauthenticated, [](const std::weak_ptr<Stream>& entry) {
      const auto stream = entry.lock();
      return !stream || stream->is_over() || stream->authenticated;
    });
    if (unauthenticated.size() < options.max_unauthenticated) return;
    std::shared_ptr<Stream> idlest;
    for (const std::weak_ptr<Stream>& entry : unauthenticated) {
      auto stream = entry.lock();
      if (!idlest || (stream && stream->last_active < idlest->last_active)) idlest = std::move(stream);
    }
    if (!idlest) return;
    ++stats.evicted;
    idlest->end(idlest->remote.to_string() + " had to make room for newer connections");
  }

  void close() {
    pause.cancel();
    boost::system::error_code ignored;
    acceptor.close(ignored);
    // Handshakes end; what has been handed over belongs to its owner.
    for (const std::weak_ptr<Stream>& entry : unauthenticated) {
      if (const auto stream = entry.lock()) stream->abandon_opening();
    }
    unauthenticated.clear();
  }

  EventLoop& loop;
  OnAccept on_accept;
  Options options;
  Stream::TlsContext tls;
  SocketAddress local;
  tcp::acceptor acceptor;
  Timer pause;
  std::vector<std::weak_ptr<Stream>> unauthenticated;
  Stats stats;
};

Result<MessageListener> MessageListener::listen(EventLoop& loop, const SocketAddress& local, OnAccept on_accept,
                                                Options options) {
  auto impl = std::make_shared<Impl>(loop, std::move(on_accept), std::move(options));
  if (!impl->options.certificate_pem.empty()) {
    auto tls = make_server_tls(impl->options.certificate_pem);
    if (!tls) return tls.error();
    impl->tls = *std::move(tls);
  }
  if (const auto failure = impl->open(local)) return cannot_listen(local, failure);
  impl->accept();
  return MessageListener(std::move(impl));
}

MessageListener::MessageListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
MessageListener::~MessageListener() {
  if (impl_) impl_->close();
}
MessageListener::MessageListener(MessageListener&&) noexcept = default;

MessageListener& MessageListener::operator=(MessageListener&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Result<> MessageListener::set_certificate(const std::string& certificate_pem) {
  if (!impl_->tls) {
    return Error{ErrorCode::kInvalidState, "the listener on " + impl_->local.to_string() +
                                               " serves no TLS; give it a certificate when it is made"};
  }
  auto tls = make_server_tls(certificate_pem);
  if (!tls) return tls.error();
  impl_->tls = *std::move(tls);
  return {};
}

SocketAddress MessageListener::local_address() const { return impl_->local; }
const MessageListener::Stats& MessageListener::stats() const { return impl_->stats; }

}  // namespace tidewire::io
