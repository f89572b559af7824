// What the tests of plain and of secure streams share: ends that note what they hear, and a listener that makes them.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/message_listener.h"

namespace tidewire::io {

// One end, with what it has heard.
struct End {
  MessageStream::Callbacks callbacks() {
    MessageStream::Callbacks callbacks;
    callbacks.on_open = [this](const SocketAddress& address) { local = address; };
    callbacks.on_messages = [this](std::span<Datagram> messages) {
      for (const Datagram& message : messages) {
        last = {message.local, message.remote, {}, message.stream};
        heard.emplace_back(as_text(message.packet.bytes()));
      }
    };
    callbacks.on_close = [this](std::string reason) { closed = std::move(reason); };
    return callbacks;
  }

  std::optional<MessageStream> stream;
  std::optional<SocketAddress> local;
  std::vector<std::string> heard;
  Datagram last;
  std::optional<std::string> closed;
};

class MessageStreamTest : public testing::Test {
 protected:
  bool until(UniqueFunction<bool()> done) { return loop_.run_until(std::move(done), EventLoop::now() + kPatience); }
  Packet packet(std::string_view text) { return loop_.packet_pool().copy_of(as_bytes(text)); }

  // Every connection becomes an End.
  MessageListener listen(MessageListener::Options options = {}, const SocketAddress& local = kLoopback) {
    auto listener = MessageListener::listen(
        loop_, local,
        [this](MessageStream stream) {
          End& end = *accepted_.emplace_back(std::make_unique<End>());
          end.stream.emplace(std::move(stream));
          end.stream->start(StreamId(100 + static_cast<std::uint32_t>(accepted_.size())), end.callbacks());
        },
        std::move(options));
    EXPECT_TRUE(listener) << listener.error().message;
    return *std::move(listener);
  }
  static StreamRequest to(const SocketAddress& remote) {
    StreamRequest request;
    request.id = StreamId(7);
    request.remote = remote;
    request.framing = StreamFraming::kLength;
    return request;
  }
  void connect(End& end, const StreamRequest& request, MessageStream::Options options = {}) {
    end.stream.emplace(MessageStream::connect(loop_, request, end.callbacks(), std::move(options)));
    EXPECT_FALSE(end.closed || end.local) << "no callback inside the call";
  }

  static constexpr Duration kPatience = std::chrono::seconds{20};
  static constexpr SocketAddress kLoopback{IpAddress::v4({127, 0, 0, 1}), 0};

  EventLoop loop_;
  std::vector<std::unique_ptr<End>> accepted_;
};

}  // namespace tidewire::io
