// A TURN client under a script of bytes: calls of the owner, timeouts, and answers of a server that are right, wrong,
// authentic, garbled or made up. Bounds and the deadline's promise are asserted.
#include <array>
#include <cstdlib>
#include <vector>

#include "base/byte_reader.h"
#include "stun/builder.h"
#include "turn/client.h"
#include "turn/long_term_credential.h"

using namespace tidewire;
using namespace tidewire::turn;
using stun::AttributeType;

namespace {

const SocketAddress kLocal{IpAddress::v4({10, 0, 0, 2}), 6000};
const SocketAddress kServer{IpAddress::v4({192, 0, 2, 1}), 3478};

void check(bool holds) {
  if (!holds) std::abort();
}

class Script {
 public:
  explicit Script(ByteView bytes) : in_(bytes), client_(config(), crypto::Random::from_test_seed(1), pool_) {}

  void run() {
    for (int steps = 0; !in_.empty() && steps < 400; ++steps) {
      step(in_.u8());
      settle();
    }
  }

 private:
  ClientConfig config() {
    const std::uint8_t how = in_.u8();
    ClientConfig config{.local = kLocal, .server = kServer, .username = "user", .password = "secret"};
    if (how & 1) config.stream = StreamId{1};
    if (how & 2) config.known_realm = KnownRealm{.realm = "r", .nonce = "n"};
    if (how & 4) config.family = RelayedFamily::kIpv6;
    if (how & 8) config.family = RelayedFamily::kBoth;
    return config;
  }

  void step(std::uint8_t op) {
    switch (op & 0x0f) {
      case 0: client_.start(now_); break;
      case 1: client_.allow(peer(), now_); break;
      case 2: wrap(); break;
      case 3: input(in_.take(in_.u8())); break;
      case 4:
        if (in_.u8() == 7) client_.close(now_);
        break;
      case 5:
        if (in_.u8() == 7) client_.handle_stream_closed(now_);
        break;
      case 6: now_ += std::chrono::seconds(in_.u8()); break;
      case 7: now_ = std::min(now_ + std::chrono::hours(1), std::max(now_, client_.next_timeout())); break;
      case 8: from_peer(); break;
      default: answer(op); break;
    }
  }

  SocketAddress peer() {
    const std::uint8_t which = in_.u8();
    const auto port = static_cast<std::uint16_t>(1000 + (which & 7));
    if (which & 0x80) return {IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), port};
    return {IpAddress::v4({203, 0, 113, static_cast<std::uint8_t>(which >> 3)}), port};
  }

  void wrap() {
    const SocketAddress to = peer();
    Packet packet = pool_.copy_of(in_.take(in_.u8()));
    const std::size_t size = packet.size();
    if (in_.u8() & 1) check(packet.prepend(packet.headroom()));
    const bool allocated = client_.state() == ClientState::kAllocated;
    const auto datagram = client_.wrap(std::move(packet), to, now_);
    check(!datagram || (allocated && datagram->packet.size() > size && datagram->remote == kServer));
  }

  void input(ByteView bytes) {
    const bool allocated = client_.state() == ClientState::kAllocated;
    const auto data = client_.handle_input(
        {.local = kLocal, .remote = kServer, .packet = pool_.copy_of(bytes), .stream = client_.config().stream}, now_);
    check(!data || (allocated && data->packet.size() <= bytes.size()));
    check(!data || data->local == *client_.relayed_address() || data->local == client_.relayed_v6_address());
    check(!data || data->local.ip.is_v6() == data->remote.ip.is_v6());
  }

  void from_peer() {
    std::array<std::uint8_t, 300> buffer;
    stun::MessageBuilder builder(buffer, stun::MessageClass::kIndication, stun::Method::kData, {});
    builder.add_xor_address(AttributeType::kXorPeerAddress, peer());
    builder.add(AttributeType::kData, in_.take(in_.u8() & 0x3f));
    if (const auto built = builder.finish()) input(*built);
  }

