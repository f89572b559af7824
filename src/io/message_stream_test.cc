// Streams and their listener over loopback sockets.
#include "io/message_stream.h"

#include "io/message_stream_test_support.h"

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

TEST_F(MessageStreamTest, CarriesMessagesBothWaysWithTheirAddressesAndIds) {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    accepted_.clear();
    const MessageListener listener = listen({}, {*IpAddress::parse(ip), 0});
    End client;
    connect(client, to(listener.local_address()));
    EXPECT_TRUE(client.stream->send(packet("before it is open")));
    ASSERT_TRUE(until([&] { return !accepted_.empty() && accepted_[0]->heard.size() == 1; }));
    EXPECT_EQ(accepted_[0]->heard[0], "before it is open");
    EXPECT_EQ(accepted_[0]->last.local, listener.local_address());
    EXPECT_EQ(accepted_[0]->last.remote, *client.local);
    EXPECT_EQ(accepted_[0]->last.stream, StreamId(101));
    EXPECT_TRUE(accepted_[0]->stream->send(packet("answer")));
    ASSERT_TRUE(until([&] { return client.heard.size() == 1; }));
    EXPECT_EQ(client.heard[0], "answer");
    EXPECT_EQ(client.last.local, client.stream->local_address());
    EXPECT_EQ(client.last.remote, listener.local_address());
    EXPECT_EQ(client.last.stream, StreamId(7));
  }
}

TEST_F(MessageStreamTest, WritesWhatOneTurnSendsAtOnceAndKeepsTheOrder) {
  const MessageListener listener = listen();
  End client;
  connect(client, to(listener.local_address()));
  ASSERT_TRUE(until([&] { return client.local.has_value(); }));
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back(std::string(static_cast<std::size_t>(i) * 10 + 1, 'a') + std::to_string(i));
    EXPECT_TRUE(client.stream->send(packet(sent.back())));
  }
  ASSERT_TRUE(until([&] { return accepted_.size() == 1 && accepted_[0]->heard.size() == 100; }));
  EXPECT_EQ(accepted_[0]->heard, sent);
  EXPECT_EQ(client.stream->stats().messages_sent, 100U);
  EXPECT_EQ(client.stream->stats().writes, 1U);
}

TEST_F(MessageStreamTest, StunFramingCarriesChannelDataOfEveryLength) {
  MessageListener::Options options;
  options.framing = StreamFraming::kStun;
  const MessageListener listener = listen(options);
  StreamRequest request = to(listener.local_address());
  request.framing = StreamFraming::kStun;
  End client;
  connect(client, request);
  std::vector<std::string> sent;
  for (std::size_t size = 0; size < 9; ++size) {
    sent.push_back(std::string{'\x40', '\x01', '\0', static_cast<char>(size)} + std::string(size, 'x'));
    EXPECT_TRUE(client.stream->send(packet(sent.back())));
  }
  ASSERT_TRUE(until([&] { return accepted_.size() == 1 && accepted_[0]->heard.size() == sent.size(); }));
  EXPECT_EQ(accepted_[0]->heard, sent);
}

TEST_F(MessageStreamTest, GarbledBytesEndTheConnectionWithAReason) {
  MessageListener::Options options;
  options.framing = StreamFraming::kStun;
  const MessageListener listener = listen(options);
  End client;
  connect(client, to(listener.local_address()));  // other framing: a length is no STUN message
  client.stream->send(packet(std::string(0xF00 / 2, 'x')));
  ASSERT_TRUE(until([&] { return accepted_.size() == 1 && accepted_[0]->closed && client.closed; }));
  EXPECT_THAT(*accepted_[0]->closed, HasSubstr("sent bytes that are no message"));
  EXPECT_FALSE(accepted_[0]->stream->send(packet("x")));
}

TEST_F(MessageStreamTest, WhatASlowPeerDoesNotTakeIsDroppedAndCounted) {
  std::optional<MessageStream> unread;  // not started: nobody reads
  const auto listener =
      MessageListener::listen(loop_, kLoopback, [&](MessageStream stream) { unread.emplace(std::move(stream)); }, {});
  MessageStream::Options options;
  options.max_queued = 64 * 1024;
  End client;
  connect(client, to(listener->local_address()), options);
  ASSERT_TRUE(until([&] { return unread && client.local; }));
  // More than the system buffers: what does not fit into the queue is refused at once.
  const std::string text(1000, 'x');
  const auto sends_until_refused = [&] {
    for (int i = 0; i < 100'000; ++i) {
      if (!client.stream->send(packet(text))) return true;
      loop_.post([] {});
      loop_.run_until([turn = 0]() mutable { return turn++ > 0; }, EventLoop::now() + kPatience);
    }
    return false;
  };
  ASSERT_TRUE(sends_until_refused());
  EXPECT_EQ(client.stream->stats().dropped_queue, 1U);
  // What was taken arrives when the peer reads.
  const std::uint64_t sent = client.stream->stats().messages_sent;
  End reader;
  unread->start(StreamId(1), reader.callbacks());
  EXPECT_TRUE(until([&] { return reader.heard.size() == sent; }));
  EXPECT_TRUE(client.stream->send(packet(text)));
}

