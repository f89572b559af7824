// A whole session under a script of datagrams, timeouts and API calls. The first byte chooses whom it talks to: a
// browser of which only the offer is there (the script forges its checks and says the rest), or a session that is
// connected to it and whose datagrams the script passes on, spoils, doubles, loses.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "ice/check_message.h"
#include "tidewire/session.h"

namespace {

using namespace tidewire;
using namespace std::chrono_literals;

void check(bool holds) {
  if (!holds) std::abort();
}

const SocketAddress kTarget = *SocketAddress::parse("198.51.100.3:5000");
const SocketAddress kPeer = *SocketAddress::parse("192.0.2.2:57657");
const SocketAddress kStranger = *SocketAddress::parse("203.0.113.9:9");

// What Chromium offers, without the codecs that nobody chooses.
constexpr std::string_view kTransportLines =
    "c=IN IP4 192.0.2.2\r\na=ice-ufrag:gBSC\r\na=ice-pwd:feliTFUoehiJiS5Ow9XHjIOh\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 9C:07:CE:05:BA:E1:40:6B:ED:3E:D5:6C:72:C3:52:4B:09:81:F4:D8:02:2F:1C:E6:B4:99:EC:2E:9C:BF:"
    "9A:D7\r\na=setup:actpass\r\na=candidate:1382766429 1 udp 2122194687 192.0.2.2 57657 typ host generation 0\r\n";
constexpr std::string_view kPeerUfrag = "gBSC";

std::string browser_offer() {
  std::string sdp = "v=0\r\no=- 4644196225710787965 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n";
  sdp.append("m=audio 57657 UDP/TLS/RTP/SAVPF 111\r\n").append(kTransportLines);
  sdp.append(
      "a=mid:0\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
      "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=ssrc:1496263576 cname:QQ9\r\n");
  sdp.append("m=video 57657 UDP/TLS/RTP/SAVPF 96 97\r\n").append(kTransportLines);
  sdp.append(
      "a=mid:1\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
      "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n"
      "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc-group:FID 3950549496 1245568040\r\n"
      "a=ssrc:3950549496 cname:QQ9\r\na=ssrc:1245568040 cname:QQ9\r\n");
  sdp.append("m=application 57657 UDP/DTLS/SCTP webrtc-datachannel\r\n").append(kTransportLines);
  return sdp.append("a=mid:2\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n");
}

SessionConfig config(std::uint8_t seed) {
  SessionConfig config{.wall_clock = {Timestamp{1h}, UnixTime{std::chrono::hours(24 * 365 * 55)}}};
  config.random_seed.fill(seed);
  return config;
}

// The value of the first line that begins with `name`.
std::string attribute(const std::string& sdp, std::string_view name) {
  const std::size_t at = sdp.find(name);
  check(at != std::string::npos);
  const std::size_t begin = at + name.size();
  return sdp.substr(begin, sdp.find('\r', begin) - begin);
}

class Script {
 public:
  explicit Script(ByteView bytes) : in_(bytes), target_(config(1)) {
    const std::uint8_t how = in_.u8();
    if (how & 1U) {
      connect_to_session(how);
    } else {
      target_.set_remote_description({SdpType::kOffer, browser_offer()}, now_).value();
    }
    if (how & 2U) answer();
    const std::string sdp = target_.local_description().value_or(SessionDescription{}).sdp;
    if (!sdp.empty()) ufrag_ = attribute(sdp, "a=ice-ufrag:"), pwd_ = attribute(sdp, "a=ice-pwd:");
  }

  void run() {
    for (int steps = 0; !in_.empty() && steps < 250; ++steps) {
      step(in_.u8());
      settle();
    }
    target_.close(now_);
    settle();
    check(target_.connection_state() == PeerConnectionState::kClosed && target_.next_timeout() == kNever);
  }

 private:
  void answer() {
    open_sockets();
    if (target_.signaling_state() != SignalingState::kHaveRemoteOffer) return;
    target_.set_local_description(target_.create_answer().value(), now_).value();
  }

  void open_sockets() {
    if (std::exchange(has_socket_, true)) return;
    target_.add_local_socket(kTarget, 65535, now_).value();
    target_.end_of_local_sockets(now_);
  }

  void connect_to_session(std::uint8_t how) {
    peer_.emplace(config(2));
    open_sockets();
    peer_->add_local_socket(kPeer, 65535, now_).value();
    peer_->end_of_local_sockets(now_);
    peer_->add_track(MediaKind::kVideo).value();
    channel_ = peer_->create_data_channel("c").value();
    peer_->set_local_description(now_).value();
    target_.add_track(MediaKind::kVideo).value();
    target_.set_remote_description(*peer_->local_description(), now_).value();
    target_.set_local_description(now_).value();
    peer_->set_remote_description(*target_.local_description(), now_).value();
    settle();
    for (int i = 0; i < (how & 4U ? 60 : 2); ++i) {
      deliver_all();
      pass(10ms);
      settle();
    }
  }

