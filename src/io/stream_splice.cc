#include "io/stream_splice.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "io/message_stream_impl.h"
#include "io/raw_stream_impl.h"

namespace tidewire::io {
namespace {

enum Way : std::size_t { kToPeer, kToClient };

}  // namespace

struct StreamSplice::Impl : std::enable_shared_from_this<StreamSplice::Impl> {
  struct Direction {
    Direction(EventLoop& loop, UniqueFunction<void(Timestamp)> resume_reading)
        : resume(loop, std::move(resume_reading)), buffer(kBuffer) {}

    Timer resume;
    Timestamp read_again{};
    bool ended = false;
    std::vector<std::uint8_t> buffer;
  };

  Impl(EventLoop& event_loop, std::shared_ptr<MessageStream::Impl> client_stream,
       std::shared_ptr<RawStream::Impl> peer_stream, Callbacks given)
      : loop(event_loop),
        client(std::move(client_stream)),
        peer(std::move(peer_stream)),
        callbacks(std::move(given)),
        directions{Direction(event_loop, [this](Timestamp) { read(kToPeer); }),
                   Direction(event_loop, [this](Timestamp) { read(kToClient); })},
        half_closed(event_loop, [this](Timestamp now) { expire(now); }) {}

  void start() {
    asio::post(loop.context(), [self = shared_from_this()] {
      if (self->over) return;
      self->read(kToClient);
      const ByteView unread = self->client->unread();
      if (unread.empty()) return self->read(kToPeer);
      std::copy(unread.begin(), unread.end(), self->directions[kToPeer].buffer.begin());
      self->take(kToPeer, {}, unread.size());
    });
  }

  void read(Way way) {
    if (over) return;
    auto handler = [self = shared_from_this(), way](boost::system::error_code error, std::size_t n) {
      self->take(way, error, n);
    };
    const auto buffer = asio::buffer(directions[way].buffer);
    if (way == kToClient) {
      peer->socket.async_read_some(buffer, std::move(handler));
    } else if (MessageStream::Impl::Tls* tls = client->tls()) {
      tls->async_read_some(buffer, std::move(handler));
    } else {
      client->socket().async_read_some(buffer, std::move(handler));
    }
  }

  void take(Way way, boost::system::error_code error, std::size_t size) {
    if (over) return;
    if (error == asio::error::eof) return pass_end_on(way);
    if (error) return end();
    last_active = EventLoop::now();
    directions[way].read_again = callbacks.on_bytes(way == kToPeer ? size : 0, way == kToClient ? size : 0);
    if (!over) write(way, size);
  }

  void write(Way way, std::size_t size) {
    auto handler = [self = shared_from_this(), way](boost::system::error_code error, std::size_t) {
      self->written(way, error);
    };
    const auto buffer = asio::buffer(directions[way].buffer, size);
    if (way == kToPeer) {
      asio::async_write(peer->socket, buffer, std::move(handler));
    } else if (MessageStream::Impl::Tls* tls = client->tls()) {
      asio::async_write(*tls, buffer, std::move(handler));
    } else {
      asio::async_write(client->socket(), buffer, std::move(handler));
    }
  }

  void written(Way way, boost::system::error_code error) {
    if (over) return;
    if (error) return end();
    last_active = EventLoop::now();
    Direction& direction = directions[way];
    if (direction.read_again > last_active) return direction.resume.set(direction.read_again);
    read(way);
  }

  void pass_end_on(Way way) {
    directions[way].ended = true;
    if (directions[kToPeer].ended && directions[kToClient].ended) return end();
    if (way == kToClient && client->tls() != nullptr) return end();
    boost::system::error_code failure;
    (way == kToPeer ? peer->socket : client->socket()).shutdown(asio::socket_base::shutdown_send, failure);
    if (failure) return end();
    last_active = EventLoop::now();
    half_closed.set(last_active + kHalfClosed);
  }

  void expire(Timestamp now) {
    if (now >= last_active + kHalfClosed) return end();
    half_closed.set(last_active + kHalfClosed);
  }

  void end() {
    close();
    if (callbacks.on_end) std::exchange(callbacks, {}).on_end();
  }

  void close() {
    if (std::exchange(over, true)) return;
    for (Direction& direction : directions) direction.resume.cancel();
    half_closed.cancel();
    boost::system::error_code ignored;
    peer->socket.close(ignored);
    client->tls() != nullptr ? client->close() : client->abort();
  }

  EventLoop& loop;
  std::shared_ptr<MessageStream::Impl> client;
  std::shared_ptr<RawStream::Impl> peer;
  Callbacks callbacks;
  std::array<Direction, 2> directions;
  Timer half_closed;
  Timestamp last_active{};
  bool over = false;
};

StreamSplice::StreamSplice(EventLoop& loop, MessageStream client, RawStream peer, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, std::move(client.impl_), std::move(peer.impl_), std::move(callbacks))) {
  impl_->start();
}
StreamSplice::~StreamSplice() {
  if (!impl_) return;
  impl_->callbacks = {};
  impl_->close();
}
StreamSplice::StreamSplice(StreamSplice&&) noexcept = default;
StreamSplice& StreamSplice::operator=(StreamSplice&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

}  // namespace tidewire::io
