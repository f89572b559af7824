// Secure streams and their listener over loopback sockets.
#include "io/message_stream.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "crypto/certificate.h"
#include "io/message_stream_test_support.h"
#include "io/websocket_client.h"

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// With a certificate of the test's own for turn.test and 127.0.0.1.
class MessageStreamTlsTest : public MessageStreamTest {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "tidewire_tls_" + std::to_string(getpid());
    const std::string command = "mkdir -p " + directory_ + " && cd " + directory_ +
                                " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                                "-subj /CN=test -addext subjectAltName=DNS:turn.test,IP:127.0.0.1 "
                                "-keyout key.pem -out certificate.pem 2>log";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no openssl(1) here";  // NOLINT(concurrency-mt-unsafe)
    options_.certificate_pem = read("certificate.pem") + read("key.pem");
  }
  void TearDown() override {
    for (const char* name : {"/certificate.pem", "/key.pem", "/log"}) unlink((directory_ + name).c_str());
    rmdir(directory_.c_str());
  }
  std::string read(const std::string& name) const {
    std::ifstream file(directory_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  MessageStream::Options trusting() const {
    MessageStream::Options options;
    options.ca_file = directory_ + "/certificate.pem";
    return options;
  }
  static StreamRequest tls_to(const SocketAddress& remote, std::string name) {
    StreamRequest request = to(remote);
    request.tls = true;
    request.server_name = std::move(name);
    return request;
  }
  // How it ends; "open" when it does not.
  std::string outcome(const StreamRequest& request, const MessageStream::Options& options) {
    End client;
    connect(client, request, options);
    until([&] { return client.closed || client.local; });
    return client.closed.value_or("open");
  }

  std::string directory_;
  MessageListener::Options options_;
};

TEST_F(MessageStreamTlsTest, CarriesMessagesBothWays) {
  const MessageListener listener = listen(options_);
  End client;
  connect(client, tls_to(listener.local_address(), "turn.test"), trusting());
  std::vector<std::string> sent;
  for (int i = 0; i < 60; ++i) {
    sent.push_back(std::string(1200, 'x') + std::to_string(i));
    EXPECT_TRUE(client.stream->send(packet(sent.back())));
  }
  ASSERT_TRUE(until([&] { return accepted_.size() == 1 && accepted_[0]->heard.size() == sent.size(); }))
      << client.closed.value_or("");
  EXPECT_EQ(accepted_[0]->heard, sent);
  for (const std::string& text : sent) accepted_[0]->stream->send(packet(text));
  ASSERT_TRUE(until([&] { return client.heard.size() == sent.size(); }));
  EXPECT_EQ(client.heard, sent);
  client.stream->send(packet("the last word"));
  client.stream.reset();
  ASSERT_TRUE(until([&] { return accepted_[0]->closed.has_value(); }));
  EXPECT_EQ(accepted_[0]->heard.back(), "the last word");
  EXPECT_THAT(*accepted_[0]->closed, EndsWith(" closed the connection"));
}

TEST_F(MessageStreamTlsTest, GoesOnOnlyWithACertificateOfATrustedAuthorityForThisServer) {
  const MessageListener listener = listen(options_);
  const SocketAddress server = listener.local_address();
  const std::string refused =
      "cannot open a secure connection to " + server.to_string() + ": the certificate is refused: ";
  EXPECT_EQ(outcome(tls_to(server, "turn.test"), trusting()), "open");
  EXPECT_EQ(outcome(tls_to(server, "127.0.0.1"), trusting()), "open");
  EXPECT_EQ(outcome(tls_to(server, ""), trusting()), "open") << "without a name the address is checked";
  EXPECT_EQ(outcome(tls_to(server, "other.test"), trusting()), refused + "hostname mismatch");
  EXPECT_EQ(outcome(tls_to(server, "127.0.0.2"), trusting()), refused + "IP address mismatch");
  EXPECT_THAT(outcome(tls_to(server, "turn.test"), {}), StartsWith(refused + "self"));
  MessageStream::Options careless;
  careless.verify_certificate = false;
  EXPECT_EQ(outcome(tls_to(server, "other.test"), careless), "open");
  MessageStream::Options missing;
  missing.ca_file = directory_ + "/missing.pem";
  EXPECT_THAT(outcome(tls_to(server, "turn.test"), missing), HasSubstr("cannot read certificates from"));
}

TEST_F(MessageStreamTlsTest, AWebSocketIsAsStrict) {
  const MessageListener listener = listen(options_);
  const std::string authority = listener.local_address().to_string();
  const auto outcome_of = [&](bool verify) {
    std::string error;
    WebSocketClient::Callbacks callbacks;
    callbacks.on_error = [&](const Error& found) { error = found.message; };
    WebSocketClient::Options options;
    options.verify_certificate = verify;
    WebSocketClient client(loop_, std::move(callbacks), options);
    EXPECT_TRUE(client.connect("wss://" + authority + "/"));
    // Who gets through the handshake is told by the server, which knows nothing of WebSockets.
    EXPECT_TRUE(until([&] { return !error.empty() || !accepted_.empty(); }));
    return error;
  };
  EXPECT_THAT(outcome_of(true),
              StartsWith("cannot open a secure connection to " + authority + ": the certificate is refused: self"));
  EXPECT_EQ(outcome_of(false), "");
}

TEST_F(MessageStreamTlsTest, PlainAndSecureDoNotMix) {
  const MessageListener secure = listen(options_);
  MessageListener::Options options;
  options.framing = StreamFraming::kStun;  // a ClientHello begins with 22, which is no STUN
  const MessageListener plain = listen(options);
  EXPECT_THAT(outcome(tls_to(plain.local_address(), "turn.test"), trusting()),
              StartsWith("cannot open a secure connection to "));
  EXPECT_THAT(*accepted_[0]->closed, HasSubstr("no message"));
  End client;
  connect(client, to(secure.local_address()));
  client.stream->send(packet("hello"));
  ASSERT_TRUE(until([&] { return client.closed.has_value(); }));
  EXPECT_EQ(secure.stats().accepted, 0U);
}

TEST_F(MessageStreamTlsTest, HandshakesCountAsUnauthenticatedAndEndWithTheListener) {
  options_.max_unauthenticated = 1;
  std::optional<MessageListener> listener(listen(options_));
  std::vector<End> clients(2);
  for (End& client : clients) {
    connect(client, to(listener->local_address()));  // opens, and never begins a handshake
    ASSERT_TRUE(until([&] { return client.local.has_value(); }));
  }
  ASSERT_TRUE(until([&] { return clients[0].closed.has_value(); }));
  EXPECT_FALSE(clients[1].closed);
  listener.reset();
  EXPECT_TRUE(until([&] { return clients[1].closed.has_value(); }));
}

TEST_F(MessageStreamTlsTest, ServesACertificateOfOurOwnMaking) {
  const auto now = EventLoop::wall_clock_anchor().wall;
  options_.certificate_pem = crypto::Certificate::generate(now, {now.since_epoch + std::chrono::hours{24}})->to_pem();
  const MessageListener listener = listen(options_);
  MessageStream::Options careless;
  careless.verify_certificate = false;
  EXPECT_EQ(outcome(tls_to(listener.local_address(), "turn.test"), careless), "open");
}

TEST_F(MessageStreamTlsTest, ARenewedCertificateServesTheConnectionsToCome) {
  MessageListener listener = listen(options_);
  const SocketAddress server = listener.local_address();
  End before;
  connect(before, tls_to(server, "turn.test"), trusting());
  ASSERT_TRUE(until([&] { return before.local && accepted_.size() == 1; }));

  for (const std::string& bad : {std::string(), std::string("no PEM"), read("certificate.pem")}) {
    const auto refused = listener.set_certificate(bad);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kSyntax);
    EXPECT_EQ(outcome(tls_to(server, "turn.test"), trusting()), "open") << "the one before serves on";
  }
  const auto now = EventLoop::wall_clock_anchor().wall;
  const auto other = crypto::Certificate::generate(now, {now.since_epoch + std::chrono::hours{24}});
  ASSERT_TRUE(listener.set_certificate(other->to_pem()));
  EXPECT_THAT(outcome(tls_to(server, "turn.test"), trusting()), HasSubstr("the certificate is refused"));
  before.stream->send(packet("still here"));
  ASSERT_TRUE(until([&] { return !accepted_[0]->heard.empty(); }));
  EXPECT_FALSE(before.closed);

  MessageListener plain = listen();
  const auto refused = plain.set_certificate(other->to_pem());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidState);
}

}  // namespace
}  // namespace tidewire::io
