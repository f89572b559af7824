#include "io/websocket_client.h"

#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>
#include <optional>

#include "io/websocket_connection.h"

namespace tidewire::io {
namespace {

std::optional<WebSocketUrl> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed || parsed->host().empty() || parsed->has_userinfo()) return std::nullopt;
  WebSocketUrl url;
  if (parsed->scheme_id() == boost::urls::scheme::wss) {
    url.secure = true;
  } else if (parsed->scheme_id() != boost::urls::scheme::ws) {
    return std::nullopt;
  }
  url.host = parsed->host_address();
  url.port = parsed->has_port() ? std::string(parsed->port()) : (url.secure ? "443" : "80");
  url.authority = std::string(parsed->encoded_host_and_port());
  // RFC 6455 §3: without a path the resource is "/".
  url.target = std::string(parsed->encoded_path());
  if (url.target.empty()) url.target = "/";
  if (parsed->has_query()) url.target += "?" + std::string(parsed->encoded_query());
  return url;
}

}  // namespace

struct WebSocketClient::Impl {
  Impl(EventLoop& event_loop, Callbacks given, const Options& wanted)
      : loop(event_loop), callbacks(std::make_shared<Callbacks>(std::move(given))), options(wanted) {}

  EventLoop& loop;
  std::shared_ptr<Callbacks> callbacks;
  Options options;
  std::shared_ptr<WebSocketConnection> connection;
};

WebSocketClient::WebSocketClient(EventLoop& loop, Callbacks callbacks)
    : WebSocketClient(loop, std::move(callbacks), Options()) {}
WebSocketClient::WebSocketClient(EventLoop& loop, Callbacks callbacks, Options options)
    : impl_(std::make_unique<Impl>(loop, std::move(callbacks), options)) {}
WebSocketClient::~WebSocketClient() { close(); }

Result<> WebSocketClient::connect(std::string_view url) {
  const std::optional<WebSocketUrl> parsed = parse_url(url);
  if (!parsed) {
    return Error{ErrorCode::kSyntax, "not a WebSocket address (ws://HOST:PORT/PATH): " + std::string(url)};
  }
  close();
  auto& context = impl_->loop.context();
  if (parsed->secure) {
    const auto tls = make_client_tls({}).value();
    impl_->connection = std::make_shared<WebSocketConnectionOver<TlsStream>>(impl_->loop, *parsed, impl_->callbacks,
                                                                             impl_->options, tls, context, *tls);
  } else {
    impl_->connection = std::make_shared<WebSocketConnectionOver<PlainStream>>(impl_->loop, *parsed, impl_->callbacks,
                                                                               impl_->options, nullptr, context);
  }
  impl_->connection->start();
  return {};
}

Result<> WebSocketClient::send(std::string text) {
  if (!impl_->connection) return Error{ErrorCode::kInvalidState, "the WebSocket is not open"};
  return impl_->connection->send(std::move(text));
}

bool WebSocketClient::is_open() const { return impl_->connection && impl_->connection->is_open(); }

void WebSocketClient::close() {
  if (impl_->connection) std::exchange(impl_->connection, nullptr)->close();
}

}  // namespace tidewire::io