  void step(std::uint8_t op) {
    switch (op % 16) {
      case 0: return hear(kPeer, some_bytes());
      case 1: return hear(in_.u8() & 1U ? kStranger : kPeer, some_bytes());
      case 2: return forge_check();
      case 3: return deliver();
      case 4: return deliver_all();
      case 5: return pass(std::chrono::milliseconds(in_.u8()));
      case 6: return pass(std::chrono::milliseconds(in_.u8()) * 100);
      case 7: return negotiate(in_.u8());
      case 8: return media(in_.u8());
      case 9: return data(in_.u8());
      case 10: return speak_of_candidates();
      case 11: return peer_speaks();
      case 12: return static_cast<void>(target_.stats(now_));
      case 13:
        if (in_.u8() == 7) target_.close(now_);
        return;
      default: return deliver();
    }
  }

  ByteView some_bytes() { return in_.take(std::min<std::size_t>(in_.u8(), in_.remaining())); }

  void hear(const SocketAddress& from, ByteView bytes) {
    target_.handle_input({kTarget, from, target_.pool().copy_of(bytes)}, now_);
  }

  void forge_check() {
    const std::uint8_t how = in_.u8();
    const std::string username = ufrag_ + ":" + std::string(kPeerUfrag);
    const Packet packet = ice::build_check(pool_, {.id = {in_.u8()},
                                                   .username = username,
                                                   .remote_pwd = pwd_,
                                                   .role = how & 4U ? ice::Role::kControlled : ice::Role::kControlling,
                                                   .tie_breaker = how & 8U ? ~std::uint64_t{0} : 0,
                                                   .priority = how * std::uint32_t{65'536},
                                                   .use_candidate = (how & 16U) != 0});
    if (packet) hear(how & 1U ? kPeer : kStranger, packet.bytes());
  }

  // One of the datagrams on their way arrives: as it is, spoilt, cut, or twice.
  void deliver() {
    if (flying_.empty()) return;
    const std::uint8_t how = in_.u8();
    Datagram& datagram = flying_[how % flying_.size()];
    const Bytes bytes(datagram.packet.bytes().begin(), datagram.packet.bytes().end());
    Bytes changed = bytes;
    if (how & 0x20U) changed[std::min<std::size_t>(in_.u8(), changed.size() - 1)] ^= in_.u8();
    if (how & 0x40U) changed.resize(std::min<std::size_t>(in_.u8(), changed.size()));
    arrive({datagram.local, datagram.remote, pool_.copy_of(changed)});
    if (!(how & 0x80U)) flying_.erase(flying_.begin() + how % static_cast<std::ptrdiff_t>(flying_.size()));
  }
  void deliver_all() {
    for (auto flying = std::exchange(flying_, {}); Datagram & datagram : flying) arrive(std::move(datagram));
  }
  void arrive(Datagram datagram) {
    std::swap(datagram.local, datagram.remote);
    if (datagram.local == kTarget) {
      target_.handle_input(std::move(datagram), now_);
    } else if (peer_) {
      peer_->handle_input(std::move(datagram), now_);
    }
  }

  void pass(Duration time) {
    now_ += time;
    target_.handle_timeout(now_);
    if (peer_) peer_->handle_timeout(now_);
  }

  void negotiate(std::uint8_t how) {
    switch (how % 10) {
      case 0: return answer();
      case 1: static_cast<void>(target_.set_local_description(now_)); return;
      case 2: static_cast<void>(target_.set_remote_description({SdpType::kOffer, browser_offer()}, now_)); return;
      case 3: static_cast<void>(target_.set_local_description({SdpType::kRollback, ""}, now_)); return;
      case 4: static_cast<void>(target_.set_remote_description({SdpType::kRollback, ""}, now_)); return;
      case 5: static_cast<void>(target_.restart_ice()); return;
      case 6: static_cast<void>(target_.create_offer({.ice_restart = (how & 0x80U) != 0})); return;
      case 7:  // a browser's text with a byte changed
      {
        std::string sdp = browser_offer();
        sdp[(in_.u8() * 256U + in_.u8()) % sdp.size()] = static_cast<char>(in_.u8());
        static_cast<void>(target_.set_remote_description({SdpType::kOffer, sdp}, now_));
        return;
      }
      default: return renegotiate_with_peer();
    }
  }
  void renegotiate_with_peer() {
    if (!peer_ || !peer_->set_local_description(now_)) return;
    if (!target_.set_remote_description(*peer_->local_description(), now_)) return;
    if (target_.set_local_description(now_)) {
      static_cast<void>(peer_->set_remote_description(*target_.local_description(), now_));
    }
  }

  void media(std::uint8_t how) {
    const auto all = target_.transceivers();
    const TransceiverId id = all.empty() ? TransceiverId(how) : all[how / 8 % all.size()].id;
    switch (how % 8) {
      case 0:
        if (all.size() < 8)
          static_cast<void>(target_.add_transceiver(how & 0x80U ? MediaKind::kAudio : MediaKind::kVideo));
        return;
      case 1: static_cast<void>(target_.add_track(how & 0x80U ? MediaKind::kAudio : MediaKind::kVideo)); return;
      case 2: static_cast<void>(target_.remove_track(id)); return;
      case 3: static_cast<void>(target_.set_direction(id, static_cast<RtpTransceiverDirection>(in_.u8() % 4))); return;
      case 4: static_cast<void>(target_.stop(id)); return;
      case 5: return target_.request_key_frame(id, now_);
      default: send_frame(target_, id, how); return;
    }
  }

  void send_frame(Session& session, TransceiverId id, std::uint8_t how) {
    EncodedFrame frame{.payload = {0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1}, .key_frame = true};
    if (how & 0x40U) frame = {.codec = CodecType::kOpus, .payload = {0x78, 1, 2}, .key_frame = true};
    frame.payload.resize(std::size_t{in_.u8()} * 32 + 12);
    frame.rtp_timestamp = timestamp_ += 2970;
    static_cast<void>(session.send_frame(id, frame, now_));
  }

  void data(std::uint8_t how) {
    const ChannelId id(1U + how / 8U % 4U);
    switch (how % 8) {
      case 0: static_cast<void>(target_.create_data_channel("d", {.ordered = (how & 0x80U) != 0})); return;
      case 1: static_cast<void>(target_.create_data_channel("n", {.negotiated = true, .id = how / 8})); return;
      case 2: return target_.close_data_channel(id, now_);
      case 3: return target_.set_buffered_amount_low_threshold(id, how * 16U);
      case 4: static_cast<void>(target_.send_text(id, how & 0x80U ? "text" : "", now_)); return;
      default: static_cast<void>(target_.send_binary(id, Bytes(std::size_t{in_.u8()} * 300), now_)); return;
    }
  }

  void speak_of_candidates() {
    const std::uint8_t how = in_.u8();
    IceCandidateInit candidate{.sdp_mid = "0"};
    if (how & 1U) candidate.candidate = "candidate:1 1 udp 2122194687 203.0.113.9 9 typ host";
    if (how & 2U) candidate.candidate = "candidate:1 1 udp 2122194687 a.local 9 typ host";
    if (how & 4U) candidate.candidate = as_text(some_bytes());
    static_cast<void>(target_.add_ice_candidate(candidate, now_));
    if (how & 8U) target_.name_resolved("a.local", kStranger.ip, now_);
    if (how & 16U) target_.name_resolved("a.local", std::nullopt, now_);
  }

  void peer_speaks() {
    const std::uint8_t how = in_.u8();
    if (!peer_) return;
    const auto all = peer_->transceivers();
    switch (how % 4) {
      case 0: static_cast<void>(peer_->send_binary(channel_, Bytes(std::size_t{in_.u8()} * 100), now_)); return;
      case 1: return peer_->close_data_channel(channel_, now_);
      case 2:
        if (!all.empty()) send_frame(*peer_, all[0].id, 0);
        return;
      case 3:
        if (how == 255) peer_->close(now_);
        return;
    }
  }

  void settle() {
    drain(target_);
    if (peer_) drain(*peer_);
    check(target_.next_timeout() > now_ || handled_in_time());
  }
  // Nothing may be due again and again at the same moment.
  bool handled_in_time() {
    for (int i = 0; i < 4; ++i) {
      target_.handle_timeout(now_);
      drain(target_);
      if (target_.next_timeout() > now_) return true;
    }
    return false;
  }

  void drain(Session& session) {
    int sent = 0;
    while (auto datagram = session.poll_transmit(now_)) {
      check(!datagram->packet.empty() && ++sent < 20'000);
      if (flying_.size() < 256) flying_.push_back(std::move(*datagram));
    }
    int events = 0;
    while (session.poll_event()) check(++events < 20'000);
  }

  ByteReader in_;
  Timestamp now_{1h};
  PacketPool pool_{64};
  Session target_;
  std::optional<Session> peer_;
  bool has_socket_ = false;
  std::string ufrag_;
  std::string pwd_;
  ChannelId channel_;
  std::uint32_t timestamp_ = 0;
  std::deque<Datagram> flying_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Script({data, size}).run();
  return 0;
}
