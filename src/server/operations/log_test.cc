#include "server/operations/log.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <limits>
#include <sstream>
#include <streambuf>
#include <thread>
#include <vector>

#include "server/operations/log_text.h"

namespace tidewire::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr UnixTime kTime{1'783'252'800s + 123ms};
constexpr LogLineStyle kJson{.format = LogFormat::kJson};

const SocketAddress kClient{IpAddress::v4({203, 0, 113, 77}), 40'000};

std::string line(LogFields fields, const LogLineStyle& style = {}) {
  return render_log_line(kTime, LogLevel::kInfo, "allocation_ended", fields, style);
}

TEST(LogLine, IsReadableAsText) {
  EXPECT_EQ(line({{"user", "ab12"},
                  {"client", kClient},
                  {"relayed_bytes", std::uint64_t{42}},
                  {"delta", -3},
                  {"ratio", 0.5},
                  {"own", true},
                  {"lasted_s", 90s + 5ms},
                  {"reason", "went away"},
                  {"note", ""}}),
            "2026-07-05T12:00:00.123Z info allocation_ended user=ab12 client=203.0.113.0/24 relayed_bytes=42 delta=-3 "
            "ratio=0.5 own=true lasted_s=90.005 reason=\"went away\" note=\"\"");
}

TEST(LogLine, IsOneObjectAsJson) {
  const std::string text = line({{"user", "a\"b"}, {"client", kClient}, {"relayed_bytes", 42U}, {"own", false}}, kJson);
  const boost::json::value value = boost::json::parse(text);
  EXPECT_EQ(value, (boost::json::value{{"time", "2026-07-05T12:00:00.123Z"},
                                       {"level", "info"},
                                       {"event", "allocation_ended"},
                                       {"user", "a\"b"},
                                       {"client", "203.0.113.0/24"},
                                       {"relayed_bytes", 42U},
                                       {"own", false}}))
      << text;
}

TEST(LogLine, ShortensAddressesUnlessTheOperatorWantsThemWhole) {
  const struct {
    std::string_view address;
    std::string_view network;
    std::string_view whole;
  } cases[] = {
      {"203.0.113.77:5", "203.0.113.0/24", "203.0.113.77:5"},
      {"[2001:db8:1:2:3:4:5:6]:5", "2001:db8:1::/48", "[2001:db8:1:2:3:4:5:6]:5"},
      {"[::ffff:203.0.113.77]:5", "203.0.113.0/24", "203.0.113.77:5"},
      {"203.0.113.77:0", "203.0.113.0/24", "203.0.113.77"},
  };
  for (const auto& c : cases) {
    const SocketAddress address = SocketAddress::parse(c.address).value();
    EXPECT_THAT(line({{"client", address}}, {.full_addresses = false}),
                testing::EndsWith("client=" + std::string(c.network)));
    EXPECT_THAT(line({{"client", address}}, {.full_addresses = true}),
                testing::EndsWith("client=" + std::string(c.whole)));
  }
}

// What a stranger may call itself, to write lines of its own or to talk to the operator's terminal.
TEST(LogLine, NobodyWritesALineOfItsOwn) {
  const std::string names[] = {"eve\n2026-07-05T12:00:00.123Z info stopped",
                               "eve\r\nx",
                               "eve\" level=\"error",
                               "eve\\",
                               "eve\x1B[2J",
                               "eve\xC2\x9B\x32J",
                               "eve\xE2\x80\xAE"
                               "drow",
                               "eve\xE2\x80\xA8x",
                               "eve\xFF\xFE",
                               "eve\xED\xA0\x80",
                               "eve\xC0\xAF",
                               "eve\xF0\x9F",
                               std::string("eve\0x", 5),
                               "eve user=root"};
  for (const std::string& name : names) {
    for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
      const std::string text = line({{"user", name}}, {.format = format});
      for (const char c : text) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7F) << text;
      for (const std::string_view bad : {"\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\xA8", "\xFF", "\xED\xA0", "\xC0"}) {
        EXPECT_EQ(text.find(bad), std::string::npos) << text;
      }
    }
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(line({{"user", name}}, kJson), error);
    ASSERT_FALSE(error) << line({{"user", name}}, kJson);
    EXPECT_EQ(value.as_object().size(), 4U);
    EXPECT_EQ(value.at("level"), "info");
    const std::string text = line({{"user", name}});
    EXPECT_THAT(text, HasSubstr(" user=\"eve"));
    EXPECT_EQ(text.back(), '"');
  }
}

