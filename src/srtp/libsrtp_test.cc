// Our packets are opened by libsrtp2 and libsrtp2's by us.
#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include <memory>

#include "srtp/session.h"
#include "srtp/test_packets.h"

namespace tidewire::srtp {
namespace {

// One direction of libsrtp2.
class Reference {
 public:
  Reference(const SrtpMasterKey& master, bool outbound) : key_(master.key) {
    static const srtp_err_status_t kInit = srtp_init();
    EXPECT_EQ(kInit, srtp_err_status_ok);
    key_.insert(key_.end(), master.salt.begin(), master.salt.end());
    srtp_policy_t policy{};
    switch (master.profile) {
      case SrtpProfile::kAes128CmSha1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
      case SrtpProfile::kAeadAes128Gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
      case SrtpProfile::kAeadAes256Gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        break;
    }
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = key_.data();
    policy.window_size = 1024;
    srtp_t session = nullptr;
    EXPECT_EQ(srtp_create(&session, &policy), srtp_err_status_ok);
    session_.reset(session);
  }

  template <typename Function>
  Bytes run(Function function, ByteView packet) {
    Bytes buffer(packet.begin(), packet.end());
    buffer.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
    int size = static_cast<int>(packet.size());
    if (function(session_.get(), buffer.data(), &size) != srtp_err_status_ok) return {};
    buffer.resize(static_cast<std::size_t>(size));
    return buffer;
  }

 private:
  struct Free {
    void operator()(srtp_t session) const { srtp_dealloc(session); }
  };
  Bytes key_;
  std::unique_ptr<srtp_ctx_t_, Free> session_;
};

class AgainstLibsrtp : public ::testing::TestWithParam<SrtpProfile> {
 protected:
  PacketPool pool;
  SrtpMasterKey key = test_key(GetParam());
};

TEST_P(AgainstLibsrtp, OursAreOpenedThereAcrossARollOver) {
  Sender sender(key);
  Reference reference(key, false);
  for (std::uint32_t i = 65400; i < 65700; ++i) {
    const Bytes rtp = rtp_packet(
        {.sequence = static_cast<std::uint16_t>(i), .payload = i % 200, .csrcs = i % 3, .extension_words = i % 4});
    Packet packet = pool.copy_of(rtp);
    ASSERT_EQ(sender.protect_rtp(packet), Status::kOk);
    ASSERT_EQ(reference.run(srtp_unprotect, std::as_const(packet).bytes()), rtp) << i;
    const Bytes rtcp = rtcp_packet(77, 8 + 4 * (i % 40));
    packet = pool.copy_of(rtcp);
    ASSERT_EQ(sender.protect_rtcp(packet), Status::kOk);
    ASSERT_EQ(reference.run(srtp_unprotect_rtcp, std::as_const(packet).bytes()), rtcp) << i;
  }
}

TEST_P(AgainstLibsrtp, TheirsAreOpenedHereAcrossARollOver) {
  Receiver receiver(key);
  Reference reference(key, true);
  for (std::uint32_t i = 65400; i < 65700; ++i) {
    const Bytes rtp = rtp_packet(
        {.sequence = static_cast<std::uint16_t>(i), .payload = i % 200, .csrcs = i % 3, .extension_words = i % 4});
    Packet packet = pool.copy_of(reference.run(srtp_protect, rtp));
    ASSERT_EQ(receiver.unprotect_rtp(packet), Status::kOk) << i;
    ASSERT_EQ(Bytes(packet.data(), packet.data() + packet.size()), rtp);
    const Bytes rtcp = rtcp_packet(77, 8 + 4 * (i % 40));
    packet = pool.copy_of(reference.run(srtp_protect_rtcp, rtcp));
    ASSERT_EQ(receiver.unprotect_rtcp(packet), Status::kOk) << i;
    ASSERT_EQ(Bytes(packet.data(), packet.data() + packet.size()), rtcp);
  }
}

INSTANTIATE_TEST_SUITE_P(Srtp, AgainstLibsrtp,
                         ::testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmSha1_80,
                                           SrtpProfile::kAeadAes256Gcm),
                         [](const auto& profile) { return std::string(to_string(profile.param)); });

}  // namespace
}  // namespace tidewire::srtp
