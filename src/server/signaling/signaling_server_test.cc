// The server and the C++ client over loopback sockets.
#include "server/signaling/signaling_server.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <sstream>

#include "io/websocket_client.h"
#include "server/http/http_client_for_test.h"
#include "signaling/client.h"
#include "turn/credentials.h"

namespace tidewire::server {
namespace {

using namespace signaling;  // NOLINT: the messages are what these tests are about
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

constexpr Duration kPatience = 20s;

SignalingServer::Options on_port(std::uint16_t port) {
  SignalingServer::Options options;
  options.listen.port = port;
  return options;
}

// A member of a room with all that it heard.
struct Member {
  Member(io::EventLoop& loop, const std::string& url, const std::string& name, bool reconnect = false) {
    Client::Options options;
    options.name = name;
    options.reconnect = reconnect;
    options.first_retry = 10ms;
    Client::Callbacks callbacks;
    callbacks.on_message = [this](ServerMessage message) { heard.push_back(std::move(message)); };
    callbacks.on_interrupted = [this](const Error& error) { interruptions.push_back(error.message); };
    callbacks.on_failed = [this](const Error& error) { failure = error.message; };
    client.emplace(loop, RoomUrl::parse(url).value(), options, std::move(callbacks));
    client->start();
  }

  template <typename Message>
  const Message* last() const {
    for (auto message = heard.rbegin(); message != heard.rend(); ++message) {
      if (const auto* found = std::get_if<Message>(&*message)) return found;
    }
    return nullptr;
  }

  std::vector<ServerMessage> heard;
  std::vector<std::string> interruptions;
  std::optional<std::string> failure;
  std::optional<Client> client;
};

class SignalingServerTest : public testing::Test {
 protected:
  void SetUp() override { start(0); }
  void start(std::uint16_t port) {
    auto started = SignalingServer::start(loop_, on_port(port));
    ASSERT_TRUE(started) << started.error().message;
    server_.emplace(*std::move(started));
  }
  std::string room(std::string_view name = "room") const { return server_->room_url(name); }
  std::string websocket_url() const { return RoomUrl::parse(room()).value().websocket_url(); }
  bool until(UniqueFunction<bool()> done) { return loop_.run_until(std::move(done), io::EventLoop::now() + kPatience); }
  bool until_joined(const Member& member) {
    return until([&] { return member.client->is_joined(); });
  }
  std::string request(const std::string& text) { return talk_to(loop_, server_->local_address(), text); }

