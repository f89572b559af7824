#include "io/raw_stream.h"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include "io/message_stream_impl.h"
#include "io/raw_stream_impl.h"
#include "io/socket_options.h"

namespace tidewire::io {
namespace {

using asio::ip::tcp;

// After an error that will not go away by itself at once (no descriptors left).
constexpr Duration kPause = std::chrono::milliseconds{100};

tcp protocol_of(const SocketAddress& address) { return address.ip.is_v4() ? tcp::v4() : tcp::v6(); }

boost::system::error_code open(tcp::socket& socket, const SocketAddress& from) {
  boost::system::error_code failure;
  socket.open(protocol_of(from), failure);
  if (failure) return failure;
  socket.set_option(tcp::socket::reuse_address(true), failure);
  share_port(socket.native_handle());
  if (!failure) socket.bind(to_endpoint(from), failure);
  return failure;
}

}  // namespace

RawStream RawStream::connect(EventLoop& loop, const SocketAddress& from, const SocketAddress& to,
                             UniqueFunction<void(Result<>)> done) {
  auto impl = std::make_shared<Impl>(tcp::socket(loop.context()));
  impl->remote = to;
  impl->done = std::move(done);
  auto handler = [impl, from](boost::system::error_code error) {
    if (!impl->done) return;  // destroyed
    auto call = std::exchange(impl->done, nullptr);
    if (!error) {
      send_at_once(impl->socket.native_handle());
      return call({});
    }
    call(Error{ErrorCode::kNetwork,
               "cannot connect to " + impl->remote.to_string() + " from " + from.to_string() + ": " + error.message()});
  };
  if (const auto failure = open(impl->socket, from)) {
    asio::post(loop.context(), [handler, failure]() mutable { handler(failure); });
  } else {
    impl->socket.async_connect(to_endpoint(to), std::move(handler));
  }
  return RawStream(std::move(impl));
}

RawStream::RawStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
RawStream::~RawStream() {
  if (!impl_) return;
  impl_->done = nullptr;
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
}
RawStream::RawStream(RawStream&&) noexcept = default;
RawStream& RawStream::operator=(RawStream&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}
SocketAddress RawStream::remote_address() const { return impl_->remote; }

struct RawListener::Impl : std::enable_shared_from_this<RawListener::Impl> {
  Impl(EventLoop& event_loop, OnAccept callback)
      : loop(event_loop),
        on_accept(std::move(callback)),
        acceptor(event_loop.context()),
        pause(event_loop, [this](Timestamp) { accept(); }) {}

  boost::system::error_code open(const SocketAddress& wanted) {
    boost::system::error_code failure;
    acceptor.open(protocol_of(wanted), failure);
    if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!failure && wanted.ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), failure);
    if (!failure) acceptor.bind(to_endpoint(wanted), failure);
    if (failure) return failure;
    share_port(acceptor.native_handle());
    acceptor.listen(tcp::acceptor::max_listen_connections, failure);
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
    auto stream = std::make_shared<RawStream::Impl>(std::move(socket));
    boost::system::error_code failure;
    stream->remote = from_endpoint(stream->socket.remote_endpoint(failure));
    if (failure) return;  // it has gone already
    send_at_once(stream->socket.native_handle());
    on_accept(RawStream(std::move(stream)));
  }

  void close() {
    pause.cancel();
    boost::system::error_code ignored;
    acceptor.close(ignored);
  }

  EventLoop& loop;
  OnAccept on_accept;
  tcp::acceptor acceptor;
  Timer pause;
  SocketAddress local;
};

Result<RawListener> RawListener::listen(EventLoop& loop, const SocketAddress& local, OnAccept on_accept) {
  auto impl = std::make_shared<Impl>(loop, std::move(on_accept));
  if (const auto failure = impl->open(local)) {
    return Error{ErrorCode::kNetwork, "cannot listen on TCP " + local.to_string() + ": " + failure.message()};
  }
  impl->accept();
  return RawListener(std::move(impl));
}

RawListener::RawListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
RawListener::~RawListener() {
  if (impl_) impl_->close();
}
RawListener::RawListener(RawListener&&) noexcept = default;
RawListener& RawListener::operator=(RawListener&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}
SocketAddress RawListener::local_address() const { return impl_->local; }

}  // namespace tidewire::io
