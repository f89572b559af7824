#include "sctp/connect.h"

#include <algorithm>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "crypto/hash.h"

namespace tidewire::sctp {

// RFC 9260 §5.1.3: what the passive side has to know when the cookie comes back.
struct Connect::Cookie {
  std::int64_t created = 0;  // ns
  std::uint32_t local_tag = 0;
  std::uint32_t peer_tag = 0;
  std::uint32_t peer_initial_tsn = 0;
  std::uint32_t a_rwnd = 0;
  std::uint16_t peer_outbound = 0;
  std::uint16_t peer_inbound = 0;
  bool forward_tsn = false;
  bool re_config = false;
  bool interleaving = false;
  bool zero_checksum = false;
  bool pad = false;

  static constexpr std::size_t kSize = 8 + 4 * 4 + 2 * 2 + 5;

  static Cookie from(const InitChunk& init, std::uint32_t local_tag, Timestamp now) {
    return {.created = now.time_since_epoch().count(),
            .local_tag = local_tag,
            .peer_tag = init.initiate_tag,
            .peer_initial_tsn = init.initial_tsn,
            .a_rwnd = init.a_rwnd,
            .peer_outbound = init.outbound_streams,
            .peer_inbound = init.inbound_streams,
            .forward_tsn = init.forward_tsn,
            .re_config = init.re_config,
            .interleaving = init.interleaving,
            .zero_checksum = init.zero_checksum_method == kErrorDetectionByDtls,
            .pad = init.pad};
  }
};

Connect::Connect(Core& core) : core_(core), timeout_(core.config.rto_initial) { core_.random.fill(secret_); }

void Connect::start() {
  if (core_.state != State::kIdle) return;
  core_.state = State::kCookieWait;
  send_init();
  restart_timer();
}

// The value of our INIT or (with a cookie) INIT ACK.
Bytes Connect::init_value(ByteView cookie) const {
  Bytes value(16);
  ByteWriter writer(value);
  writer.u32(core_.local_tag);
  writer.u32(ReceiveWindow::initial(core_.config));
  writer.u16(core_.config.streams);
  writer.u16(core_.config.streams);
  writer.u32(core_.initial_tsn);
  if (!cookie.empty()) append_parameter(value, kParamStateCookie, cookie);
  append_parameter(value, kParamForwardTsnSupported, {});
  Bytes extensions{static_cast<std::uint8_t>(ChunkType::kReConfig), static_cast<std::uint8_t>(ChunkType::kForwardTsn)};
  if (core_.config.pad) extensions.push_back(static_cast<std::uint8_t>(ChunkType::kPad));
  if (core_.config.interleaving) {
    extensions.push_back(static_cast<std::uint8_t>(ChunkType::kInterleavedData));
    extensions.push_back(static_cast<std::uint8_t>(ChunkType::kInterleavedForwardTsn));
  }
  append_parameter(value, kParamSupportedExtensions, extensions);
  if (core_.config.zero_checksum) {
    Bytes method(4);
    ByteWriter(method).u32(kErrorDetectionByDtls);
    append_parameter(value, kParamZeroChecksum, method);
  }
  return value;
}

void Connect::send_init() {
  init_sent_ = core_.now;
  // RFC 9260 §8.5.1 A: tag 0
  ControlChunk init = ControlChunk::make(ChunkType::kInit, init_value({}), 0);
  init.alone = true;
  core_.send_control(std::move(init));
}

void Connect::send_cookie_echo() { core_.send_control(ChunkType::kCookieEcho, cookie_); }

void Connect::restart_timer() { core_.timers.start(Timer::kInit, core_.now + timeout_); }

// RFC 9260 §5.1 B, §5.2.1, §5.2.2: the answer has the tag and TSN of our own INIT, if we sent one; we keep nothing.
void Connect::handle_init(const ChunkView& chunk) {
  const auto init = InitChunk::parse(chunk);
  // RFC 9260 §3.3.2: neither the tag nor a number of streams may be 0.
  if (!init || init->initiate_tag == 0 || init->outbound_streams == 0 || init->inbound_streams == 0) {
    ++core_.stats.chunks_dropped;
    return;
  }
  // DEVIATES RFC 9260 §5.2.2 because a peer that restarts has a new DTLS connection, and thus a new association here:
  // an INIT after the handshake is an old duplicate or an attack.
  if (core_.state != State::kIdle && core_.state != State::kCookieWait && core_.state != State::kCookieEchoed) {
    ++core_.stats.chunks_dropped;
    return;
  }
  const Bytes value = init_value(seal(Cookie::from(*init, core_.local_tag, core_.now)));
  ControlChunk answer = ControlChunk::make(ChunkType::kInitAck, value, init->initiate_tag);
  answer.alone = true;
  core_.send_control(std::move(answer));
}

void Connect::handle_init_ack(const ChunkView& chunk) {
  // RFC 9260 §5.2.3: at any other time it is a duplicate.
  if (core_.state != State::kCookieWait) {
    ++core_.stats.chunks_dropped;
    return;
  }
  const auto init = InitChunk::parse(chunk);
  if (!init || init->initiate_tag == 0 || init->outbound_streams == 0 || init->inbound_streams == 0 ||
      init->state_cookie.empty()) {
    ++core_.stats.chunks_dropped;
    return;
  }
  // RFC 9260 §6.3.1: the first measurement, unless it could be the answer to an earlier INIT.
  if (retransmits_ == 0) core_.tx.measure(core_.now - init_sent_, core_.now);
  adopt_peer(Cookie::from(*init, core_.local_tag, core_.now));
  cookie_.assign(init->state_cookie.begin(), init->state_cookie.end());
  // RFC 9260 §5.1 C
  core_.state = State::kCookieEchoed;
  retransmits_ = 0;
  timeout_ = core_.config.rto_initial;
  send_cookie_echo();
  restart_timer();
}

void Connect::adopt_peer(const Cookie& peer) {
  core_.peer_tag = peer.peer_tag;
  core_.outgoing_streams = std::min(core_.config.streams, peer.peer_inbound);
  core_.incoming_streams = std::min(core_.config.streams, peer.peer_outbound);
  core_.peer_re_config = peer.re_config;
  // RFC 8260 §2.2.1: when both have said so.
  core_.interleaving = core_.config.interleaving && peer.interleaving;
  core_.peer_pad = peer.pad;
  core_.peer_zero_checksum = peer.zero_checksum && core_.config.zero_checksum;
  core_.tx.set_peer(peer.a_rwnd, peer.forward_tsn, core_.interleaving);
  if (core_.rx && core_.peer_initial_tsn == peer.peer_initial_tsn) return;
  core_.peer_initial_tsn = peer.peer_initial_tsn;
  core_.rx.emplace(core_.config, peer.peer_initial_tsn, core_.interleaving, core_.pool.messages());
}

void Connect::establish() {
  core_.state = State::kEstablished;
  core_.errors = 0;
  core_.timers.stop(Timer::kInit);
  cookie_ = {};
  core_.emit(Connected{.outgoing_streams = core_.outgoing_streams,
                       .incoming_streams = core_.incoming_streams,
                       .peer_resets_streams = core_.peer_re_config,
                       .peer_skips_abandoned = core_.tx.peer_forward_tsn()});
}

bool Connect::handle_cookie_echo(const ChunkView& chunk) {
  const auto cookie = unseal(chunk.value);
  if (!cookie || cookie->local_tag != core_.local_tag) {
    ++core_.stats.chunks_dropped;
    return false;
  }
  const bool handshaking =
      core_.state == State::kIdle || core_.state == State::kCookieWait || core_.state == State::kCookieEchoed;
  // RFC 9260 §5.2.4 D: our COOKIE ACK was lost. A: the peer restarts, which is refused (see handle_init()). C: an old
  // one.
  if (!handshaking && cookie->peer_tag != core_.peer_tag) {
    ++core_.stats.chunks_dropped;
    return false;
  }
  const Timestamp created{Duration(cookie->created)};
  if (handshaking && core_.now - created > core_.config.cookie_lifetime) {
    // RFC 9260 §5.1.5: the measure of staleness, in microseconds
    const auto staleness = (core_.now - created - core_.config.cookie_lifetime) / std::chrono::microseconds(1);
    Bytes measure(4);
    ByteWriter(measure).u32(static_cast<std::uint64_t>(std::min<std::int64_t>(staleness, UINT32_MAX)));
    core_.send_error(Cause::kStaleCookie, measure, cookie->peer_tag);
    return false;
  }
  if (handshaking) {
    adopt_peer(*cookie);  // RFC 9260 §5.2.4 B and D, and §5.1 D
    establish();
  }
  core_.send_control(ChunkType::kCookieAck, {});
  return true;
}

void Connect::handle_cookie_ack() {
  // RFC 9260 §5.2.5: at any other time it is a duplicate.
  if (core_.state == State::kCookieEchoed) establish();
}

// RFC 9260 §5.2.6: begin again.
void Connect::handle_stale_cookie() {
  if (core_.state != State::kCookieEchoed) return;
  core_.state = State::kCookieWait;
  core_.peer_tag = 0;
  core_.peer_zero_checksum = false;
  core_.rx.reset();
  send_init();
  restart_timer();
}

// RFC 9260 §5.1 A, C: T1-init and T1-cookie
void Connect::handle_timeout() {
  if (core_.state != State::kCookieWait && core_.state != State::kCookieEchoed) return;
  if (++retransmits_ > core_.config.max_init_retransmits) {
    core_.close(CloseReason::kTimedOut, core_.state == State::kCookieWait ? "the peer does not answer INIT"
                                                                          : "the peer does not answer COOKIE ECHO");
    return;
  }
  if (core_.state == State::kCookieWait)
    send_init();
  else
    send_cookie_echo();
  timeout_ = std::min(timeout_ * 2, core_.config.rto_max);
  restart_timer();
}

Bytes Connect::seal(const Cookie& cookie) const {
  Bytes bytes(Cookie::kSize);
  ByteWriter writer(bytes);
  writer.u64(static_cast<std::uint64_t>(cookie.created));
  writer.u32(cookie.local_tag);
  writer.u32(cookie.peer_tag);
  writer.u32(cookie.peer_initial_tsn);
  writer.u32(cookie.a_rwnd);
  writer.u16(cookie.peer_outbound);
  writer.u16(cookie.peer_inbound);
  writer.u8(cookie.forward_tsn);
  writer.u8(cookie.re_config);
  writer.u8(cookie.interleaving);
  writer.u8(cookie.zero_checksum);
  writer.u8(cookie.pad);
  const crypto::Sha256Digest mac = crypto::hmac_sha256(secret_, bytes);
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  return bytes;
}

std::optional<Connect::Cookie> Connect::unseal(ByteView bytes) const {
  if (bytes.size() != Cookie::kSize + sizeof(crypto::Sha256Digest)) return std::nullopt;
  const ByteView content = bytes.first(Cookie::kSize);
  const crypto::Sha256Digest mac = crypto::hmac_sha256(secret_, content);
  if (!crypto::equal_in_constant_time(mac, bytes.subspan(Cookie::kSize))) return std::nullopt;
  ByteReader reader(content);
  Cookie cookie;
  cookie.created = static_cast<std::int64_t>(reader.u64());
  cookie.local_tag = reader.u32();
  cookie.peer_tag = reader.u32();
  cookie.peer_initial_tsn = reader.u32();
  cookie.a_rwnd = reader.u32();
  cookie.peer_outbound = reader.u16();
  cookie.peer_inbound = reader.u16();
  cookie.forward_tsn = reader.u8() != 0;
  cookie.re_config = reader.u8() != 0;
  cookie.interleaving = reader.u8() != 0;
  cookie.zero_checksum = reader.u8() != 0;
  cookie.pad = reader.u8() != 0;
  return cookie;
}

}  // namespace tidewire::sctp
