#include "server/http/http_connection.h"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "io/http_date.h"

namespace tidewire::server {
namespace {

namespace http = boost::beast::http;

constexpr Duration kIdle = std::chrono::seconds{20};
constexpr std::uint32_t kMaxHeader = 16 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

HttpResponse plain_error(unsigned status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = text;
  return response;
}

}  // namespace

HttpConnection::HttpConnection(io::EventLoop& loop, boost::asio::ip::tcp::socket socket,
                               std::weak_ptr<SessionOwner> owner, std::uint64_t number,
                               const WebSocketSession::Options& websocket_options)
    : loop_(loop),
      socket_(std::move(socket)),
      owner_(std::move(owner)),
      number_(number),
      websocket_options_(websocket_options),
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
                       return self->answer(plain_error(413, "The request is too large.\n"));
                     }
                     self->end();
                   });
}

void HttpConnection::handle_request() {
  const auto owner = owner_.lock();
  if (!owner) return end();
  const auto& request = parser_->get();
  const std::string_view target = view(request.target());
  const std::string_view host = view(request[http::field::host]);
  if (boost::beast::websocket::is_upgrade(request) && target == "/ws") {
    if (owner->is_welcome(view(request[http::field::origin]), host)) return upgrade();
    return answer(plain_error(403, "Pages of another origin may not use this server.\n"));
  }
  answer(owner->respond({view(request.method_string()), target, host, view(request[http::field::if_none_match])}));
}

void HttpConnection::answer(const HttpResponse& made) {
  const auto& request = parser_->get();
  response_.emplace(static_cast<http::status>(made.status), request.version());
  // RFC 9110 §6.6.1: whoever has a clock says the time. `tidewire doctor` compares it with its own.
  response_->set(http::field::date, io::format_http_date(io::EventLoop::wall_clock_anchor().wall));
  for (const auto& [name, value] : made.headers) response_->set(name, value);
  response_->body() = {made.body.data(), made.body.size()};
  const bool header_only = request.method() == http::verb::head || made.status == 304;
  if (made.status != 304) response_->content_length(made.body.size());
  if (header_only) response_->body() = {};
  // After an error the connection may be out of step with what the client means.
  response_->keep_alive(made.status < 400 && parser_->is_done() && request.keep_alive());
  http::async_write(socket_, *response_, [self = shared_from_this()](boost::system::error_code error, std::size_t) {
    if (error || !self->response_->keep_alive()) return self->end();
    self->read();
  });
}

void HttpConnection::upgrade() {
  idle_.cancel();
  const auto session = std::make_shared<WebSocketSession>(loop_, std::move(socket_), owner_, websocket_options_);
  session->accept(parser_->release());
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
  if (const auto owner = owner_.lock()) owner->http_ended(number_);
}

}  // namespace tidewire::server
