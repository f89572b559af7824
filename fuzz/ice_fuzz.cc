// Two agents under a script of bytes: calls of the owner, sockets and connections that come and go, timeouts, datagrams
// that arrive, are lost, doubled, garbled or made up, authentic ones among them. Bounds and the deadline's promise are
// asserted. The first byte chooses what the agents are.
#include <array>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "base/byte_reader.h"
#include "ice/agent.h"
#include "ice/candidate.h"
#include "ice/check_message.h"

using namespace tidewire;
using namespace tidewire::ice;

namespace {

struct Side {
  Side(Role role, bool lite, std::uint64_t seed)
      : agent({.role = role, .stun_servers = {*SocketAddress::parse("10.0.0.99:3478")}, .lite = lite},
              crypto::Random::from_test_seed(seed), pool) {}
  PacketPool pool;
  Agent agent;
  std::vector<StreamId> streams;
};

void check(bool holds) {
  if (!holds) std::abort();
}

class Script {
 public:
  explicit Script(ByteView bytes) : in_(bytes), setting_(in_.u8()) {}

  void run() {
    for (int steps = 0; !in_.empty() && steps < 400; ++steps) {
      const std::uint8_t op = in_.u8();
      step(op & 0x3f, op & 0x40 ? b_ : a_, op & 0x40 ? a_ : b_);
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
      case 18: agent.remove_local(socket(), now_); break;
      case 19: (void)agent.add_tcp_listener({.bound = socket(), .preference = in_.u8()}, now_); break;
      case 20: (void)agent.add_tcp_active({.bound = socket(), .preference = in_.u8()}, now_); break;
      case 21: add_shown_otherwise(agent); break;
      case 22: (void)agent.add_stun_server(socket(), now_); break;
      case 23: agent.add_server_reflexive(socket(), socket(), socket(), now_); break;
      case 24: agent.stream_opened(stream(self), socket(), now_); break;
      case 25: agent.stream_closed(stream(self), now_); break;
      case 26:
        if (const auto accepted = agent.stream_accepted(socket(), socket(), now_)) self.streams.push_back(*accepted);
        break;
      case 27: talk(self); break;
      case 28: add_passive(agent); break;
      case 29: (void)agent.set_remote_credentials({"odd!", std::string(22, 'x')}, now_); break;
      default: deliver(op); break;
    }
  }

  StreamId stream(const Side& side) {
    const std::uint8_t which = in_.u8();
    if (side.streams.empty() || which == 0xff) return StreamId{which};
    return side.streams[which % side.streams.size()];
  }

  void add_shown_otherwise(Agent& agent) {
    const std::uint8_t how = in_.u8();
    LocalSocket local{.bound = socket(), .preference = how};
    if (how & 1) local.mdns_name = "hidden.local";
    if (how & 2) local.public_ip = IpAddress::v4({203, 0, 113, how});
    (void)agent.add_local_socket(local, now_);
  }

  void add_passive(Agent& agent) {
    Candidate candidate{.foundation = "1", .protocol = Protocol::kTcp, .priority = in_.u32(), .address = socket()};
    candidate.tcp_type = TcpType::kPassive;
    (void)agent.add_remote_candidate(candidate, now_);
  }

  // Packets of the peer for a second or less, some milliseconds apart, until it falls silent.
  void talk(Side& side) {
    const auto pair = side.agent.selected_pair();
    if (!pair) return;
    for (int packets = in_.u8() % 64; packets > 0; --packets) {
      side.agent.note_packet({pair->local_address, pair->remote_address, pair->stream}, now_);
      now_ += std::chrono::milliseconds(20);
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
    const StreamId on = how & 32 ? stream(self) : StreamId{};
    self.agent.handle_input(Route{socket(), socket(), on}, packet.bytes(), now_);
  }

  void deliver(int op) {
    if (flying_.empty()) return;
    const std::uint8_t how = in_.u8();
    const std::size_t index = how % flying_.size();
    Datagram& datagram = flying_[index];
    if (how & 0x40) datagram.packet.bytes()[in_.u8() % datagram.packet.size()] ^= 1;
    for (Side* side : {&a_, &b_}) {
      // What left on a connection comes in on one of the other side's, or on a wrong one.
      const StreamId on = datagram.stream == StreamId{} ? StreamId{} : stream(*side);
      side->agent.handle_input(Route{datagram.remote, datagram.local, on}, datagram.packet.bytes(), now_);
    }
    if (op & 1) now_ += std::chrono::milliseconds(5);
    if (!(how & 0x80)) flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void settle(Side& side) {
    Agent& agent = side.agent;
    agent.handle_timeout(now_);
    check(agent.next_timeout() > now_);
    check(agent.pairs().size() <= Agent::kMaxPairs);
    check(agent.remote_candidates().size() <= Agent::kMaxRemoteCandidates + Agent::kMaxPeerReflexive);
    check(agent.local_candidates().size() <= 256);
    const bool connected = agent.state() == State::kConnected || agent.state() == State::kCompleted;
    check(!connected || agent.selected_pair().has_value());
    check(!lite(side) || agent.stats().requests_sent == 0);
    while (const auto event = agent.poll_event()) {
      if (const auto* wanted = std::get_if<OpenStream>(&*event)) side.streams.push_back(wanted->request.id);
      if (const auto* closed = std::get_if<CloseStream>(&*event)) std::erase(side.streams, closed->stream);
    }
    if (side.streams.size() > 64) side.streams.erase(side.streams.begin());
    while (auto datagram = agent.poll_transmit()) {
      const auto message = stun::MessageView::parse(datagram->packet.bytes());
      check(message.has_value());
      last_id_ = message->transaction_id();
      if (flying_.size() < 64) flying_.push_back(std::move(*datagram));
    }
  }

  bool lite(const Side& side) const { return (setting_ & (&side == &a_ ? 1 : 2)) != 0; }

  ByteReader in_;
  std::uint8_t setting_;
  Timestamp now_ = Timestamp{} + std::chrono::seconds(1);
  Side a_{Role::kControlling, (setting_ & 1) != 0, 1};
  Side b_{Role::kControlled, (setting_ & 2) != 0, 2};
  std::vector<Datagram> flying_;
  stun::TransactionId last_id_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script({data, size}).run();
  return 0;
}
