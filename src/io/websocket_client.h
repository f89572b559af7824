// A WebSocket connection to a server (RFC 6455), over TCP (ws:) or TLS (wss:), for text messages.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::io {

// How a connection that had been open came to its end.
struct WebSocketClose {
  // RFC 6455 §7.4.1: the code that the server sent; 1006 when it went away without a word.
  std::uint16_t code = 1006;
  // One sentence for a person: the server's own reason where it gave one.
  std::string reason;
};

class WebSocketClient {
 public:
  struct Options {
    Duration connect_timeout = std::chrono::seconds{10};  // name look-up, TCP, TLS and upgrade together
    Duration idle_ping = std::chrono::seconds{15};        // silence after which the server is asked for a sign of life;
                                                          // silent for as long again, it counts as gone
    std::size_t max_message = 256 * 1024;                 // bytes of a received message; a longer one ends it
    std::size_t max_queued = 1024 * 1024;                 // bytes waiting to be sent
    bool verify_certificate = true;                       // wss: against the system's authorities
  };
  // Exactly one of on_error (it never opened) and on_close (it was open) ends each connect(), unless close()
  // comes first. Every callback may destroy the client.
  struct Callbacks {
    UniqueFunction<void()> on_open;
    UniqueFunction<void(std::string text)> on_message;
    UniqueFunction<void(WebSocketClose close)> on_close;
    UniqueFunction<void(Error error)> on_error;  // "cannot reach 127.0.0.1:8080: Connection refused"
  };

  WebSocketClient(EventLoop& loop, Callbacks callbacks);
  WebSocketClient(EventLoop& loop, Callbacks callbacks, Options options);
  // As close().
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  // Starts; an earlier connection is closed first. kSyntax when the URL is no ws: or wss: URL.
  Result<> connect(std::string_view url);
  // Queues a text message. kInvalidState when not open, kOperation when the queue is full.
  Result<> send(std::string text);
  bool is_open() const;
  // Says goodbye to the server in the background (close code 1000). No callback after this.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::io