  // An answer to one of the newest requests, with contents of the script's choice.
  void answer(std::uint8_t op) {
    if (requests_.empty()) return;
    const Bytes& bytes = requests_[in_.u8() % requests_.size()];
    const auto request = *stun::MessageView::parse(bytes);
    const std::uint8_t how = in_.u8();
    std::array<std::uint8_t, 600> buffer;
    const bool success = (op & 0x10) != 0;
    stun::MessageBuilder builder(buffer, success ? stun::MessageClass::kSuccess : stun::MessageClass::kError,
                                 request.method(), request.transaction_id());
    if (success) {
      add_success(builder, how);
    } else {
      add_error(builder, how);
    }
    if (how & 0x20) builder.add(static_cast<AttributeType>(in_.u16()), in_.take(in_.u8() & 0x1f));
    sign(builder, how);
    if (const auto built = builder.finish()) input(*built);
  }

  void add_success(stun::MessageBuilder& builder, std::uint8_t how) {
    if (how & 1) builder.add_xor_address(AttributeType::kXorRelayedAddress, how & 8 ? peer() : kServer);
    if (how & 0x10) builder.add_xor_address(AttributeType::kXorRelayedAddress, peer());
    if (how & 2) builder.add_xor_address(AttributeType::kXorMappedAddress, kLocal);
    if (how & 4) builder.add_u32(AttributeType::kLifetime, in_.u16());
  }

  void add_error(stun::MessageBuilder& builder, std::uint8_t how) {
    constexpr std::array<std::uint16_t, 13> kCodes{401, 438, 300, 400, 403, 437, 440, 441, 443, 486, 500, 508, 699};
    builder.add_error_code(static_cast<stun::ErrorNumber>(kCodes[in_.u8() % kCodes.size()]));
    constexpr std::array<std::string_view, 4> kNonces{"n", "m", "obMatJos2AAABx", "obMatJos2gAAAx"};
    if (how & 1) builder.add_text(AttributeType::kRealm, how & 8 ? "s" : "r");
    if (how & 2) builder.add_text(AttributeType::kNonce, kNonces[in_.u8() % kNonces.size()]);
    if (how & 4) builder.add(AttributeType::kPasswordAlgorithms, in_.take(in_.u8() & 0x1f));
  }

  void sign(stun::MessageBuilder& builder, std::uint8_t how) {
    if (!(how & 0x40) || !client_.known_realm()) return;
    const KnownRealm& known = *client_.known_realm();
    const LongTermKey key("user", known.realm, "secret", known.algorithm);
    if (known.password_algorithms.empty()) {
      builder.add_integrity(key.bytes());
    } else {
      builder.add_integrity_sha256(key.bytes());
    }
  }

  void settle() {
    client_.handle_timeout(now_);
    check(client_.next_timeout() > now_);
    while (client_.poll_event()) continue;
    while (auto datagram = client_.poll_transmit()) {
      check(datagram->remote == kServer && datagram->local == kLocal);
      const auto message = stun::MessageView::parse(datagram->packet.bytes());
      check(message.has_value());
      if (requests_.size() >= 32) requests_.erase(requests_.begin());
      requests_.emplace_back(message->bytes().begin(), message->bytes().end());
    }
    const bool ended = client_.state() == ClientState::kFailed || client_.state() == ClientState::kClosed;
    check(!ended || client_.next_timeout() == kNever);
    check((client_.state() == ClientState::kAllocated) == client_.relayed_address().has_value());
    check(!client_.relayed_v6_address() || client_.relayed_address()->ip.is_v4());
  }

  ByteReader in_;
  PacketPool pool_;
  Timestamp now_ = Timestamp{} + std::chrono::seconds(1);
  Client client_;
  std::vector<Bytes> requests_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script({data, size}).run();
  return 0;
}
