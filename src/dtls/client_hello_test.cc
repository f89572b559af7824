// Today's browsers open with a DTLS 1.3 ClientHello of some 1400 bytes in two fragments, one record and datagram
// each, and fall back to DTLS 1.2. The server has to put the fragments together however they come.
#include <gtest/gtest.h>

#include "base/byte_writer.h"
#include "dtls/endpoint.h"
#include "dtls/endpoint_pair.h"

namespace tidewire::dtls {
namespace {

using namespace std::chrono_literals;
using Fate = EndpointPair::Fate;

constexpr std::size_t kMessageHeader = 12;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kServerHello = 2;

std::optional<Bytes> client_hello_body(ByteView datagram) {
  const std::optional<Record> record = take_record(datagram);
  if (!record || record->epoch != 0 || record->type != ContentType::kHandshake) return std::nullopt;
  if (record->fragment[0] != kClientHello) return std::nullopt;
  const ByteView body = record->fragment.subspan(kMessageHeader);
  return Bytes(body.begin(), body.end());
}

// A record with the part [offset, offset + size) of message 0 (RFC 6347 §4.2.2).
Bytes fragment(ByteView body, std::size_t offset, std::size_t size, std::uint64_t sequence) {
  Bytes datagram(kRecordHeaderSize + kMessageHeader + size);
  write_record_header(datagram, ContentType::kHandshake, 0, sequence, kMessageHeader + size);
  ByteWriter writer(MutableByteView(datagram).subspan(kRecordHeaderSize));
  writer.u8(kClientHello);
  writer.u24(body.size());
  writer.u16(0);
  writer.u24(offset);
  writer.u24(size);
  writer.bytes(body.subspan(offset, size));
  return datagram;
}

struct Split {
  const char* name;
  // For the nth ClientHello that is sent: which of its two fragments arrive, and how late.
  std::vector<std::vector<std::pair<int, Duration>>> sendings;
};

class SplitClientHello : public ::testing::TestWithParam<Split> {};

TEST_P(SplitClientHello, Connects) {
  for (const std::size_t at : {1U, 2U, 34U, 100U, 0U}) {
    SCOPED_TRACE(testing::Message() << "split at " << at << " (0: before the last byte)");
    EndpointPair pair;
    std::size_t sending = 0;
    std::uint64_t sequence = 0;
    pair.fate = [&](const Transit& t) {
      const std::optional<Bytes> body = t.from_client ? client_hello_body(t.datagram) : std::nullopt;
      if (!body) return Fate{{t.datagram, 0ms}};
      const std::size_t cut = at == 0 ? body->size() - 1 : at;
      const Bytes parts[2] = {fragment(*body, 0, cut, sequence),
                              fragment(*body, cut, body->size() - cut, sequence + 1)};
      sequence += 2;
      Fate fate;
      const auto& sendings = GetParam().sendings;
      for (const auto& [part, late] : sendings[std::min(sending++, sendings.size() - 1)]) {
        fate.push_back({parts[part], late});
      }
      return fate;
    };
    pair.connect();
    ASSERT_TRUE(pair.client.connected && pair.server.connected) << pair.server.failed.value_or("still trying");
    EXPECT_LE(pair.server.connected_at - Timestamp(1000s), 300ms);
  }
}

INSTANTIATE_TEST_SUITE_P(
    DtlsClientHello, SplitClientHello,
    ::testing::Values(Split{"InOrder", {{{0, 0ms}, {1, 0ms}}}}, Split{"Reversed", {{{1, 0ms}, {0, 1ms}}}},
                      Split{"FirstLost", {{{1, 0ms}}, {{0, 0ms}, {1, 0ms}}}},
                      Split{"SecondLost", {{{0, 0ms}}, {{0, 0ms}, {1, 0ms}}}},
                      Split{"FirstLostThenSecondLost", {{{1, 0ms}}, {{0, 0ms}}}},
                      Split{"SecondLostThenFirstLost", {{{0, 0ms}}, {{1, 0ms}}}},
                      Split{"Duplicated", {{{0, 0ms}, {0, 1ms}, {1, 2ms}, {1, 3ms}, {0, 4ms}}}},
                      Split{"DuplicatedAndReversed", {{{1, 0ms}, {1, 1ms}, {0, 2ms}, {0, 3ms}, {1, 4ms}}}}),
    [](const auto& split) { return std::string(split.param.name); });

// A ClientHello as a browser's: DTLS 1.3 and 1.2 offered, and a key share of the size of ML-KEM-768 with X25519.
Bytes browser_client_hello(ByteView plain) {
  Bytes body(plain.begin(), plain.end());
  // After version 2, random 32, session id 1 and cookie 1 come cipher suites, compression, extensions.
  std::size_t at = 2 + 32 + 1 + 1;
  at += 2 + (std::size_t{body[at]} << 8 | body[at + 1]);
  at += 1 + body[at];
  const std::size_t extensions = at;
  Bytes more(2048);
  ByteWriter writer(more);
  writer.u16(43);  // supported_versions (RFC 8446 §4.2.1)
  writer.u16(5);
  writer.u8(4);
  writer.u16(0xfefc);
  writer.u16(0xfefd);
  writer.u16(51);  // key_share (§4.2.8)
  writer.u16(2 + 4 + 1216);
  writer.u16(4 + 1216);
  writer.u16(0x11ec);
  writer.u16(1216);
  writer.zeroes(1216);
  const ByteView added = writer.written();
  body.insert(body.end(), added.begin(), added.end());
  ByteWriter(MutableByteView(body).subspan(extensions, 2)).u16(body.size() - extensions - 2);
  return body;
}

TEST(DtlsClientHello, OfDtls13In1400BytesIsAnsweredWithAServerHelloOfDtls12) {
  for (const bool reversed : {false, true}) {
    EndpointPair pair;
    pair.client.endpoint.start(pair.now);
    const std::optional<Packet> opening = pair.client.endpoint.poll_transmit();
    ASSERT_TRUE(opening);
    const Bytes body = browser_client_hello(*client_hello_body(opening->bytes()));
    ASSERT_GT(body.size(), 1350U);
    const Bytes first = fragment(body, 0, 1150, 0);
    const Bytes second = fragment(body, 1150, body.size() - 1150, 1);
    pair.server.endpoint.start(pair.now);
    pair.server.endpoint.handle_input(pair.pool.copy_of(reversed ? second : first), pair.now);
    EXPECT_FALSE(pair.server.endpoint.poll_transmit());
    pair.server.endpoint.handle_input(pair.pool.copy_of(reversed ? first : second), pair.now);
    const std::optional<Packet> answer = pair.server.endpoint.poll_transmit();
    ASSERT_TRUE(answer);
    ByteView rest = answer->bytes();
    const std::optional<Record> record = take_record(rest);
    ASSERT_TRUE(record);
    // Not a HelloVerifyRequest (3): ICE has verified the path already.
    ASSERT_EQ(record->fragment[0], kServerHello);
    EXPECT_EQ(record->fragment[kMessageHeader], 0xfe);
    EXPECT_EQ(record->fragment[kMessageHeader + 1], 0xfd);
  }
}

}  // namespace
}  // namespace tidewire::dtls