TEST(LogLine, PrintableUnicodeStaysReadable) {
  EXPECT_THAT(line({{"user", "J\xC3\xBCrgen \xF0\x9F\x8C\x8A"}}), HasSubstr("user=\"J\xC3\xBCrgen \xF0\x9F\x8C\x8A\""));
}

TEST(LogLine, ALongTextIsCutBetweenCharacters) {
  std::string text = "x";
  for (std::size_t i = 0; i < kMaxLoggedText; ++i) text += "\xC3\xBC";
  const std::string written = line({{"user", text}}, kJson);
  EXPECT_LT(written.size(), kMaxLoggedText + 100);
  EXPECT_THAT(written, testing::EndsWith("\xC3\xBC\xE2\x80\xA6\"}"));
}

TEST(LogLine, NumbersThatJsonCannotHoldAreNull) {
  EXPECT_THAT(line({{"ratio", std::numeric_limits<double>::infinity()}}, kJson), HasSubstr("\"ratio\":null}"));
}

TEST(LoggedUser, LeavesOutWhenATimeLimitedNameEnds) {
  EXPECT_EQ(logged_user("1700000000:ab12"), "ab12");
  EXPECT_EQ(logged_user("ann"), "ann");
  EXPECT_EQ(logged_user("ann:bob"), "ann:bob");
  EXPECT_EQ(logged_user(":bob"), ":bob");
  EXPECT_EQ(logged_user("12:"), "");
}

TEST(Log, WritesWhatIsAtLeastOfItsLevel) {
  std::ostringstream output;
  {
    Log log({.level = LogLevel::kWarning, .output = &output});
    EXPECT_FALSE(log.is_written(LogLevel::kInfo));
    log.info("listening");
    log.warning("server_full");
    log.error("no_sockets", {{"left", 0}});
  }
  EXPECT_THAT(output.str(), testing::MatchesRegex("[^ ]+ warning server_full\n[^ ]+ error no_sockets left=0\n"));
}

TEST(Log, OffIsOff) {
  std::ostringstream output;
  {
    Log log({.level = LogLevel::kOff, .output = &output});
    log.error("listening");
    log.write(LogLevel::kOff, "listening");
  }
  EXPECT_EQ(output.str(), "");
}

TEST(Log, AFloodOfOneEventIsHeldBack) {
  std::ostringstream output;
  {
    Log log({.max_per_event = 1, .output = &output});
    for (int i = 0; i < 1000; ++i) log.info("client_refused");
    log.info("listening");
    for (int i = 0; i < 10; ++i) log.error("no_sockets");
  }
  const std::string text = output.str();
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 1000);
  EXPECT_THAT(text, HasSubstr(" info listening\n"));
  EXPECT_THAT(text, HasSubstr(" error no_sockets\n"));
}

TEST(Log, BracesAreNothingSpecial) {
  std::ostringstream output;
  { Log({.output = &output}).info("joined", {{"name", "{} %v {0:d}"}}); }
  EXPECT_THAT(output.str(), HasSubstr("name=\"{} %v {0:d}\"\n"));
}

TEST(Log, ThreadsDoNotMixTheirLines) {
  std::ostringstream output;
  {
    Log log({.max_per_event = 0, .output = &output});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&log] {
        for (int n = 0; n < 500; ++n) log.info("tick", {{"user", "somebody"}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::istringstream lines(output.str());
  std::size_t count = 0;
  for (std::string text; std::getline(lines, text); ++count) {
    ASSERT_THAT(text, testing::EndsWith("Z info tick user=somebody"));
  }
  EXPECT_EQ(count, 2000U);
}

// A pipe that nobody reads.
class Stuck : public std::streambuf {
 public:
  void release() {
    free_.store(true);
    free_.notify_all();
  }

 protected:
  std::streamsize xsputn(const char* /*text*/, std::streamsize size) override {
    free_.wait(false);
    return size;
  }
  int_type overflow(int_type c) override { return c; }

 private:
  std::atomic<bool> free_ = false;
};

TEST(Log, AnOutputThatHangsCostsOldLinesAndNobodysTime) {
  Stuck stuck;
  std::ostream output(&stuck);
  Log log({.max_per_event = 0, .max_queued = 16, .output = &output});
  for (int i = 0; i < 1000; ++i) log.info("tick");
  EXPECT_GE(log.dropped(), 1000U - 16U - 1U);
  stuck.release();
}

}  // namespace
}  // namespace tidewire::server
