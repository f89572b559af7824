// RFC 8888 §6: which of the two ways to tell what became of packets is offered, answered and agreed on.
#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
  return found;
}

// As a peer that has never heard of it would.
std::string without_lines(std::string text, std::string_view holding) {
  for (std::size_t at = 0; (at = text.find(holding)) != std::string::npos;) {
    const std::size_t begin = text.rfind('\n', at) + 1;
    text.erase(begin, text.find('\n', at) + 1 - begin);
  }
  return text;
}

void expect_agreed(const Negotiator& peer, bool by_streams) {
  std::size_t media = 0;
  for (const NegotiatedSection& section : peer.negotiated().sections) {
    if (section.kind == SectionKind::kApplication) continue;
    ++media;
    ASSERT_FALSE(section.codecs.empty());
    for (const NegotiatedCodec& codec : section.codecs) {
      EXPECT_EQ(codec.has_feedback("ack", "ccfb"), by_streams) << codec.name;
      EXPECT_EQ(codec.has_feedback("transport-cc"), !by_streams) << codec.name;
    }
    EXPECT_EQ(std::ranges::count(section.extensions, kTransportWideCcUri, &NegotiatedExtension::uri),
              by_streams ? 0 : 1);
  }
  EXPECT_EQ(media, 2U);
}

struct CongestionFeedback : testing::Test {
  Negotiator alice = make_caller(1);
  Negotiator bob = make_caller(2);
};

TEST_F(CongestionFeedback, IsOfferedOnceForEachSectionBesideTheOther) {
  const std::string offer = ok(alice.create_offer()).sdp;
  EXPECT_EQ(count(offer, "a=rtcp-fb:* ack ccfb\r\n"), 2U) << offer;
  EXPECT_EQ(count(offer, "ccfb"), 2U) << "with no single payload type";
  EXPECT_GT(count(offer, " transport-cc\r\n"), 2U);
  EXPECT_EQ(count(offer, kTransportWideCcUri), 2U);
}

TEST_F(CongestionFeedback, IsWhatIsAnsweredAndAgreedOnWhereBothSidesHaveIt) {
  negotiate(alice, bob);
  const std::string answer = bob.local_description()->sdp;
  EXPECT_EQ(count(answer, "a=rtcp-fb:* ack ccfb\r\n"), 2U) << answer;
  EXPECT_EQ(count(answer, "transport-cc"), 0U);
  EXPECT_EQ(count(answer, kTransportWideCcUri), 0U) << "numbers that nothing needs";
  expect_agreed(alice, true);
  expect_agreed(bob, true);
  negotiate(bob, alice);
  expect_agreed(alice, true);
  expect_agreed(bob, true);
}

TEST_F(CongestionFeedback, APeerThatKnowsTransportWideFeedbackOnlyGetsThat) {
  ok(alice.set_local_description());
  ok(bob.set_remote_description(SdpType::kOffer, without_lines(alice.local_description()->sdp, "ccfb")));
  ok(bob.set_local_description());
  const std::string answer = bob.local_description()->sdp;
  EXPECT_EQ(count(answer, "ccfb"), 0U) << answer;
  EXPECT_EQ(count(answer, kTransportWideCcUri), 2U);
  ok(alice.set_remote_description(SdpType::kAnswer, answer));
  expect_agreed(alice, false);
  expect_agreed(bob, false);
}

TEST_F(CongestionFeedback, APeerThatKnowsNothingElseGetsIt) {
  ok(alice.set_local_description());
  ok(bob.set_remote_description(
      SdpType::kOffer,
      without_lines(without_lines(alice.local_description()->sdp, " transport-cc"), kTransportWideCcUri)));
  ok(bob.set_local_description());
  ok(alice.set_remote_description(SdpType::kAnswer, bob.local_description()->sdp));
  expect_agreed(alice, true);
  expect_agreed(bob, true);
}

// All sections share a path, and its control.
TEST_F(CongestionFeedback, IsNotAnsweredWhereOneSectionLacksIt) {
  ok(alice.set_local_description());
  const std::string offer = replaced(alice.local_description()->sdp, "a=rtcp-fb:* ack ccfb\r\n", "", false);
  ASSERT_EQ(count(offer, "ccfb"), 1U) << "the first line alone is gone";
  ok(bob.set_remote_description(SdpType::kOffer, offer));
  EXPECT_EQ(count(ok(bob.create_answer()).sdp, "ccfb"), 0U);
}

TEST_F(CongestionFeedback, IsUsedWhenAnAnswerTakesBoth) {
  ok(alice.set_local_description());
  ok(bob.set_remote_description(SdpType::kOffer, without_lines(alice.local_description()->sdp, "ccfb")));
  const std::string answer =
      replaced(ok(bob.create_answer()).sdp, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-fb:* ack ccfb\r\n");
  ok(alice.set_remote_description(SdpType::kAnswer, answer));
  for (const NegotiatedSection& section : alice.negotiated().sections) {
    if (section.kind == SectionKind::kApplication) continue;
    EXPECT_TRUE(section.codecs.at(0).has_feedback("ack", "ccfb"));
    EXPECT_FALSE(section.codecs.at(0).has_feedback("transport-cc"));
  }
}

}  // namespace
}  // namespace tidewire::sdp
