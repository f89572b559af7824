#include "server/signaling/websocket_session.h"

#include <boost/beast/websocket.hpp>

#include "server/http/tcp_endpoint.h"
#include "signaling/limits.h"

namespace tidewire::server {
namespace {

namespace websocket = boost::beast::websocket;

constexpr Duration kGoodbye = std::chrono::seconds{3};
constexpr std::size_t kReadAtOnce = 64 * 1024;

}  // namespace

WebSocketSession::WebSocketSession(io::EventLoop& loop, boost::asio::ip::tcp::socket socket,
                                   std::weak_ptr<SessionOwner> owner, const Options& options)
    : stream_(std::move(socket)),
      owner_(std::move(owner)),
      options_(options),
      remote_(remote_address(stream_.next_layer())),
      goodbye_(loop, [this](Timestamp) { end_transport(); }) {}

void WebSocketSession::accept(Upgrade request) {
  request_ = std::move(request);
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = std::chrono::seconds{10};
  timeout.idle_timeout = 2 * options_.idle_ping;  // Beast pings after half of it
  timeout.keep_alive_pings = true;
  stream_.set_option(timeout);
  stream_.read_message_max(0);  // read() bounds it, so that the client is told why
  stream_.async_accept(request_, [self = shared_from_this()](boost::system::error_code error) {
    const auto owner = self->owner_.lock();
    if (error || !owner || self->phase_ != Phase::kAccepting) return;
    self->phase_ = Phase::kOpen;
    self->id_ = owner->opened(self);
    self->read();
  });
}

std::string_view WebSocketSession::host() const {
  const boost::beast::string_view host = request_[boost::beast::http::field::host];
  return {host.data(), host.size()};
}

void WebSocketSession::read() {
  if (phase_ == Phase::kClosed) return;
  stream_.async_read_some(buffer_, kReadAtOnce,
                          [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                            if (error) return self->ended(error);
                            self->handle_read();
                            self->read();
                          });
}

void WebSocketSession::handle_read() {
  const auto owner = owner_.lock();
  // After the goodbye only the client's own close frame is of interest.
  if (!owner || phase_ != Phase::kOpen) return buffer_.clear();
  if (buffer_.size() > signaling::kMaxMessageSize) {
    buffer_.clear();
    return owner->refused(id_, {signaling::Fault::kTooLarge, "a message must not exceed 256 KiB", "", std::nullopt});
  }
  if (!stream_.is_message_done()) return;
  owner->received(id_, {static_cast<const char*>(buffer_.data().data()), buffer_.size()});
  buffer_.clear();
}

void WebSocketSession::ended(boost::system::error_code error) {
  const bool tell = phase_ == Phase::kOpen || phase_ == Phase::kClosing;
  const std::uint16_t code = error == websocket::error::closed ? stream_.reason().code : 1006;
  // RFC 6455 §7.4.1: 1000 normal, 1001 the page was left, 1005 closed without a code.
  const bool in_order = code == 1000 || code == 1001 || code == 1005;
  abort();
  const auto owner = owner_.lock();
  if (tell && owner) owner->closed(id_, in_order ? signaling::LeaveReason::kLeft : signaling::LeaveReason::kLost);
}

void WebSocketSession::send(std::shared_ptr<const std::string> text) {
  if (phase_ != Phase::kOpen) return;
  if (queued_ + text->size() > options_.max_queued) {
    // What waits will not be read any more; the reason is.
    while (queue_.size() > 1) {
      queued_ -= queue_.back()->size();
      queue_.pop_back();
    }
    if (const auto owner = owner_.lock()) {
      owner->refused(id_, {signaling::Fault::kTooSlow, "too much was waiting to be read", "", std::nullopt});
    }
    return;
  }
  queued_ += text->size();
  queue_.push_back(std::move(text));
  if (queue_.size() == 1) write();
}

void WebSocketSession::write() {
  stream_.text(true);
  stream_.async_write(boost::asio::buffer(*queue_.front()),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        if (error) return;  // the read ends with an error too, and tells
                        self->queued_ -= self->queue_.front()->size();
                        self->queue_.pop_front();
                        if (!self->queue_.empty()) return self->write();
                        if (self->phase_ == Phase::kClosing) self->send_close_frame();
                      });
}

void WebSocketSession::close(std::uint16_t code, std::string reason) {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kClosing;
  reason_ = websocket::close_reason(static_cast<websocket::close_code>(code), reason);
  goodbye_.set(io::EventLoop::now() + kGoodbye);
  if (queue_.empty()) send_close_frame();
}

void WebSocketSession::send_close_frame() {
  // The client answered, or never will.
  stream_.async_close(reason_, [self = shared_from_this()](boost::system::error_code) { self->end_transport(); });
}

// The read that is under way completes with an error, and ended() tells the owner.
void WebSocketSession::end_transport() {
  boost::system::error_code ignored;
  stream_.next_layer().close(ignored);
}

void WebSocketSession::abort() {
  phase_ = Phase::kClosed;
  goodbye_.cancel();
  end_transport();
}

}  // namespace tidewire::server
