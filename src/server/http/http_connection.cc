#include "server/http/http_connection.h"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "io/http_date.h"
#include "server/http/http_listener.h"

namespace tidewire::server {
namespace {

namespace http = boost::beast::http;

constexpr Duration kIdle = std::chrono::seconds{20};
constexpr std::uint32_t kMaxHeader = 16 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HttpConnection::HttpConnection(io::EventLoop& loop, boost::asio::ip::tcp::socket socket,
                               std::weak_ptr<HttpListener> listener, std::uint64_t number)
    : socket_(std::move(socket)),
      listener_(std::move(listener)),
      number_(number),
      idle_(loop, [this](Timestamp) { abort(); }) {}

void HttpConnection::read() {
  idle_.set(io::EventLoop::now() + kIdle);
  parser_.emplace();
  parser_->header_limit(kMaxHeader);
  parser_->body_limit(0);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                     if (!error) return self->handle_request();
                     if (error == http::error::header_limit || error == http::error::body_limit) {
                       return self->answer(plain_response(413, "The request is too large.\n"));
                     }
                     self->end();
                   });
}

void HttpConnection::handle_request() {
  const auto listener = listener_.lock();
  const auto handler = listener ? listener->handler() : nullptr;
  if (!handler) return end();
  const auto& fields = parser_->get();
  const HttpRequest request{.method = view(fields.method_string()),
                            .target = view(fields.target()),
                            .host = view(fields[http::field::host]),
                            .if_none_match = view(fields[http::field::if_none_match]),
                            .origin = view(fields[http::field::origin]),
                            .wants_websocket = boost::beast::websocket::is_upgrade(fields)};
  if (request.wants_websocket && handler->takes_websocket(request)) return upgrade(*handler);
  answer(handler->respond(request));
}

void HttpConnection::answer(HttpResponse made) {
  made_ = std::move(made);
  const auto& request = parser_->get();
  const std::string_view content = made_.content();
  response_.emplace(static_cast<http::status>(made_.status), request.version());
  // RFC 9110 §6.6.1: whoever has a clock says the time. `tidewire doctor` compares it with its own.
  response_->set(http::field::date, io::format_http_date(io::EventLoop::wall_clock_anchor().wall));
  for (const auto& [name, value] : made_.headers) response_->set(name, value);
  response_->body() = {content.data(), content.size()};
  const bool header_only = request.method() == http::verb::head || made_.status == 304;
  if (made_.status != 304) response_->content_length(content.size());
  if (header_only) response_->body() = {};
  // After an error the connection may be out of step with what the client means.
  response_->keep_alive(made_.status < 400 && parser_->is_done() && request.keep_alive());
  http::async_write(socket_, *response_, [self = shared_from_this()](boost::system::error_code error, std::size_t) {
    if (error || !self->response_->keep_alive()) return self->end();
    self->read();
  });
}

void HttpConnection::upgrade(HttpHandler& handler) {
  idle_.cancel();
  handler.upgraded(std::move(socket_), parser_->release());
  end();
}

void HttpConnection::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void HttpConnection::end() {
  idle_.cancel();
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  if (const auto listener = listener_.lock()) listener->ended(number_);
}

}  // namespace tidewire::server
