// Two agents under a script of bytes: calls of the owner, timeouts, datagrams that arrive, are lost, doubled, garbled
// or made up, authentic ones among them. Bounds and the deadline's promise are asserted.
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/check_message.h"

using namespace tidewire;
using namespace tidewire::ice;

namespace {

struct Side {
  Side(Role role, std::uint64_t seed)
      : agent({.role = role, .stun_servers = {*SocketAddress::parse("10.0.0.99:3478")}},
              crypto::Random::from_test_seed(seed), pool) {}
  PacketPool pool;
  Agent agent;
};

void check(bool holds) {
  if (!holds) std::abort();
}

class Script {
 public:
  explicit Script(ByteView bytes) : in_(bytes) {}

  void run() {
    for (int steps = 0; !in_.empty() && steps < 400; ++steps) {
      const std::uint8_t op = in_.u8();
      step(op & 0x1f, op & 0x20 ? b_ : a_, op & 0x20 ? a_ : b_);
      settle(a_);
      settle(b_);
    }
  }

 private:
  void step(int op, Side& self, Side& other) {
    Agent& agent = self.agent;
    switch (op) {
      case 0: (void)agent.add_local_socket(socket(), in_.u8(), now_); break;
      case 1: (void)agent.add_local_relay(socket(), socket(), in_.u8(), now_); break;
      case 2: agent.end_of_local_sockets(now_); break;
      case 3: (void)agent.set_remote_credentials(other.agent.local_credentials(), now_); break;
      case 4: agent.set_remote_lite(now_); break;
      case 5:
        (void)agent.add_remote_candidate({.foundation = "1", .priority = in_.u32(), .address = socket()}, now_);
        break;
      case 6: add_text(agent); break;
      case 7: agent.remote_name_resolved("a.local", socket().ip, now_); break;
      case 8: agent.remote_name_resolved("a.local", std::nullopt, now_); break;
      case 9: agent.end_of_remote_candidates(now_); break;
      case 10: (void)agent.set_role(in_.u8() & 1 ? Role::kControlling : Role::kControlled, now_); break;
      case 11: agent.restart({}, now_); break;
      case 12: agent.handle_input(socket(), socket(), in_.take(in_.u8()), now_); break;
      case 13: forge(self, other); break;
      case 14: (void)agent.pairs(), (void)agent.remote_candidates(); break;
      case 15:
        if (in_.u8() == 7) agent.close(now_);
        break;
      case 16: now_ += std::chrono::seconds(in_.u8()); break;
      case 17: now_ += std::chrono::milliseconds(in_.u8()); break;
      default: deliver(); break;
    }
  }

  SocketAddress socket() {
    const std::uint8_t which = in_.u8();
    const auto port = static_cast<std::uint16_t>(1000 + (which & 7));
    if (which & 0x80) return {IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, which & 1), port};
    return {IpAddress::v4({10, 0, 0, static_cast<std::uint8_t>(which >> 3 & 3)}), port};
  }

  void add_text(Agent& agent) {
    const ByteView text = in_.take(in_.u8());
    if (const auto candidate = parse_candidate(as_text(text))) {
      check(parse_candidate(to_string(*candidate)).has_value());
      (void)agent.add_remote_candidate(*candidate, now_);
    }
  }

  // A message under the right keys, with contents of the script's choice.
  void forge(Side& self, Side& other) {
    const std::uint8_t how = in_.u8();
    const Credentials& keys = self.agent.local_credentials();
    Packet packet;
    const std::string username = keys.ufrag + ":" + other.agent.local_credentials().ufrag;
    if ((how & 3) != 0) {
      packet = build_check(self.pool, {.username = username,
                                       .remote_pwd = keys.pwd,
                                       .role = how & 4 ? Role::kControlling : Role::kControlled,
                                       .tie_breaker = how & 8 ? ~0ULL : 0,
                                       .priority = in_.u8(),
                                       .use_candidate = (how & 16) != 0});
    } else {
      packet =
          build_error(self.pool, last_id_, how & 4 ? stun::ErrorNumber::kRoleConflict : stun::ErrorNumber::kServerError,
                      other.agent.local_credentials().pwd);
    }
    self.agent.handle_input(socket(), socket(), packet.bytes(), now_);
  }

  void deliver() {
    if (flying_.empty()) return;
    const std::uint8_t how = in_.u8();
    const std::size_t index = how % flying_.size();
    Datagram& datagram = flying_[index];
    if (how & 0x40) datagram.packet.bytes()[in_.u8() % datagram.packet.size()] ^= 1;
    for (Side* side : {&a_, &b_}) {
      side->agent.handle_input(datagram.remote, datagram.local, datagram.packet.bytes(), now_);
    }
    if (!(how & 0x80)) flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void settle(Side& side) {
    Agent& agent = side.agent;
    agent.handle_timeout(now_);
    check(agent.next_timeout() > now_);
    check(agent.pairs().size() <= Agent::kMaxPairs);
    check(agent.remote_candidates().size() <= Agent::kMaxRemoteCandidates + Agent::kMaxPeerReflexive);
    const bool connected = agent.state() == State::kConnected || agent.state() == State::kCompleted ||
                           agent.state() == State::kDisconnected;
    check(!connected || agent.selected_pair().has_value());
    while (agent.poll_event()) continue;
    while (auto datagram = agent.poll_transmit()) {
      const auto message = stun::MessageView::parse(datagram->packet.bytes());
      check(message.has_value());
      last_id_ = message->transaction_id();
      if (flying_.size() < 64) flying_.push_back(std::move(*datagram));
    }
  }

  ByteReader in_;
  Timestamp now_ = Timestamp{} + std::chrono::seconds(1);
  Side a_{Role::kControlling, 1};
  Side b_{Role::kControlled, 2};
  std::vector<Datagram> flying_;
  stun::TransactionId last_id_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script({data, size}).run();
  return 0;
}
