#include "srtp/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "crypto/random.h"
#include "srtp/test_packets.h"

namespace tidewire::srtp {
namespace {

Bytes copy(const Packet& packet) { return {packet.bytes().begin(), packet.bytes().end()}; }

class SrtpSession : public ::testing::TestWithParam<SrtpProfile> {
 protected:
  Bytes protect(const Bytes& rtp, Status expected = Status::kOk) {
    Packet packet = pool.copy_of(rtp);
    EXPECT_EQ(sender.protect_rtp(packet), expected);
    return copy(packet);
  }
  Status unprotect(const Bytes& srtp, const Bytes& expected = {}) {
    Packet packet = pool.copy_of(srtp);
    const Status status = receiver.unprotect_rtp(packet);
    if (status == Status::kOk && !expected.empty()) {
      EXPECT_EQ(copy(packet), expected);
    }
    return status;
  }
  Bytes protect_rtcp(const Bytes& rtcp) {
    Packet packet = pool.copy_of(rtcp);
    EXPECT_EQ(sender.protect_rtcp(packet), Status::kOk);
    return copy(packet);
  }
  Status unprotect_rtcp(const Bytes& srtcp) {
    Packet packet = pool.copy_of(srtcp);
    return receiver.unprotect_rtcp(packet);
  }

