#include "dtls/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dtls/endpoint_pair.h"

namespace tidewire::dtls {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + size);
  return bytes;
}

TEST(DtlsEndpoint, ConnectsInTwoRoundTripsWithTheWantedCipherAndProfile) {
  EndpointPair pair;
  const Timestamp begin = pair.now;
  pair.connect();
  ASSERT_TRUE(pair.client.connected && pair.server.connected);
  for (const Peer* peer : {&pair.client, &pair.server}) {
    EXPECT_EQ(peer->connected->version, "DTLS 1.2");
    EXPECT_EQ(peer->connected->cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    EXPECT_EQ(peer->connected->srtp->client.profile, SrtpProfile::kAeadAes128Gcm);
  }
  EXPECT_EQ(pair.server.connected_at - begin, 60ms);
  EXPECT_EQ(pair.client.connected_at - begin, 80ms);
  EXPECT_LE(pair.largest, 1200U);
  EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever);
  EXPECT_EQ(pair.server.endpoint.next_timeout(), kNever);
}

TEST(DtlsEndpoint, GivesBothEndsTheSameKeysAndEachTheOthersCertificate) {
  EndpointPair pair;
  pair.connect();
  const SrtpKeyingMaterial& a = *pair.client.connected->srtp;
  const SrtpKeyingMaterial& b = *pair.server.connected->srtp;
  EXPECT_EQ(a.client.key, b.client.key);
  EXPECT_EQ(a.client.salt, b.client.salt);
  EXPECT_EQ(a.server.key, b.server.key);
  EXPECT_EQ(a.server.salt, b.server.salt);
  EXPECT_NE(a.client.key, a.server.key);
  EXPECT_EQ(a.client.key.size(), 16U);
  EXPECT_EQ(a.client.salt.size(), 12U);
  EXPECT_EQ(pair.client.connected->peer_certificate, pair.server_certificate->der());
  EXPECT_EQ(pair.server.connected->peer_certificate, pair.client_certificate->der());
}

TEST(DtlsEndpoint, NegotiatesTheServersFirstProfileThatTheClientHas) {
  Config server;
  server.srtp_profiles = {SrtpProfile::kAeadAes256Gcm, SrtpProfile::kAes128CmSha1_80};
  EndpointPair pair({}, server);
  pair.connect();
  ASSERT_TRUE(pair.client.connected);
  EXPECT_EQ(pair.client.connected->srtp->client.profile, SrtpProfile::kAes128CmSha1_80);
  EXPECT_EQ(pair.client.connected->srtp->client.salt.size(), 14U);
}

TEST(DtlsEndpoint, ConnectsForDataAloneWhenNoProfileIsWanted) {
  Config client;
  client.srtp_profiles.clear();
  EndpointPair pair(client);
  pair.connect();
  ASSERT_TRUE(pair.client.connected && pair.server.connected);
  EXPECT_FALSE(pair.client.connected->srtp);
  EXPECT_FALSE(pair.server.connected->srtp);
}

TEST(DtlsEndpoint, SplitsItsFlightsIntoDatagramsOfTheMtu) {
  Config config;
  config.mtu = 300;
  EndpointPair pair(config, config);
  pair.connect();
  ASSERT_TRUE(pair.client.connected && pair.server.connected);
  EXPECT_LE(pair.largest, 300U);
  EXPECT_GT(pair.sent, 6);
}

TEST(DtlsEndpoint, CarriesDataOfEverySizeBothWays) {
  EndpointPair pair;
  pair.connect();
  for (const bool from_client : {true, false}) {
    Peer& from = from_client ? pair.client : pair.server;
    Peer& to = from_client ? pair.server : pair.client;
    for (std::size_t size = 0; size <= 1200; ++size) {
      ASSERT_TRUE(from.endpoint.send(pattern(size), pair.now));
      if (size % 100 == 0) pair.run_for(50ms);
    }
    pair.run_for(1s);
    ASSERT_EQ(to.received.size(), 1201U);
    for (std::size_t size = 0; size <= 1200; ++size) ASSERT_EQ(to.received[size], pattern(size));
  }
}

