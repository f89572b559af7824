#include "sdp/h264_profile.h"

#include "sdp/test_support.h"

namespace tidewire::sdp {
namespace {

using enum H264Profile;

TEST(H264ProfileLevel, KnowsProfilesByTheBitsThatDecide) {
  const std::vector<std::pair<std::string, std::optional<H264Profile>>> table = {
      {"42e01f", kConstrainedBaseline},
      {"42C01E", kConstrainedBaseline},
      {"42f00b", kConstrainedBaseline},
      {"4d800a", kConstrainedBaseline},
      {"58c01f", kConstrainedBaseline},
      {"42001f", kBaseline},
      {"42a01f", kBaseline},
      {"58801f", kBaseline},
      {"58001f", kExtended},
      {"4d001f", kMain},
      {"64001f", kHigh},
      {"640c1f", kConstrainedHigh},
      {"6e001f", std::nullopt},
      {"42e01", std::nullopt},
      {"42e01fa", std::nullopt},
      {"42e01g", std::nullopt},
      {"", std::nullopt},
      {"42e11f", std::nullopt},
  };
  for (const auto& [id, profile] : table) {
    const auto parsed = h264_profile_level("packetization-mode=1;profile-level-id=" + id);
    EXPECT_EQ(parsed ? std::optional(parsed->profile) : std::nullopt, profile) << id;
  }
  EXPECT_EQ(h264_profile_level("")->profile, kBaseline);
}

TEST(H264ProfileLevel, PutsLevelOneBBetweenOneAndOneOne) {
  const auto rank = [](const char* id) {
    return h264_profile_level("profile-level-id=" + std::string(id))->level_rank;
  };
  EXPECT_LT(rank("42e00a"), rank("42f00b"));
  EXPECT_LT(rank("42f00b"), rank("42e00b"));
  EXPECT_LT(rank("64000a"), rank("640009"));
  EXPECT_LT(rank("42e01f"), rank("42e034"));
}

TEST(H264Answer, HasTheLowerLevelUnlessBothLetLevelsDiffer) {
  const std::string ours = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  struct Row {
    std::string offered;
    std::string answer;
  };
  const std::vector<Row> table = {
      {"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e034", ours},
      {"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e00c", ours},
      {"packetization-mode=1;profile-level-id=42e034", "packetization-mode=1;profile-level-id=42e01f"},
      {"packetization-mode=1;profile-level-id=42e00c", "packetization-mode=1;profile-level-id=42e00c"},
      {"level-asymmetry-allowed=0;packetization-mode=1;profile-level-id=42e00c",
       "packetization-mode=1;profile-level-id=42e00c"},
      // The profile stays written as it was offered; the bit of level 1b goes with the level.
      {"packetization-mode=1;profile-level-id=42c034", "packetization-mode=1;profile-level-id=42c01f"},
      {"packetization-mode=1;profile-level-id=42f00b", "packetization-mode=1;profile-level-id=42f00b"},
      {"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42f00b", ours},
  };
  for (const Row& row : table) EXPECT_EQ(h264_answer(row.offered, ours), row.answer) << row.offered;
}

TEST(H264Answer, IsWhatANegotiatorWrites) {
  Negotiator a = make_peer(1);
  Negotiator b = make_peer(2);
  ok(a.add_transceiver(MediaKind::kVideo, {}));
  ok(a.set_local_description());
  const std::string offer =
      replaced(a.local_description()->sdp, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
               "packetization-mode=1;profile-level-id=42c00d");
  ok(b.set_remote_description(SdpType::kOffer, offer));
  const std::string answer = ok(b.create_answer()).sdp;
  EXPECT_NE(answer.find(" packetization-mode=1;profile-level-id=42c00d"), std::string::npos) << answer;
  EXPECT_NE(answer.find(" level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"), std::string::npos);
}

TEST(H264PacketizationMode, IsZeroWhenNotGiven) {
  EXPECT_EQ(h264_packetization_mode("profile-level-id=42e01f"), 0);
  EXPECT_EQ(h264_packetization_mode("packetization-mode=1"), 1);
  EXPECT_EQ(h264_packetization_mode("packetization-mode=x"), 0);
}

// Numbers mean one thing in a BUNDLE group, those of retransmissions too.
TEST(DefaultCapabilities, AreOfferedInOrderWithRetransmissionsUnderNumbersOfTheirOwn) {
  Negotiator peer = make_peer(1);
  ok(peer.add_transceiver(MediaKind::kAudio, {}));
  ok(peer.add_transceiver(MediaKind::kVideo, {}));
  const DescriptionView offer = view_of(ok(peer.create_offer()).sdp);
  std::vector<std::string> names;
  std::vector<int> numbers;
  for (const SectionView& section : offer.sections) {
    for (const Codec& codec : section.codecs) {
      names.push_back(codec.name);
      numbers.push_back(codec.payload_type);
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"opus", "red", "PCMU", "PCMA", "VP8", "rtx", "VP9", "rtx", "H264", "rtx",
                                             "H264", "rtx", "AV1", "rtx"}));
  EXPECT_EQ(numbers[2], 0);
  EXPECT_EQ(numbers[3], 8);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace
}  // namespace tidewire::sdp
