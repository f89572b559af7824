#include "signaling/room_url.h"

#include <gmock/gmock.h>

namespace tidewire::signaling {
namespace {

TEST(RoomUrl, GivesThePageAndTheWebSocketOfALink) {
  const struct {
    std::string text;
    std::string page;
    std::string websocket;
    std::string room;
  } cases[] = {
      {"http://127.0.0.1:8080/r/blue-fox", "http://127.0.0.1:8080/r/blue-fox", "ws://127.0.0.1:8080/ws", "blue-fox"},
      {"https://example.org/r/A_1", "https://example.org/r/A_1", "wss://example.org/ws", "A_1"},
      {"https://example.org:443/r/x?name=Bob#top", "https://example.org/r/x", "wss://example.org/ws", "x"},
      {"http://localhost:80/r/x", "http://localhost/r/x", "ws://localhost/ws", "x"},
      {"HTTP://[::1]:9000/r/x", "http://[::1]:9000/r/x", "ws://[::1]:9000/ws", "x"},
  };
  for (const auto& c : cases) {
    const Result<RoomUrl> url = RoomUrl::parse(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->page_url(), c.page);
    EXPECT_EQ(url->websocket_url(), c.websocket);
    EXPECT_EQ(url->room, c.room);
  }
}

TEST(RoomUrl, NonsenseIsToldInOneSentence) {
  const struct {
    std::string text;
    std::string says;
  } cases[] = {
      {"", "no URL"},
      {"blue-fox", "no URL"},
      {"127.0.0.1:8080/r/x", "no URL"},
      {"ftp://host/r/x", "http:// or https://"},
      {"mailto:a@b", "http:// or https://"},
      {"http:///r/x", "names no host"},
      {"http://host/", "path must be /r/ROOM"},
      {"http://host/room/x", "path must be /r/ROOM"},
      {"http://host/r/", "room's name"},
      {"http://host/r/a/b", "room's name"},
      {"http://host/r/%2e", "room's name"},
      {"http://host:99999/r/x", "port"},
      {"http://host:0/r/x", "port"},
      {"http://user:pw@host/r/x", "user name"},
      {"http://host/r/" + std::string(65, 'x'), "room's name"},
      {"http://ho st/r/x", "no URL"},
  };
  for (const auto& c : cases) {
    const Result<RoomUrl> url = RoomUrl::parse(c.text);
    ASSERT_FALSE(url) << c.text;
    EXPECT_EQ(url.error().code, ErrorCode::kSyntax);
    EXPECT_THAT(url.error().message, testing::HasSubstr(c.says)) << c.text;
    EXPECT_THAT(url.error().message, testing::HasSubstr("looks like http://127.0.0.1:8080/r/blue-fox"));
  }
}

}  // namespace
}  // namespace tidewire::signaling