TEST_F(MessageStreamTest, RefusalsAndTimeoutsAreOneSentence) {
  const SocketAddress nobody = [&] { return listen().local_address(); }();
  End refused;
  connect(refused, to(nobody));
  ASSERT_TRUE(until([&] { return refused.closed.has_value(); }));
  EXPECT_EQ(*refused.closed, "cannot reach " + nobody.to_string() + ": Connection refused");

  End foreign;
  StreamRequest request = to(nobody);
  request.local = {IpAddress::v4({192, 0, 2, 1}), 0};
  connect(foreign, request);
  ASSERT_TRUE(until([&] { return foreign.closed.has_value(); }));
  EXPECT_EQ(*foreign.closed,
            "cannot connect to " + nobody.to_string() + " from 192.0.2.1:0: Cannot assign requested address");

  // Somebody who takes the connection and says nothing to a TLS handshake.
  std::optional<MessageStream> silent;
  const auto listener =
      MessageListener::listen(loop_, kLoopback, [&](MessageStream stream) { silent.emplace(std::move(stream)); }, {});
  End late;
  request = to(listener->local_address());
  request.tls = true;
  MessageStream::Options options;
  options.connect_timeout = 20ms;
  connect(late, request, options);
  ASSERT_TRUE(until([&] { return late.closed.has_value(); }));
  EXPECT_EQ(*late.closed, "cannot reach " + listener->local_address().to_string() + ": no answer in time");
}

TEST_F(MessageStreamTest, LeavesFromTheAddressThatWasAskedFor) {
  const MessageListener listener = listen();
  End client;
  StreamRequest request = to(listener.local_address());
  request.local = {IpAddress::v4({127, 0, 0, 2}), 0};
  connect(client, request);
  ASSERT_TRUE(until([&] { return !accepted_.empty() && client.local; }));
  EXPECT_EQ(client.local->ip, request.local.ip);
  EXPECT_EQ(accepted_[0]->stream->remote_address(), *client.local);
}

TEST_F(MessageStreamTest, WhatWaitsIsStillSentWhenTheOwnerLetsGo) {
  const MessageListener listener = listen();
  End client;
  connect(client, to(listener.local_address()));
  ASSERT_TRUE(until([&] { return client.local.has_value() && !accepted_.empty(); }));
  accepted_[0]->stream->send(packet("unread"));
  client.stream->send(packet("the last word"));
  client.stream.reset();
  ASSERT_TRUE(until([&] { return accepted_[0]->closed.has_value(); }));
  EXPECT_THAT(accepted_[0]->heard, ElementsAre("the last word"));
  EXPECT_THAT(*accepted_[0]->closed, EndsWith(" closed the connection"));
  EXPECT_FALSE(client.closed || !client.heard.empty()) << "no callback after the end";
}

TEST_F(MessageStreamTest, MayBeDestroyedInEachOfItsCallbacks) {
  std::optional<MessageListener> listener(listen());
  std::optional<MessageStream> stream;
  std::string called;
  const auto let_go = [&](char c) {
    called += c;
    stream.reset();
  };
  const auto callbacks = [&] {
    MessageStream::Callbacks made;
    made.on_open = [&, held = std::string(100, 'x')](const SocketAddress&) { let_go('o'); };
    made.on_close = [&](const std::string&) { let_go('c'); };
    return made;
  };
  stream.emplace(MessageStream::connect(loop_, to(listener->local_address()), callbacks()));
  ASSERT_TRUE(until([&] { return called == "o"; }));

  auto on_messages = callbacks();
  on_messages.on_open = nullptr;
  on_messages.on_messages = [&](std::span<Datagram> messages) {
    let_go('m');
    EXPECT_EQ(messages[0].packet.size(), 1U);
  };
  stream.emplace(MessageStream::connect(loop_, to(listener->local_address()), std::move(on_messages)));
  ASSERT_TRUE(until([&] { return accepted_.size() == 2; }));
  accepted_[1]->stream->send(packet("1"));
  accepted_[1]->stream->send(packet("2"));
  ASSERT_TRUE(until([&] { return called == "om"; }));

  const SocketAddress nobody = listener->local_address();
  listener.reset();
  stream.emplace(MessageStream::connect(loop_, to(nobody), callbacks()));
  ASSERT_TRUE(until([&] { return called == "omc"; }));
}

