#include "server/operations/operations_server.h"

#include <gmock/gmock.h>

#include "server/http/http_client_for_test.h"

namespace tidewire::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class OperationsServerTest : public testing::Test {
 protected:
  void SetUp() override {
    OperationsServer::Options options;
    options.listen.port = 0;
    options.snapshot = [this] {
      ++scrapes_;
      ServerSnapshot made;
      made.version = "1.2.3";
      return made;
    };
    auto started = OperationsServer::start(loop_, std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    server_.emplace(*std::move(started));
  }
  std::string get(const std::string& target, const std::string& method = "GET", const std::string& more = "") {
    return talk_to(
        loop_, server_->local_address(),
        method + " " + target + " HTTP/1.1\r\nHost: h\r\nConnection: " + (more.empty() ? "close" : more) + "\r\n\r\n");
  }

  io::EventLoop loop_;
  int scrapes_ = 0;
  std::optional<OperationsServer> server_;
};

TEST_F(OperationsServerTest, TellsItsMetricsToWhoeverScrapes) {
  const std::string answer = get("/metrics?x=1");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\ntidewire_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(answer, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_EQ(scrapes_, 1);
  EXPECT_THAT(get("/metrics", "HEAD"), EndsWith("\r\n\r\n"));
}

TEST_F(OperationsServerTest, IsReadyOnlyBetweenStartingAndDraining) {
  EXPECT_THAT(get("/readyz"), testing::AllOf(StartsWith("HTTP/1.1 503 "), EndsWith("\r\n\r\nstarting\n")));
  server_->set_readiness(Readiness::kReady);
  EXPECT_THAT(get("/readyz"), testing::AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\nready\n")));
  EXPECT_THAT(get("/metrics"), HasSubstr("\ntidewire_ready 1\n"));
  server_->set_readiness(Readiness::kDraining);
  EXPECT_THAT(get("/readyz"), testing::AllOf(StartsWith("HTTP/1.1 503 "), EndsWith("\r\n\r\ndraining\n")));
  EXPECT_THAT(get("/healthz"), testing::AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\nok\n")));
}

TEST_F(OperationsServerTest, NothingElseIsThere) {
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/metricsx"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/metrics", "POST"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(get("/ws", "GET", "Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(scrapes_, 0);
}

TEST_F(OperationsServerTest, ATakenPortIsOneClearSentence) {
  OperationsServer::Options options;
  options.listen = server_->local_address();
  const auto second = OperationsServer::start(loop_, std::move(options));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "cannot listen on " + server_->local_address().to_string() + ": Address already in use");
}

}  // namespace
}  // namespace tidewire::server
