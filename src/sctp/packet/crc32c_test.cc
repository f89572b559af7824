#include "sctp/packet/crc32c.h"

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace tidewire::sctp {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  // RFC 3720 Appendix B.4
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
  Bytes rising(32);
  for (std::size_t i = 0; i < 32; ++i) rising[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(rising), 0x46DD794EU);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
}

TEST(Crc32c, IsTheSameByTableAndByInstructionAtEveryLength) {
  crypto::Random random = crypto::Random::from_test_seed(1);
  Bytes bytes(300);
  random.fill(bytes);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const ByteView part = ByteView(bytes).first(size);
    ASSERT_EQ(crc32c(part), crc32c_by_table(part)) << size;
  }
}

}  // namespace
}  // namespace tidewire::sctp
