// Against a server of one answer.
#include "io/http_clock.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "io/http_date.h"

namespace tidewire::io {
namespace {

using boost::asio::ip::tcp;
using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;

// Answers the first connection with this text and closes it.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : thread_([this, text = std::move(answer)] { serve(text); }) {}
  ~OneAnswer() { thread_.join(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/r/tea"; }

 private:
  void serve(const std::string& answer) {
    tcp::socket socket = acceptor_.accept();
    std::string request;
    boost::system::error_code ignored;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n", ignored);
    boost::asio::write(socket, boost::asio::buffer(answer), ignored);
  }

  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)};
  std::thread thread_;
};

std::optional<Result<HttpClock::Reading>> ask(const std::string& url, const HttpClock::Options& options = {}) {
  EventLoop loop;
  std::optional<Result<HttpClock::Reading>> result;
  HttpClock clock(loop, url, options, [&](Result<HttpClock::Reading> reading) { result = std::move(reading); });
  EXPECT_FALSE(result);  // not inside the call
  loop.run_until([&] { return result.has_value(); }, EventLoop::now() + kPatience);
  return result;
}

TEST(HttpClock, TellsHowFarTheServerIsAhead) {
  for (const Duration ahead : {Duration(0), Duration(90s), Duration(-1h)}) {
    const UnixTime now = EventLoop::wall_clock_anchor().wall;
    OneAnswer server("HTTP/1.1 404 Not Found\r\nDate: " + format_http_date({now.since_epoch + ahead}) +
                     "\r\nContent-Length: 0\r\n\r\n");
    const auto result = ask(server.url());
    ASSERT_TRUE(result && *result);
    EXPECT_EQ((*result)->status, 404U);
    ASSERT_TRUE((*result)->has_date);
    // The test's own time is part of it.
    EXPECT_LE((*result)->ahead, ahead + 1s);
    EXPECT_GE((*result)->ahead, ahead - kPatience);
  }
}

TEST(HttpClock, SaysThatThereIsNoDate) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const auto result = ask(server.url());
  ASSERT_TRUE(result && *result);
  EXPECT_FALSE((*result)->has_date);
}

TEST(HttpClock, SaysWhyItCannotAsk) {
  OneAnswer server("this is no HTTP\r\n\r\n");
  for (const std::string& url :
       {server.url(), std::string("http://127.0.0.1:1/"), std::string("http://no-such-host.invalid/"),
        std::string("ftp://127.0.0.1/"), std::string("https://127.0.0.1/?"), std::string("")}) {
    const auto result = ask(url, {.timeout = 5s, .ca_file = "/no/such/file"});
    ASSERT_TRUE(result) << url;
    EXPECT_FALSE(*result) << url;
    EXPECT_FALSE(result->error().message.empty());
  }
}

TEST(HttpClock, MayBeDroppedWhileItAsks) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EventLoop loop;
  int calls = 0;
  auto clock = std::make_unique<HttpClock>(loop, server.url(), HttpClock::Options(), [&](auto) { ++calls; });
  clock.reset();
  // The server waits for somebody to come.
  const auto result = ask(server.url());
  EXPECT_TRUE(result);
  EXPECT_FALSE(loop.run_until([&] { return calls > 0; }, EventLoop::now()));
}

}  // namespace
}  // namespace tidewire::io