TEST_F(MessageStreamTest, OneMoreUnauthenticatedConnectionEndsTheOneIdleForLongest) {
  MessageListener::Options options;
  options.max_unauthenticated = 2;
  const MessageListener listener = listen(options);
  std::vector<End> clients(4);
  const auto add = [&](std::size_t i) {
    connect(clients[i], to(listener.local_address()));
    return until([&] { return accepted_.size() == i + 1; });
  };
  ASSERT_TRUE(add(0));
  accepted_[0]->stream->set_authenticated();
  ASSERT_TRUE(add(1));
  ASSERT_TRUE(add(2));
  clients[1].stream->send(packet("still here"));
  ASSERT_TRUE(until([&] { return !accepted_[1]->heard.empty(); }));
  ASSERT_TRUE(add(3));
  ASSERT_TRUE(until([&] { return clients[2].closed.has_value(); }));
  EXPECT_THAT(*accepted_[2]->closed, EndsWith("had to make room for newer connections"));
  EXPECT_FALSE(accepted_[0]->closed || accepted_[1]->closed || accepted_[3]->closed);
  EXPECT_EQ(listener.stats().evicted, 1U);
  EXPECT_EQ(listener.stats().accepted, 4U);
}

TEST_F(MessageStreamTest, WhoDoesNotProveItselfInTimeIsClosed) {
  MessageListener::Options options;
  options.authenticate_within = 30ms;
  const MessageListener listener = listen(options);
  std::vector<End> clients(2);
  connect(clients[0], to(listener.local_address()));
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  accepted_[0]->stream->set_authenticated();
  connect(clients[1], to(listener.local_address()));
  ASSERT_TRUE(until([&] { return clients[1].closed.has_value(); }));
  EXPECT_THAT(*accepted_[1]->closed, EndsWith("has not proven in time who it is"));
  EXPECT_FALSE(clients[0].closed);
}

TEST_F(MessageStreamTest, AListenerMayBeDestroyedInItsCallback) {
  std::optional<Result<MessageListener>> listener;
  std::optional<MessageStream> kept;
  listener.emplace(MessageListener::listen(loop_, kLoopback,
                                           [&](MessageStream stream) {
                                             kept.emplace(std::move(stream));
                                             listener.reset();
                                           },
                                           {}));
  End client;
  connect(client, to((*listener)->local_address()));
  ASSERT_TRUE(until([&] { return kept && client.local; }));
  kept->send(packet("lives on"));
  EXPECT_TRUE(until([&] { return client.heard.size() == 1; }));
}

TEST_F(MessageStreamTest, ATakenPortAndAGarbledCertificateAreOneSentence) {
  const MessageListener first = listen();
  const auto taken = MessageListener::listen(loop_, first.local_address(), [](const MessageStream&) {}, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message,
            "cannot listen on TCP " + first.local_address().to_string() + ": Address already in use");
  MessageListener::Options options;
  options.certificate_pem = "garbled";
  const auto garbled = MessageListener::listen(
      loop_, kLoopback, [](const MessageStream&) {}, options);
  ASSERT_FALSE(garbled);
  EXPECT_THAT(garbled.error().message, HasSubstr("no PEM certificate"));
}

TEST_F(MessageStreamTest, ListenersShareAnAddressWhenAllOfThemSaySo) {
  MessageListener::Options options;
  options.reuse_port = true;
  const MessageListener first = listen(options);
  const MessageListener second = listen(options, first.local_address());
  EXPECT_EQ(second.local_address(), first.local_address());
  EXPECT_FALSE(MessageListener::listen(loop_, first.local_address(), [](const MessageStream&) {}, {}));
  std::vector<End> clients(64);
  for (End& client : clients) connect(client, to(first.local_address()));
  ASSERT_TRUE(until([&] { return first.stats().accepted + second.stats().accepted == clients.size(); }));
  EXPECT_GT(first.stats().accepted, 0U);
  EXPECT_GT(second.stats().accepted, 0U);
}

}  // namespace
}  // namespace tidewire::io
