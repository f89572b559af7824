#include "io/websocket_client.h"

#include <optional>

#include "io/websocket_connection.h"

namespace tidewire::io {
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
  const std::optional<WebUrl> parsed = parse_web_url(url, "ws", "wss");
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