  io::EventLoop loop_;
  std::optional<SignalingServer> server_;
};

TEST_F(SignalingServerTest, TwoClientsFindEachOtherRelayAndPart) {
  Member ann(loop_, room(), "Ann");
  ASSERT_TRUE(until_joined(ann));
  Member bob(loop_, room(), "Bob <script>");
  ASSERT_TRUE(until([&] { return bob.client->is_joined() && ann.last<PeerJoined>() != nullptr; }));
  EXPECT_EQ(ann.last<PeerJoined>()->peer, (PeerInfo{bob.client->id(), "Bob <script>"}));
  EXPECT_THAT(bob.last<Joined>()->peers, testing::ElementsAre(PeerInfo{ann.client->id(), "Ann"}));

  const SessionDescription offer{SdpType::kOffer, std::string(100'000, 'x')};
  ASSERT_TRUE(bob.client->send(Description{ann.client->id(), offer}));
  ASSERT_TRUE(until([&] { return ann.last<Description>() != nullptr; }));
  EXPECT_EQ(*ann.last<Description>(), (Description{bob.client->id(), offer}));

  ASSERT_TRUE(bob.client->send(Bye{ann.client->id(), "enough"}));
  const std::string bob_id = bob.client->id();
  bob.client.reset();
  ASSERT_TRUE(until([&] { return ann.last<PeerLeft>() != nullptr; }));
  EXPECT_EQ(*ann.last<PeerLeft>(), (PeerLeft{bob_id, LeaveReason::kLeft}));
  EXPECT_NE(ann.last<Bye>(), nullptr) << "what was sent before leaving arrives";
}

TEST_F(SignalingServerTest, AnOversizedMessageIsToldAndEndsTheConnection) {
  std::vector<std::string> heard;
  std::optional<io::WebSocketClose> closed;
  io::WebSocketClient::Options options;
  options.max_queued = 4 << 20;
  io::WebSocketClient::Callbacks callbacks;
  std::optional<io::WebSocketClient> client;
  callbacks.on_open = [&] { EXPECT_TRUE(client->send(std::string(1 << 20, ' '))); };
  callbacks.on_message = [&](std::string text) { heard.push_back(std::move(text)); };
  callbacks.on_close = [&](io::WebSocketClose close) { closed = std::move(close); };
  client.emplace(loop_, std::move(callbacks), options);
  ASSERT_TRUE(client->connect(websocket_url()));
  ASSERT_TRUE(until([&] { return closed.has_value(); }));
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_THAT(heard.front(), HasSubstr(R"("code":"too_large")"));
  EXPECT_EQ(closed->code, 1009);
  EXPECT_EQ(closed->reason, "too_large");
  EXPECT_TRUE(until([&] { return server_->client_count() == 0; }));
}

TEST_F(SignalingServerTest, AMessageOfTheLargestSizePasses) {
  std::vector<std::string> heard;
  io::WebSocketClient::Callbacks callbacks;
  std::optional<io::WebSocketClient> client;
  std::string text = R"({"type": "dance")";
  text += std::string(kMaxMessageSize - text.size() - 1, ' ') + "}";
  callbacks.on_open = [&] { EXPECT_TRUE(client->send(text)); };
  callbacks.on_message = [&](std::string message) { heard.push_back(std::move(message)); };
  client.emplace(loop_, std::move(callbacks));
  ASSERT_TRUE(client->connect(websocket_url()));
  ASSERT_TRUE(until([&] { return !heard.empty(); }));
  EXPECT_THAT(heard.front(), HasSubstr(R"("field":"type")"));
  EXPECT_TRUE(client->is_open());
}

// A member whose program does nothing any more once it has joined: neither reads, nor answers pings, nor says goodbye.
class FrozenMember {
 public:
  explicit FrozenMember(const SocketAddress& server) : socket_(context_) {
    boost::system::error_code error;
    socket_.connect({boost::asio::ip::make_address(server.ip.to_string()), server.port}, error);
    send(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  }
  bool has_answer() { return socket_.available() > 0; }
  void join() {
    const std::string text = to_json(ClientMessage(Join{1, "room", "Frozen", ""}));
    // RFC 6455 §5.2: a final text frame, masked with zeroes.
    const std::string head = {'\x81', static_cast<char>(0x80U | text.size()), 0, 0, 0, 0};
    send(head + text);
  }
  void drop() { socket_.close(); }

 private:
  void send(const std::string& bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    EXPECT_FALSE(error) << error.message();
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
};

TEST_F(SignalingServerTest, AMemberWhoseConnectionBreaksIsLost) {
  Member ann(loop_, room(), "Ann");
  ASSERT_TRUE(until_joined(ann));
  FrozenMember bob(server_->local_address());
  ASSERT_TRUE(until([&] { return bob.has_answer(); }));
  bob.join();
  ASSERT_TRUE(until([&] { return ann.last<PeerJoined>() != nullptr; }));
  bob.drop();
  ASSERT_TRUE(until([&] { return ann.last<PeerLeft>() != nullptr; }));
  EXPECT_EQ(ann.last<PeerLeft>()->reason, LeaveReason::kLost);
}

TEST_F(SignalingServerTest, AMemberThatAnswersNoPingIsLostInBoundedTime) {
  server_.reset();
  SignalingServer::Options impatient = on_port(0);
  impatient.idle_ping = 100ms;
  auto started = SignalingServer::start(loop_, impatient);
  ASSERT_TRUE(started);
  server_.emplace(*std::move(started));

  Member ann(loop_, room(), "Ann");
  ASSERT_TRUE(until_joined(ann));
  FrozenMember bob(server_->local_address());
  ASSERT_TRUE(until([&] { return bob.has_answer(); }));
  bob.join();
  ASSERT_TRUE(until([&] { return ann.last<PeerLeft>() != nullptr; }));
  EXPECT_EQ(ann.last<PeerLeft>()->reason, LeaveReason::kLost);
  EXPECT_TRUE(ann.client->is_joined()) << "who answers pings stays";
}

TEST_F(SignalingServerTest, AClientThatNeverReadsIsThrownOutAndTheOthersGoOn) {
  server_.reset();
  SignalingServer::Options small = on_port(0);
  small.max_queued = 64 * 1024;
  small.limits.message_burst = 100'000;
  auto started = SignalingServer::start(loop_, small);
  ASSERT_TRUE(started);
  server_.emplace(*std::move(started));

  Member ann(loop_, room(), "Ann");
  ASSERT_TRUE(until_joined(ann));
  io::EventLoop frozen;
  Member bob(frozen, room(), "Bob");
  const auto never = [] { return false; };
  for (const Timestamp end = io::EventLoop::now() + kPatience;
       ann.last<PeerJoined>() == nullptr && io::EventLoop::now() < end;) {
    frozen.run_until(never, io::EventLoop::now() + 1ms);
    loop_.run_until(never, io::EventLoop::now() + 1ms);
  }
  ASSERT_NE(ann.last<PeerJoined>(), nullptr);
  const std::string bob_id = ann.last<PeerJoined>()->peer.id;
  const Description big{bob_id, {SdpType::kOffer, std::string(60'000, 'x')}};
  ASSERT_TRUE(until([&] {
    static_cast<void>(ann.client->send(big));
    return ann.last<PeerLeft>() != nullptr;
  }));
  EXPECT_EQ(ann.last<PeerLeft>()->reason, LeaveReason::kLost);
  EXPECT_TRUE(ann.client->is_joined());
}

TEST_F(SignalingServerTest, ShuttingDownTellsTheClientsAndEnds) {
  Member ann(loop_, room(), "Ann");
  ASSERT_TRUE(until_joined(ann));
  bool done = false;
  server_->shutdown([&] { done = true; });
  ASSERT_TRUE(until([&] { return done && ann.failure.has_value(); }));
  EXPECT_NE(ann.last<ServerClosing>(), nullptr);
  EXPECT_EQ(*ann.failure, "the signaling server is gone: The server is shutting down.");
  EXPECT_EQ(server_->client_count(), 0U);
}

TEST_F(SignalingServerTest, AClientComesBackUnderTheSameIdWhenTheServerWasKilled) {
  Member ann(loop_, room(), "Ann", true);
  Member bob(loop_, room(), "Bob", true);
  ASSERT_TRUE(until([&] { return ann.client->is_joined() && bob.client->is_joined(); }));
  const std::string ann_id = ann.client->id();
  const std::string bob_id = bob.client->id();
  const std::uint16_t port = server_->local_address().port;
  server_.reset();
  ASSERT_TRUE(until([&] { return !ann.interruptions.empty() && !bob.interruptions.empty(); }));
  EXPECT_THAT(ann.interruptions.front(), HasSubstr("the signaling server is gone"));
  EXPECT_FALSE(ann.client->send(Bye{bob_id, ""}));
  start(port);
  ASSERT_TRUE(until([&] { return ann.client->is_joined() && bob.client->is_joined(); }));
  EXPECT_EQ(ann.client->id(), ann_id);
  EXPECT_EQ(bob.client->id(), bob_id);
  EXPECT_THAT(ann.interruptions, SizeIs(1)) << "told once, however many attempts it took";
  EXPECT_FALSE(ann.failure.has_value());
}

TEST_F(SignalingServerTest, NobodyThereIsOneClearSentence) {
  const std::string url = room();
  server_.reset();
  Member ann(loop_, url, "Ann", true);
  ASSERT_TRUE(until([&] { return ann.failure.has_value(); }));
  EXPECT_THAT(*ann.failure, testing::MatchesRegex("cannot reach 127.0.0.1:[0-9]+: Connection refused. Is `tidewire "
                                                  "serve` running there\\?"));
}

TEST_F(SignalingServerTest, ATakenPortIsOneClearSentence) {
  const auto second = SignalingServer::start(loop_, on_port(server_->local_address().port));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "cannot listen on " + server_->local_address().to_string() + ": Address already in use");
}

TEST_F(SignalingServerTest, TheClientMayBeDestroyedInAnyOfItsCallbacks) {
  std::optional<Member> ann;
  ann.emplace(loop_, room(), "Ann");
  bool gone = false;
  Client::Callbacks callbacks;
  std::optional<Client> client;
  callbacks.on_message = [&, held = std::string(100, 'x')](const ServerMessage&) {
    client.reset();
    gone = held.size() == 100;  // the callback itself is still there
  };
  client.emplace(loop_, RoomUrl::parse(room()).value(), Client::Options{}, std::move(callbacks));
  client->start();
  EXPECT_TRUE(until([&] { return gone && server_->client_count() == 1; }));
}

TEST_F(SignalingServerTest, TellsAClientTheRelayUnderTheNameThatItReachedTheServerBy) {
  server_->set_own_turn(OwnTurn{.secret = "north", .port = 3479});
  Member ann(loop_, room(), "Ann");
  ASSERT_TRUE(until_joined(ann));
  const auto servers = ann.last<Joined>()->ice_servers;
  ASSERT_THAT(servers, SizeIs(2));
  EXPECT_THAT(servers[0].urls, testing::ElementsAre("stun:127.0.0.1:3479"));
  EXPECT_EQ(servers[1].credential, turn::time_limited_password("north", servers[1].username));
}

TEST_F(SignalingServerTest, LogsWhatAnOperatorNeedsAndNothingThatLetsPeopleIn) {
  std::ostringstream output;
  {
    Log log({.level = LogLevel::kDebug, .output = &output});
    SignalingServer::Options options = on_port(0);
    options.log = &log;
    options.own_turn = OwnTurn{.secret = "north"};
    auto started = SignalingServer::start(loop_, options);
    ASSERT_TRUE(started);
    server_.emplace(*std::move(started));
    Member ann(loop_, room("hidden-fox"), "Ann");
    ASSERT_TRUE(until_joined(ann));
    ASSERT_TRUE(ann.client->send(Bye{"nobody", ""}));
    ASSERT_TRUE(until([&] { return ann.last<ErrorMessage>() != nullptr; }));
    bool done = false;
    server_->shutdown([&] { done = true; });
    ASSERT_TRUE(until([&] { return done; }));
    server_.reset();
  }
  const std::string text = output.str();
  for (const char* line : {" info signaling_listening address=127.0.0.1:", " debug room_opened room=1\n",
                           " debug client_joined room=1 peer=", " client=127.0.0.0/24 turn_user=",
                           " debug client_refused fault=no_such_peer client=127.0.0.0/24 room=1 peer=",
                           " info signaling_stopping clients=1\n", " info signaling_stopped\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, testing::Not(HasSubstr("hidden-fox")));
  EXPECT_THAT(text, testing::Not(HasSubstr("north")));
}

TEST_F(SignalingServerTest, ServesThePageAndItsHealthOverHttp) {
  const std::string healthy = request("GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(healthy, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(healthy, testing::EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(request("HEAD /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              testing::AllOf(HasSubstr("Content-Length: 3\r\n"), testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(request("GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 404"));
}

TEST_F(SignalingServerTest, HttpNonsenseEndsItsOwnConnectionOnly) {
  EXPECT_EQ(request("\x16\x03\x01 what is this\r\n\r\n"), "");
  EXPECT_THAT(request("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(request("GET /ws HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\nConnection: Upgrade\r\n"
                      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nx"),
              testing::StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(request("GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace tidewire::server
