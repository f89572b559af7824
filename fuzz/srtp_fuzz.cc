// SRTP and SRTCP packets from the network, under each profile; and plaintext packets, through protection and back.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "srtp/session.h"
#include "srtp/test_packets.h"

namespace {

using namespace tidewire;

struct Ends {
  explicit Ends(crypto::SrtpProfile profile) : sender(srtp::test_key(profile)), receiver(srtp::test_key(profile)) {}
  srtp::Sender sender;
  srtp::Receiver receiver;
};

void require(bool ok) {
  if (!ok) std::abort();
}

void round_trip(PacketPool& pool, Ends& ends, ByteView bytes, bool rtcp) {
  Packet packet = pool.copy_of(bytes);
  if (!packet) return;
  const srtp::Status sent = rtcp ? ends.sender.protect_rtcp(packet) : ends.sender.protect_rtp(packet);
  if (sent != srtp::Status::kOk) return;
  const srtp::Status opened = rtcp ? ends.receiver.unprotect_rtcp(packet) : ends.receiver.unprotect_rtp(packet);
  require(opened == srtp::Status::kOk && packet.size() == bytes.size());
  require(std::equal(bytes.begin(), bytes.end(), packet.data()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr crypto::SrtpProfile kProfiles[] = {
      crypto::SrtpProfile::kAeadAes128Gcm, crypto::SrtpProfile::kAes128CmSha1_80, crypto::SrtpProfile::kAeadAes256Gcm};
  static PacketPool pool;
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  Ends ends(kProfiles[data[0] % 3]);
  for (const bool rtcp : {false, true}) {
    Packet packet = pool.copy_of(bytes);
    if (packet) (void)(rtcp ? ends.receiver.unprotect_rtcp(packet) : ends.receiver.unprotect_rtp(packet));
    round_trip(pool, ends, bytes, rtcp);
  }
  return 0;
}
