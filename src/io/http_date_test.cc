#include "io/http_date.h"

#include <gtest/gtest.h>

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;

TEST(HttpDate, IsWrittenAndRead) {
  struct Case {
    const char* text;
    Duration since_epoch;
  };
  for (const auto& [text, since_epoch] : {
           Case{"Thu, 01 Jan 1970 00:00:00 GMT", 0s},
           Case{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777s},
           Case{"Tue, 29 Feb 2028 23:59:59 GMT", 1835481599s},
       }) {
    EXPECT_EQ(format_http_date({since_epoch + 999ms}), text);
    EXPECT_EQ(parse_http_date(text), UnixTime{since_epoch});
  }
}

TEST(HttpDate, ThatIsNoneIsNothing) {
  for (const char* text : {
           "",
           "now",
           "Sunday, 06-Nov-94 08:49:37 GMT",
           "Sun Nov  6 08:49:37 1994",
           "Sun, 06 Nov 1994 08:49:37 CET",
           "Sun, 06 nov 1994 08:49:37 GMT",
           "Sun, 31 Feb 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 24:49:37 GMT",
           "Sun, 06 Nov 1994 08:60:37 GMT",
           "Sun, 06 Nov 1994 08:49:61 GMT",
           "Sun, 06 Nov 9999 08:49:37 GMT",
           "Sun, 06 Nov 1969 08:49:37 GMT",
           "Sun, -6 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 08:49:37 GMTT",
       }) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidewire::io
