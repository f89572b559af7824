// One attempt of WebSocketClient: from the name look-up to the end of the connection, over TCP or TLS. For
// websocket_client.cc only.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <memory>
#include <string>

#include "io/tls_context.h"
#include "io/web_url.h"
#include "io/websocket_client.h"

namespace tidewire::io {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

class WebSocketConnection {
 public:
  virtual ~WebSocketConnection() = default;
  virtual void start() = 0;
  virtual Result<> send(std::string text) = 0;
  virtual bool is_open() const = 0;
  // No callback any more; what is queued is still sent, then the connection is closed.
  virtual void close() = 0;
};

using PlainStream = websocket::stream<asio::ip::tcp::socket>;
using TlsStream = websocket::stream<beast::ssl_stream<asio::ip::tcp::socket>>;

template <typename Stream>
class WebSocketConnectionOver final : public WebSocketConnection,
                                      public std::enable_shared_from_this<WebSocketConnectionOver<Stream>> {
 public:
  using Callbacks = WebSocketClient::Callbacks;
  using Options = WebSocketClient::Options;

  // `callbacks` is shared with the client, so that one that destroys the client outlives its own call.
  template <typename... StreamArgs>
  WebSocketConnectionOver(EventLoop& loop, WebUrl url, std::shared_ptr<Callbacks> callbacks, const Options& options,
                          std::shared_ptr<asio::ssl::context> tls, StreamArgs&&... args)
      : url_(std::move(url)),
        callbacks_(std::move(callbacks)),
        options_(options),
        tls_(std::move(tls)),
        resolver_(loop.context()),
        stream_(std::forward<StreamArgs>(args)...),
        deadline_(loop, [this](Timestamp) { expire(); }) {}

  void start() override {
    deadline_.set(EventLoop::now() + options_.connect_timeout);
    resolver_.async_resolve(url_.host, url_.port, [self = this->shared_from_this()](auto error, auto endpoints) {
      if (error) return self->fail("cannot find the host " + self->url_.host + ": " + error.message());
      self->connect(endpoints);
    });
  }

  bool is_open() const override { return phase_ == Phase::kOpen; }

  Result<> send(std::string text) override {
    if (phase_ != Phase::kOpen) return Error{ErrorCode::kInvalidState, "the WebSocket is not open"};
    if (queued_ + text.size() > options_.max_queued) {
      return Error{ErrorCode::kOperation, "too much is waiting to be sent to " + url_.authority};
    }
    queued_ += text.size();
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write();
    return {};
  }

  void close() override {
    if (phase_ == Phase::kClosed || phase_ == Phase::kClosing) return;
    const bool was_open = phase_ == Phase::kOpen;
    phase_ = Phase::kClosing;
    if (!was_open) return abort();
    deadline_.set(EventLoop::now() + kGoodbye);
    if (queue_.empty()) say_goodbye();
  }

 private:
  enum class Phase { kConnecting, kOpen, kClosing, kClosed };
  static constexpr Duration kGoodbye = std::chrono::seconds{3};
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  void connect(const asio::ip::tcp::resolver::results_type& endpoints) {
    asio::async_connect(beast::get_lowest_layer(stream_), endpoints,
                        [self = this->shared_from_this()](boost::system::error_code error, const auto&) {
                          if (error) return self->fail(self->cannot_reach(error.message()));
                          self->secure();
                        });
  }

  void secure() {
    boost::system::error_code ignored;
    beast::get_lowest_layer(stream_).set_option(asio::ip::tcp::no_delay(true), ignored);
    if constexpr (kTls) {
      auto& layer = stream_.next_layer();
      announce_server_name(layer.native_handle(), url_.host);
      if (options_.verify_certificate) verify_server(layer.native_handle(), url_.host);
      layer.async_handshake(asio::ssl::stream_base::client,
                            [self = this->shared_from_this()](boost::system::error_code error) {
                              if (!error) return self->upgrade();
                              self->fail("cannot open a secure connection to " + self->url_.authority + ": " +
                                         handshake_failure(self->stream_.next_layer().native_handle(), error));
                            });
    } else {
      upgrade();
    }
  }

  void upgrade() {
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = std::chrono::seconds{30};  // deadline_ is the one that counts
    timeout.idle_timeout = 2 * options_.idle_ping;         // Beast pings after half of it
    timeout.keep_alive_pings = true;
    stream_.set_option(timeout);
    stream_.read_message_max(options_.max_message);
    stream_.async_handshake(
        response_, url_.authority, url_.target, [self = this->shared_from_this()](boost::system::error_code error) {
          if (error == websocket::error::upgrade_declined) {
            return self->fail(self->url_.authority + " answers " + std::to_string(self->response_.result_int()) +
                              " and opens no WebSocket at " + self->url_.target);
          }
          if (error) return self->fail(self->cannot_reach(error.message()));
          self->opened();
        });
  }

  void opened() {
    if (phase_ != Phase::kConnecting) return;
    deadline_.cancel();
    phase_ = Phase::kOpen;
    read();
    if (callbacks_->on_open) callbacks_->on_open();
  }

  void read() {
    stream_.async_read(buffer_, [self = this->shared_from_this()](boost::system::error_code error, std::size_t) {
      if (error) return self->ended(error);
      std::string text = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.clear();
      const bool wanted = self->phase_ == Phase::kOpen && self->stream_.got_text() && self->callbacks_->on_message;
      if (wanted) self->callbacks_->on_message(std::move(text));
      // Reading goes on after close(), to see the server's own close frame.
      if (self->phase_ != Phase::kClosed) self->read();
    });
  }

  void write() {
    stream_.text(true);
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = this->shared_from_this()](boost::system::error_code error, std::size_t) {
                          if (error) return;  // the read ends with an error too, and tells
                          self->queued_ -= self->queue_.front().size();
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) return self->write();
                          if (self->phase_ == Phase::kClosing) self->say_goodbye();
                        });
  }

  void say_goodbye() {
    stream_.async_close(websocket::close_code::normal,
                        [self = this->shared_from_this()](boost::system::error_code) { self->abort(); });
  }

  // The TCP connection ends now; whatever is under way completes with an error.
  void abort() {
    phase_ = Phase::kClosed;
    deadline_.cancel();
    resolver_.cancel();
    boost::system::error_code ignored;
    beast::get_lowest_layer(stream_).close(ignored);
  }

  void expire() {
    const auto self = this->shared_from_this();
    if (phase_ == Phase::kConnecting) return fail(cannot_reach("no answer in time"));
    abort();
  }

  void fail(std::string sentence) {
    if (phase_ != Phase::kConnecting) return;
    abort();
    if (callbacks_->on_error) callbacks_->on_error({ErrorCode::kNetwork, std::move(sentence)});
  }

  void ended(boost::system::error_code error) {
    const bool tell = phase_ == Phase::kOpen;
    WebSocketClose close;
    if (error == websocket::error::closed) {
      close.code = stream_.reason().code;
      close.reason = stream_.reason().reason.c_str();
      if (close.reason.empty()) close.reason = url_.authority + " closed the connection";
    } else if (error == asio::error::eof || error == asio::error::connection_reset) {
      close.reason = url_.authority + " went away without a word";
    } else if (error == beast::error::timeout) {
      close.reason = url_.authority + " went silent";
    } else {
      close.reason = "the connection to " + url_.authority + " broke: " + error.message();
    }
    if (phase_ != Phase::kClosing) abort();
    if (tell && callbacks_->on_close) callbacks_->on_close(std::move(close));
  }

  std::string cannot_reach(const std::string& why) const { return "cannot reach " + url_.authority + ": " + why; }

  WebUrl url_;
  std::shared_ptr<Callbacks> callbacks_;
  Options options_;
  std::shared_ptr<asio::ssl::context> tls_;
  asio::ip::tcp::resolver resolver_;
  Stream stream_;
  Timer deadline_;
  websocket::response_type response_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;  // the front one is being written
  std::size_t queued_ = 0;
  Phase phase_ = Phase::kConnecting;
};

}  // namespace tidewire::io
