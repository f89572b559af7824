#include "dtls/record_protection.h"

#include <gtest/gtest.h>

#include <utility>

namespace tidewire::dtls {
namespace {

using crypto::AeadAlgorithm;

class RecordProtection : public ::testing::TestWithParam<AeadAlgorithm> {
 protected:
  static crypto::DtlsTrafficKeys::Direction keys() {
    return {.key = Bytes(crypto::aead_key_size(GetParam()), 1),
            .iv = Bytes(GetParam() == AeadAlgorithm::kChaCha20Poly1305 ? 12 : 4, 2)};
  }
  Packet sealed(std::size_t size) {
    Packet packet = pool.copy_of(Bytes(size, 9));
    EXPECT_TRUE(sealer.seal(ContentType::kApplicationData, packet));
    return packet;
  }

  PacketPool pool;
  RecordSealer sealer{GetParam(), keys()};
  RecordOpener opener{GetParam(), keys()};
};

TEST_P(RecordProtection, OpensWhatItSealedAndRefusesItTwice) {
  for (std::size_t size = 0; size < 200; ++size) {
    Packet record = sealed(size);
    EXPECT_EQ(record.size(), size + sealer.overhead());
    Packet again = pool.copy_of(std::as_const(record).bytes());
    ASSERT_EQ(opener.open(record), OpenResult::kOk);
    EXPECT_EQ(Bytes(record.data(), record.data() + record.size()), Bytes(size, 9));
    EXPECT_EQ(opener.open(again), OpenResult::kReplayed);
  }
}

TEST_P(RecordProtection, UsesEachSequenceNumberOnce) {
  for (std::uint64_t i = 0; i < 5; ++i) {
    const Packet packet = sealed(3);
    ByteView rest = packet.bytes();
    const auto record = take_record(rest);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->sequence, i);
    EXPECT_EQ(record->epoch, kProtectedEpoch);
  }
}

TEST_P(RecordProtection, RefusesRecordsThatAreTooShortToHoldATag) {
  for (std::size_t fragment = 1; fragment < sealer.overhead() - kRecordHeaderSize; ++fragment) {
    Packet packet = pool.copy_of(Bytes(kRecordHeaderSize + fragment));
    write_record_header(packet.bytes(), ContentType::kApplicationData, kProtectedEpoch, 0, fragment);
    EXPECT_EQ(opener.open(packet), OpenResult::kForged);
  }
}

TEST_P(RecordProtection, RefusesToSealWithoutRoom) {
  Packet packet = pool.copy_of(Bytes(Packet::kMaxPayload - 15));
  EXPECT_FALSE(sealer.seal(ContentType::kApplicationData, packet));
  EXPECT_EQ(packet.size(), Packet::kMaxPayload - 15);
}

INSTANTIATE_TEST_SUITE_P(Dtls, RecordProtection,
                         ::testing::Values(AeadAlgorithm::kAes128Gcm, AeadAlgorithm::kAes256Gcm,
                                           AeadAlgorithm::kChaCha20Poly1305));

}  // namespace
}  // namespace tidewire::dtls