  PacketPool pool;
  Sender sender{test_key(GetParam())};
  Receiver receiver{test_key(GetParam())};
};

TEST_P(SrtpSession, OpensWhatWasProtectedAtEverySize) {
  std::uint16_t sequence = 0;
  for (std::size_t payload = 0; payload <= 1200; ++payload) {
    const Bytes rtp =
        rtp_packet({.sequence = sequence++, .payload = payload, .csrcs = payload % 4, .extension_words = payload % 3});
    const Bytes srtp = protect(rtp);
    EXPECT_LE(srtp.size(), rtp.size() + kMaxRtpOverhead);
    ASSERT_EQ(unprotect(srtp, rtp), Status::kOk);
  }
  for (std::size_t size = 8; size <= 1200; size += 4) {
    const Bytes rtcp = rtcp_packet(7, size);
    const Bytes srtcp = protect_rtcp(rtcp);
    EXPECT_LE(srtcp.size(), rtcp.size() + kMaxRtcpOverhead);
    Packet packet = pool.copy_of(srtcp);
    ASSERT_EQ(receiver.unprotect_rtcp(packet), Status::kOk);
    EXPECT_EQ(copy(packet), rtcp);
  }
  EXPECT_EQ(receiver.stats().packets, 1201U + 299U);
}

TEST_P(SrtpSession, KeepsTheHeaderInTheClearAndHidesThePayload) {
  const Bytes rtp = rtp_packet({.sequence = 5, .payload = 100, .csrcs = 2, .extension_words = 3});
  const Bytes srtp = protect(rtp);
  constexpr std::ptrdiff_t kHeader = 12 + 8 + 4 + 12;
  EXPECT_TRUE(std::equal(rtp.begin(), rtp.begin() + kHeader, srtp.begin()));
  EXPECT_FALSE(std::equal(rtp.begin() + kHeader, rtp.begin() + kHeader + 16, srtp.begin() + kHeader));
}

TEST_P(SrtpSession, ProtectsOutOfPlaceWithAnotherHeader) {
  const Bytes rtp = rtp_packet({.ssrc = 1, .sequence = 5, .payload = 100});
  const Bytes wanted = rtp_packet({.ssrc = 2, .sequence = 5, .payload = 100});
  const ByteView header = ByteView(wanted).first(12);
  Packet out = pool.make();
  ASSERT_EQ(sender.protect_rtp(header, ByteView(rtp).subspan(12), out), Status::kOk);
  EXPECT_EQ(unprotect(copy(out), wanted), Status::kOk);
  Packet none;
  EXPECT_EQ(sender.protect_rtp(header, ByteView(rtp).subspan(12), none), Status::kNoRoom);
  EXPECT_EQ(sender.protect_rtp(rtp, {}, out), Status::kMalformed);  // that is more than a header
}

TEST_P(SrtpSession, CountsRollOversForAsLongAsItTakes) {
  // 3 laps and a bit, every 97th packet arriving.
  for (std::uint32_t i = 65000; i < 65536 * 3 + 500; ++i) {
    const Bytes rtp = rtp_packet({.sequence = static_cast<std::uint16_t>(i), .payload = 4});
    const Bytes srtp = protect(rtp);
    if (i % 97 == 0) {
      ASSERT_EQ(unprotect(srtp, rtp), Status::kOk) << i;
    }
  }
}

TEST_P(SrtpSession, OpensPacketsThatAreReorderedAroundTheRollOver) {
  std::vector<Bytes> packets;
  for (std::uint32_t i = 65500; i < 65600; ++i) {
    packets.push_back(protect(rtp_packet({.sequence = static_cast<std::uint16_t>(i)})));
  }
  crypto::Random random = crypto::Random::from_test_seed(1);
  for (std::size_t i = packets.size() - 1; i > 1; --i) {
    std::swap(packets[i], packets[1 + random.below(static_cast<std::uint32_t>(i))]);
  }
  for (const Bytes& packet : packets) EXPECT_EQ(unprotect(packet), Status::kOk);
  for (const Bytes& packet : packets) EXPECT_EQ(unprotect(packet), Status::kReplayed);
  EXPECT_EQ(receiver.stats().replayed, packets.size());
}

TEST_P(SrtpSession, SendsReorderedAroundTheRollOver) {
  for (const std::uint32_t i : {65535U, 65537U, 65534U, 65536U, 65538U, 65533U}) {
    const Bytes rtp = rtp_packet({.sequence = static_cast<std::uint16_t>(i)});
    EXPECT_EQ(unprotect(protect(rtp), rtp), Status::kOk) << i;
  }
}

TEST_P(SrtpSession, TakesThePacketsBeforeTheFirstThatCame) {
  const Bytes first = protect(rtp_packet({.sequence = 10}));
  const Bytes second = protect(rtp_packet({.sequence = 11}));
  EXPECT_EQ(unprotect(second), Status::kOk);
  EXPECT_EQ(unprotect(first), Status::kOk);
}

TEST_P(SrtpSession, RefusesReplaysAndWhatIsTooOldToTell) {
  std::vector<Bytes> packets;
  for (std::uint16_t i = 0; i < kReplayWindow + 10; ++i) packets.push_back(protect(rtp_packet({.sequence = i})));
  ASSERT_EQ(unprotect(packets.back()), Status::kOk);
  EXPECT_EQ(unprotect(packets.back()), Status::kReplayed);
  EXPECT_EQ(unprotect(packets[9]), Status::kReplayed);
  EXPECT_EQ(unprotect(packets[10]), Status::kOk);
  EXPECT_EQ(unprotect(packets[10]), Status::kReplayed);

  const Bytes rtcp = protect_rtcp(rtcp_packet(1));
  EXPECT_EQ(unprotect_rtcp(rtcp), Status::kOk);
  EXPECT_EQ(unprotect_rtcp(rtcp), Status::kReplayed);
}

TEST_P(SrtpSession, RefusesEveryFlippedBitAndKeepsItsState) {
  const Bytes rtp = rtp_packet({.sequence = 3, .payload = 20, .extension_words = 1});
  const Bytes srtp = protect(rtp);
  for (std::size_t bit = 0; bit < srtp.size() * 8; ++bit) {
    Bytes forged = srtp;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const Status status = unprotect(forged);
    EXPECT_TRUE(status == Status::kAuthFailed || status == Status::kMalformed) << bit;
  }
  EXPECT_EQ(unprotect(srtp, rtp), Status::kOk);
  const Bytes srtcp = protect_rtcp(rtcp_packet(9));
  for (std::size_t bit = 0; bit < srtcp.size() * 8; ++bit) {
    Bytes forged = srtcp;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const Status status = unprotect_rtcp(forged);
    EXPECT_TRUE(status == Status::kAuthFailed || status == Status::kMalformed) << bit;
  }
  EXPECT_EQ(unprotect_rtcp(srtcp), Status::kOk);
}

TEST_P(SrtpSession, AForgedLeapDoesNotMoveTheRollOverCounter) {
  for (std::uint32_t i = 65000; i < 65530; ++i) {
    ASSERT_EQ(unprotect(protect(rtp_packet({.sequence = static_cast<std::uint16_t>(i)}))), Status::kOk);
  }
  Bytes forged = rtp_packet({.sequence = 20});
  forged.resize(forged.size() + 16);
  EXPECT_EQ(unprotect(forged), Status::kAuthFailed);
  EXPECT_EQ(unprotect(protect(rtp_packet({.sequence = 65530}))), Status::kOk);
}

TEST_P(SrtpSession, DropsPacketsCutAtEveryLength) {
  const Bytes srtp = protect(rtp_packet({.payload = 30, .csrcs = 1, .extension_words = 1}));
  const Bytes srtcp = protect_rtcp(rtcp_packet(1));
  for (std::size_t size = 0; size < srtp.size(); ++size) {
    EXPECT_NE(unprotect(Bytes(srtp.begin(), srtp.begin() + static_cast<std::ptrdiff_t>(size))), Status::kOk);
  }
  for (std::size_t size = 0; size < srtcp.size(); ++size) {
    EXPECT_NE(unprotect_rtcp(Bytes(srtcp.begin(), srtcp.begin() + static_cast<std::ptrdiff_t>(size))), Status::kOk);
  }
}

TEST_P(SrtpSession, NeverProtectsTwoPacketsOfOneNumber) {
  protect(rtp_packet({.sequence = 1, .payload = 10}));
  const Bytes other = rtp_packet({.sequence = 1, .payload = 20});
  EXPECT_EQ(protect(other, Status::kReplayed), other);
  EXPECT_EQ(sender.stats().replayed, 1U);
}

TEST_P(SrtpSession, RefusesAPacketWithoutRoomForTheTag) {
  Packet packet = pool.copy_of(rtp_packet({}));
  ASSERT_TRUE(packet.resize(Packet::kMaxPayload - 5));
  EXPECT_EQ(sender.protect_rtp(packet), Status::kNoRoom);
  EXPECT_EQ(packet.size(), Packet::kMaxPayload - 5);
}

TEST_P(SrtpSession, SenderRefusesAndReceiverForgetsWhenThereAreTooManyStreams) {
  std::vector<Bytes> packets;
  for (std::uint32_t ssrc = 1; ssrc <= kMaxStreams; ++ssrc) {
    packets.push_back(protect(rtp_packet({.ssrc = ssrc, .payload = 1})));
    ASSERT_EQ(unprotect(packets.back()), Status::kOk);
  }
  protect(rtp_packet({.ssrc = kMaxStreams + 1}), Status::kTooManyStreams);
  EXPECT_EQ(sender.stats().refused, 1U);

  // Stream 1 is used again, so stream 2 is the one that goes.
  ASSERT_EQ(unprotect(protect(rtp_packet({.ssrc = 1, .sequence = 1}))), Status::kOk);
  Sender another{test_key(GetParam())};
  Packet packet = pool.copy_of(rtp_packet({.ssrc = kMaxStreams + 1}));
  ASSERT_EQ(another.protect_rtp(packet), Status::kOk);
  EXPECT_EQ(unprotect(copy(packet)), Status::kOk);
  EXPECT_EQ(unprotect(packets[0]), Status::kReplayed);
  EXPECT_EQ(unprotect(packets[2]), Status::kReplayed);
  EXPECT_EQ(unprotect(packets[1]), Status::kOk);  // its state is forgotten
}

TEST_P(SrtpSession, UsesTheKeysOfRfc5764ByDtlsRole) {
  const SrtpKeyingMaterial keys{.client = test_key(GetParam(), 1), .server = test_key(GetParam(), 2)};
  Session client = Session::from_dtls(keys, true);
  Session server = Session::from_dtls(keys, false);
  Packet packet = pool.copy_of(rtp_packet({}));
  ASSERT_EQ(client.sender.protect_rtp(packet), Status::kOk);
  Packet again = pool.copy_of(std::as_const(packet).bytes());
  EXPECT_EQ(client.receiver.unprotect_rtp(again), Status::kAuthFailed);
  EXPECT_EQ(server.receiver.unprotect_rtp(packet), Status::kOk);
}

TEST_P(SrtpSession, AllocatesNothingForPacketsOfKnownStreams) {
  protect(rtp_packet({.sequence = 0}));
  const std::uint64_t before = pool.allocations();
  for (std::uint16_t i = 1; i < 100; ++i) ASSERT_EQ(unprotect(protect(rtp_packet({.sequence = i}))), Status::kOk);
  EXPECT_EQ(pool.allocations(), before);
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpSession,
                         ::testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmSha1_80,
                                           SrtpProfile::kAeadAes256Gcm),
                         [](const auto& profile) { return std::string(to_string(profile.param)); });

}  // namespace
}  // namespace tidewire::srtp