TEST(DtlsEndpoint, SendsAPacketInPlaceWithoutAllocating) {
  EndpointPair pair;
  pair.connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pair.client.endpoint.send(pair.pool.copy_of(pattern(1000)), pair.now));
    pair.run_for(50ms);
  }
  const std::uint64_t before = pair.pool.allocations();
  for (int i = 0; i < 100; ++i) {
    Packet packet = pair.pool.copy_of(pattern(1000));
    const std::uint8_t* const plaintext = packet.data();
    ASSERT_TRUE(pair.client.endpoint.send(std::move(packet), pair.now));
    std::optional<Packet> record = pair.client.endpoint.poll_transmit();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->data() + 13 + 8, plaintext);
    EXPECT_LE(record->size(), 1000 + Endpoint::kMaxRecordOverhead);
    pair.server.endpoint.handle_input(std::move(*record), pair.now);
    const std::optional<Event> event = pair.server.endpoint.poll_event();
    ASSERT_TRUE(event);
    EXPECT_EQ(std::get<ApplicationData>(*event).data.data(), plaintext);
  }
  EXPECT_EQ(pair.pool.allocations(), before);
}

TEST(DtlsEndpoint, RefusesToSendBeforeItIsConnectedAndWhatDoesNotFit) {
  EndpointPair pair;
  EXPECT_EQ(pair.client.endpoint.send(pattern(10), pair.now).error().code, ErrorCode::kInvalidState);
  pair.connect();
  EXPECT_EQ(pair.client.endpoint.send(Bytes(Packet::kMaxPayload + 1), pair.now).error().code, ErrorCode::kType);
  EXPECT_EQ(pair.client.endpoint.send(Bytes(Packet::kMaxPayload), pair.now).error().code, ErrorCode::kType);
  EXPECT_TRUE(pair.client.endpoint.send(Bytes(Packet::kMaxPayload - 16), pair.now));
  for (std::size_t i = 1; i < Endpoint::kMaxTransmits; ++i) {
    ASSERT_TRUE(pair.client.endpoint.send(pattern(1), pair.now));
  }
  EXPECT_EQ(pair.client.endpoint.send(pattern(1), pair.now).error().code, ErrorCode::kOperation);
}

TEST(DtlsEndpoint, DropsDataThatNobodyFetches) {
  EndpointPair pair;
  pair.connect();
  for (std::size_t i = 0; i < Endpoint::kMaxData + 10; ++i) {
    ASSERT_TRUE(pair.client.endpoint.send(pattern(1), pair.now));
    pair.server.endpoint.handle_input(std::move(*pair.client.endpoint.poll_transmit()), pair.now);
  }
  EXPECT_EQ(pair.server.endpoint.stats().data_dropped, 10U);
}

TEST(DtlsEndpoint, TellsThePeerWhenItCloses) {
  for (const bool by_client : {true, false}) {
    EndpointPair pair;
    pair.connect();
    Peer& closer = by_client ? pair.client : pair.server;
    Peer& other = by_client ? pair.server : pair.client;
    closer.endpoint.close(pair.now);
    pair.run_for(1s);
    EXPECT_TRUE(other.closed);
    EXPECT_FALSE(other.failed);
    EXPECT_FALSE(closer.closed);
    EXPECT_FALSE(closer.endpoint.send(pattern(1), pair.now));
    EXPECT_FALSE(other.endpoint.send(pattern(1), pair.now));
  }
}

TEST(DtlsEndpoint, IgnoresReplays) {
  EndpointPair pair;
  pair.connect();
  pair.fate = [](const Transit& t) { return EndpointPair::Fate{{t.datagram, 0ms}, {t.datagram, 5ms}}; };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pair.client.endpoint.send(pattern(20), pair.now));
  pair.run_for(1s);
  EXPECT_EQ(pair.server.received.size(), 10U);
  EXPECT_EQ(pair.server.endpoint.stats().records_replayed, 10U);
}

