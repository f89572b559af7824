#include "server/http/page.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tidewire::server {
namespace {

constexpr Asset kFiles[] = {
    {"/index.html", "text/html; charset=utf-8", "\"1\"", "<!doctype html>"},
    {"/main.js", "text/javascript; charset=utf-8", "\"2\"", "let a;"},
};

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Page, AnswersEachAddress) {
  const struct {
    std::string_view method;
    std::string_view target;
    unsigned status;
    std::string_view body;
  } cases[] = {
      {"GET", "/", 200, "<!doctype html>"},
      {"GET", "/?a=/../b", 200, "<!doctype html>"},
      {"GET", "/r/blue-fox", 200, "<!doctype html>"},
      {"HEAD", "/r/blue-fox?x#y", 200, "<!doctype html>"},
      {"GET", "/main.js?v=1", 200, "let a;"},
      {"GET", "/healthz", 200, "ok\n"},
      {"GET", "/r/", 404, ""},
      {"GET", "/r/a/b", 404, ""},
      {"GET", "/r/%2e%2e", 404, ""},
      {"GET", "/../main.js", 404, ""},
      {"GET", "//main.js", 404, ""},
      {"GET", "/%2e%2e/etc/passwd", 404, ""},
      {"GET", "/main.js/", 404, ""},
      {"GET", "main.js", 404, ""},
      {"GET", "", 404, ""},
      {"GET", "*", 404, ""},
      {"GET", "/ws", 426, ""},
      {"POST", "/", 405, ""},
      {"DELETE", "/main.js", 405, ""},
  };
  for (const auto& c : cases) {
    const HttpResponse response = respond({c.method, c.target, "localhost", ""}, kFiles);
    EXPECT_EQ(response.status, c.status) << c.target;
    if (c.status == 200) {
      EXPECT_EQ(response.body, c.body) << c.target;
    }
    EXPECT_FALSE(response.body.empty()) << c.target;
    EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff") << c.target;
  }
}

TEST(Page, AFileThatTheBrowserHasIsNotSentAgain) {
  for (const std::string_view tags : {"\"2\"", "\"x\", \"2\"", "W/\"2\"", "*"}) {
    const HttpResponse response = respond({"GET", "/main.js", "h", tags}, kFiles);
    EXPECT_EQ(response.status, 304U) << tags;
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(header(response, "ETag"), "\"2\"");
  }
  EXPECT_EQ(respond({"GET", "/main.js", "h", "\"1\""}, kFiles).status, 200U);
}

TEST(Page, ThePageMayLoadItsOwnFilesAndSocketsOnly) {
  const std::string policy = header(respond({"GET", "/", "example.org:8080", ""}, kFiles), "Content-Security-Policy");
  EXPECT_THAT(policy, testing::HasSubstr("default-src 'none'; script-src 'self'; style-src 'self';"));
  EXPECT_THAT(policy, testing::HasSubstr("connect-src 'self' ws://example.org:8080 wss://example.org:8080;"));
  EXPECT_THAT(policy, testing::HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(header(respond({"GET", "/", "h", ""}, kFiles), "Referrer-Policy"), "no-referrer");
}

TEST(Page, AHostHeaderCannotAddToThePolicy) {
  for (const std::string_view host : {"", "a; script-src *", "a b", "a'b", "h\r\nX: y"}) {
    const std::string policy = header(respond({"GET", "/", host, ""}, kFiles), "Content-Security-Policy");
    EXPECT_THAT(policy, testing::HasSubstr("connect-src 'self';")) << host;
  }
}

TEST(Page, AServerWithoutAPageSaysSo) {
  EXPECT_EQ(respond({"GET", "/", "h", ""}, {}).status, 503U);
  EXPECT_EQ(respond({"GET", "/r/x", "h", ""}, {}).status, 503U);
  EXPECT_EQ(respond({"GET", "/healthz", "h", ""}, {}).status, 200U);
}

TEST(Page, OnlyTheOwnPageAndProgramsMayOpenAWebSocket) {
  const std::vector<std::string> allowed = {"https://friend.example"};
  const struct {
    std::string_view origin;
    bool welcome;
  } cases[] = {
      {"", true},
      {"http://localhost:8080", true},
      {"https://localhost:8080", true},
      {"https://friend.example", true},
      {"http://localhost:8081", false},
      {"http://evil.example", false},
      {"http://localhost:8080.evil.example", false},
      {"null", false},
      {"file://", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(origin_is_welcome(c.origin, "localhost:8080", allowed), c.welcome) << c.origin;
  }
}

TEST(Assets, AreSortedAndTyped) {
  const auto files = assets();
  EXPECT_TRUE(
      std::is_sorted(files.begin(), files.end(), [](const Asset& a, const Asset& b) { return a.path < b.path; }));
  for (const Asset& file : files) {
    EXPECT_TRUE(file.path.starts_with("/")) << file.path;
    EXPECT_FALSE(file.path.starts_with("/tests/")) << file.path;
    EXPECT_FALSE(file.mime_type.empty());
    EXPECT_EQ(file.etag.front(), '"');
  }
}

}  // namespace
}  // namespace tidewire::server
