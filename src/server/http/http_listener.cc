#include "server/http/http_listener.h"

#include <boost/asio/io_context.hpp>

#include "server/http/http_connection.h"
#include "server/http/tcp_endpoint.h"

namespace tidewire::server {
namespace {

using boost::asio::ip::tcp;

// After an accept that failed (no file descriptors left), the next attempt waits.
constexpr Duration kAcceptPause = std::chrono::milliseconds{100};

}  // namespace

HttpListener::HttpListener(io::EventLoop& loop, std::weak_ptr<HttpHandler> handler, const Options& options)
    : loop_(loop),
      handler_(std::move(handler)),
      options_(options),
      acceptor_(loop.context()),
      accept_pause_(loop, [this](Timestamp) { accept(); }) {}

Result<> HttpListener::start() {
  const tcp::endpoint endpoint = to_endpoint(options_.listen);
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return Error{ErrorCode::kNetwork, "cannot listen on " + options_.listen.to_string() + ": " + error.message()};
  }
  local_ = {options_.listen.ip, acceptor_.local_endpoint(error).port()};
  accept();
  return {};
}

void HttpListener::accept() {
  acceptor_.async_accept([self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
    if (!self->acceptor_.is_open()) return;
    if (error) return self->accept_pause_.set(io::EventLoop::now() + kAcceptPause);
    self->serve(std::move(socket));
    self->accept();
  });
}

void HttpListener::serve(tcp::socket socket) {
  if (connections_.size() >= options_.max_connections) return;  // closes it
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const std::uint64_t number = ++last_number_;
  const auto connection = std::make_shared<HttpConnection>(loop_, std::move(socket), weak_from_this(), number);
  connections_.emplace(number, connection);
  connection->start();
}

void HttpListener::stop() {
  accept_pause_.cancel();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (const auto& [number, connection] : connections_) connection->abort();
}

}  // namespace tidewire::server