TEST(DtlsEndpoint, KeepsWhatComesBeforeTheServerStarts) {
  EndpointPair pair;
  pair.exchange_fingerprints();
  pair.client.endpoint.start(pair.now);
  pair.run_for(30ms);
  EXPECT_EQ(pair.server.endpoint.stats().records_held, 1U);
  const Timestamp begin = pair.now;
  pair.server.endpoint.start(pair.now);
  pair.run_for(1s);
  ASSERT_TRUE(pair.server.connected);
  EXPECT_EQ(pair.server.connected_at - begin, 40ms);
}

TEST(DtlsEndpoint, ReadsDataThatOvertakesTheLastFlight) {
  EndpointPair pair;
  pair.exchange_fingerprints();
  pair.start();
  // The server's Finished comes 30 ms late; data that it sends right after does not.
  bool connected = false;
  pair.fate = [&](const Transit& t) {
    const bool late = !t.from_client && pair.server.endpoint.connected() && !std::exchange(connected, true);
    return EndpointPair::Fate{{t.datagram, late ? 30ms : 0ms}};
  };
  while (!pair.server.connected) pair.run_for(1ms);
  ASSERT_TRUE(pair.server.endpoint.send(pattern(100), pair.now));
  pair.run_for(1s);
  ASSERT_TRUE(pair.client.connected);
  EXPECT_EQ(pair.client.received, std::vector<Bytes>{pattern(100)});
  EXPECT_EQ(pair.client.endpoint.stats().records_held, 1U);
}

TEST(DtlsEndpoint, GivesUpAfterHalfAMinuteWithoutAnAnswer) {
  EndpointPair pair;
  const Timestamp begin = pair.now;
  std::vector<Duration> sent_at;
  pair.fate = [&](const Transit&) { return sent_at.push_back(pair.now - begin), EndpointPair::Fate{}; };
  pair.connect();
  pair.run_for(27s);
  EXPECT_FALSE(pair.client.failed);
  pair.run_for(2s);
  ASSERT_TRUE(pair.client.failed);
  EXPECT_THAT(*pair.client.failed, HasSubstr("DTLS timeout"));
  EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever);
  ASSERT_GE(sent_at.size(), 9U);
  EXPECT_EQ(std::vector(sent_at.begin(), sent_at.begin() + 9),
            (std::vector<Duration>{0ms, 50ms, 150ms, 350ms, 750ms, 1550ms, 3150ms, 6150ms, 9150ms}));
}

TEST(DtlsEndpoint, FailsWithAReasonWhenNoCipherIsShared) {
  // What the server cannot accept here is a client without a certificate of its own: there is no such Endpoint, so
  // the ClientHello is spoiled instead: its cipher suites become unknown ones.
  EndpointPair pair;
  pair.fate = [](const Transit& t) {
    Transit spoiled = t;
    // Record header 13, handshake header 12, version 2, random 32, session id 1, cookie 1, cipher suites' length 2.
    constexpr std::size_t kSuites = 13 + 12 + 2 + 32 + 1 + 1 + 2;
    if (t.from_client) {
      const std::size_t size = t.datagram[kSuites - 1];
      for (std::size_t i = 0; i < size; ++i) spoiled.datagram[kSuites + i] = 0x0a;
    }
    return EndpointPair::Fate{{spoiled.datagram, 0ms}};
  };
  pair.connect();
  ASSERT_TRUE(pair.server.failed && pair.client.failed);
  EXPECT_THAT(*pair.server.failed, HasSubstr("no shared cipher"));
  EXPECT_EQ(*pair.client.failed, "the peer ended the DTLS handshake with the alert handshake_failure (40)");
}

}  // namespace
}  // namespace tidewire::dtls
