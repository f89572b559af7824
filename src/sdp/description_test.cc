#include "sdp/description.h"

#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

constexpr std::string_view kHead = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

TEST(Description, BrowserDescriptionsComeBackByteForByte) {
  const std::vector<std::string> names = recorded();
  ASSERT_EQ(names.size(), 28U);
  for (const std::string& name : names) {
    const std::string text = read_recorded(name);
    const Result<Description> tree = parse(text);
    ASSERT_TRUE(tree) << name << ": " << tree.error().message;
    EXPECT_EQ(write(*tree), text) << name;
    EXPECT_EQ(*parse(write(*tree)), *tree) << name;
  }
}

TEST(Description, LinesMayEndWithLineFeedAlone) {
  const std::string text = read_recorded("firefox-av-data-offer.sdp");
  std::string bare = text;
  std::erase(bare, '\r');
  EXPECT_EQ(write(ok(parse(bare))), text);
}

TEST(Description, LastLineMayLackItsEndAndEmptyLinesMayFollow) {
  const std::string text(kHead);
  EXPECT_EQ(write(ok(parse(text.substr(0, text.size() - 2)))), text);
  EXPECT_EQ(write(ok(parse(text + "\r\n\r\n"))), text);
}

TEST(Description, EveryKindOfLineIsKept) {
  const std::string text =
      "v=0\r\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\ns=Call to John Smith\r\ni=SDP Offer #1\r\n"
      "u=http://www.jdoe.example.com/home.html\r\ne=Jane Doe <jane@jdoe.example.com>\r\np=+1 617 555-6011\r\n"
      "c=IN IP4 198.51.100.1\r\nb=AS:128\r\nt=0 0\r\nr=7d 1h 0 25h\r\nz=2882844526 -1h\r\na=recvonly\r\n"
      "m=audio 49170/2 RTP/AVP 0\r\ni=title\r\nc=IN IP4 198.51.100.1\r\nb=X-Y:9\r\na=odd:\r\na=flag\r\n";
  const Description tree = ok(parse(text));
  EXPECT_EQ(write(tree), text);
  EXPECT_EQ(tree.origin.session_version, 3724394405U);
  EXPECT_EQ(tree.media[0].port_count, 2U);
  EXPECT_EQ(tree.media[0].attributes.find("odd")->value, "");
  EXPECT_EQ(tree.media[0].attributes.find("flag")->value, std::nullopt);
}

TEST(Description, LinesBehindAttributesOfASectionAreTakenIntoTheirPlace) {
  const Description tree = ok(parse(std::string(kHead) + "m=audio 9 X 0\r\na=mid:0\r\nb=AS:30\r\n"));
  EXPECT_EQ(write(tree), std::string(kHead) + "m=audio 9 X 0\r\nb=AS:30\r\na=mid:0\r\n");
}

struct Malformed {
  std::string text;
  std::string message;  // how it opens
};

TEST(Description, ErrorsNameTheLineAndWhatIsWrong) {
  const std::string head(kHead);
  const std::vector<Malformed> table = {
      {"", "line 1: ends before \"v=0\""},
      {"v=1\r\n", "line 1: unknown version"},
      {"hello", "line 1: expected a letter and \"=\""},
      {"o=- 1 1 IN IP4 1.1.1.1\r\n", "line 1: expected \"v=0\", found \"o=\""},
      {"v=0\r\ns=-\r\n", "line 2: expected \"o=\""},
      {"v=0\r\no=- 1 IN IP4\r\n", "line 2: o= needs a user name"},
      {"v=0\r\no=- x 1 IN IP4 1.1.1.1\r\n", "line 2: o= needs a user name"},
      {"v=0\r\no=- 1 99999999999999999999 IN IP4 1.1.1.1\r\n", "line 2: o= needs a user name"},
      {"v=0\r\no=- 1 1 IN IP4\r\n", "line 2: o= needs a network"},
      {"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nt=0 0\r\n", "line 3: expected \"s=\""},
      {"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\n", "line 4: ends before \"t=\""},
      {"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nm=audio 9 X 0\r\n", "line 4: t= is missing"},
      {head + "c=IN IP4 0.0.0.0\r\n", "line 5: \"c=\" is out of order"},
      {head + "v=0\r\n", "line 5: \"v=\" is out of order"},
      {head + "a=x\r\nt=0 0\r\n", "line 6: \"t=\" is out of order"},
      {head + "y=1\r\n", "line 5: unknown line \"y=\""},
      {head + "\r\na=x\r\n", "line 5: expected a letter"},
      {head + "a=\r\n", "line 5: a= needs a name"},
      {head + "a=:1\r\n", "line 5: a= needs a name"},
      {head + "a=b c\r\n", "line 5: a= needs a name"},
      {head + std::string("a=b:\0c\r\n", 8), "line 5: has a NUL"},
      {head + "a=b:\rc\r\n", "line 5: has a NUL or CR"},
      {head + "m=\r\n", "line 5: m= needs a media type"},
      {head + "m=audio\r\n", "line 5: m= has no valid port"},
      {head + "m=audio 99999 X 0\r\n", "line 5: m= has no valid port"},
      {head + "m=audio 9/ X 0\r\n", "line 5: m= has no valid port"},
      {head + "m=audio -1 X 0\r\n", "line 5: m= has no valid port"},
      {head + "m=audio 9\r\n", "line 5: m= has no protocol"},
      {head + "m=audio 9 X\r\n", "line 5: m= has no valid list"},
      {head + "m=audio 9 X 0  1\r\n", "line 5: m= has no valid list"},
      {head + "m=audio 9 X 0\r\ns=-\r\n", "line 6: \"s=\" does not belong"},
      {head + "a=" + std::string(kMaxLineSize, 'x') + "\r\n", "line 5: too long"},
      {std::string(kMaxDescriptionSize + 1, 'x'), "the description is over 1 MiB"},
  };
  for (const Malformed& row : table) {
    const Result<Description> tree = parse(row.text);
    ASSERT_FALSE(tree) << row.message;
    EXPECT_EQ(tree.error().code, ErrorCode::kSyntax);
    EXPECT_EQ(tree.error().message.substr(0, row.message.size()), row.message);
  }
}

TEST(Description, HasABoundOnLinesAndSections) {
  std::string lines(kHead);
  for (std::size_t i = 0; i < kMaxLines; ++i) lines += "a=x\n";
  EXPECT_EQ(parse(lines).error().message, "line 20001: too many lines");
  std::string sections(kHead);
  for (std::size_t i = 0; i < kMaxMediaSections; ++i) sections += "m=a 9 X 0\n";
  EXPECT_TRUE(parse(sections));
  EXPECT_EQ(parse(sections + "m=a 9 X 0\n").error().message, "line 261: too many media sections");
}

TEST(Description, TruncationsOfABrowserOfferAreAnswersNotCrashes) {
  const std::string text = read_recorded("chromium-av-data-offer.sdp");
  for (std::size_t size = 0; size < text.size(); size += 7) {
    const Result<Description> tree = parse(text.substr(0, size));
    if (tree) {
      EXPECT_EQ(*parse(write(*tree)), *tree);
      (void)interpret(*tree);
    }
  }
}

}  // namespace
}  // namespace tidewire::sdp
