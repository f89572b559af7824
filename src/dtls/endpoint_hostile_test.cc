// Bytes that no honest peer sends are dropped and counted; the connection stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/random.h"
#include "dtls/endpoint.h"
#include "dtls/endpoint_pair.h"

namespace tidewire::dtls {
namespace {

using namespace std::chrono_literals;
using Fate = EndpointPair::Fate;

const Bytes kData{1, 2, 3};

void expect_data_flows(EndpointPair& pair) {
  ASSERT_TRUE(pair.client.connected) << pair.client.failed.value_or("still trying");
  ASSERT_TRUE(pair.server.connected) << pair.server.failed.value_or("still trying");
  pair.client.received.clear();
  pair.server.received.clear();
  ASSERT_TRUE(pair.client.endpoint.send(kData, pair.now));
  ASSERT_TRUE(pair.server.endpoint.send(kData, pair.now));
  pair.run_for(1s);
  EXPECT_EQ(pair.server.received, std::vector<Bytes>{kData});
  EXPECT_EQ(pair.client.received, std::vector<Bytes>{kData});
}

Bytes plaintext_record(ContentType type, Bytes fragment, std::uint64_t sequence) {
  Bytes record(kRecordHeaderSize);
  write_record_header(record, type, 0, sequence, fragment.size());
  record.insert(record.end(), fragment.begin(), fragment.end());
  return record;
}

TEST(DtlsHostile, SurvivesEachDatagramOfTheHandshakeCutAtEveryLength) {
  EndpointPair pair;
  pair.fate = [](const Transit& t) {
    Fate fate;
    for (std::size_t size = 0; size < t.datagram.size(); ++size) {
      fate.push_back({Bytes(t.datagram.begin(), t.datagram.begin() + static_cast<std::ptrdiff_t>(size)), 0ms});
    }
    fate.push_back({t.datagram, 0ms});
    return fate;
  };
  pair.connect();
  expect_data_flows(pair);
  EXPECT_GT(pair.server.endpoint.stats().records_discarded, 100U);
}

TEST(DtlsHostile, SurvivesRandomBytesDuringAndAfterTheHandshake) {
  crypto::Random random = crypto::Random::from_test_seed(1);
  EndpointPair pair;
  pair.fate = [&](const Transit& t) {
    Fate fate;
    for (int i = 0; i < 200; ++i) {
      Bytes noise(1 + random.below(200));
      random.fill(noise);
      noise[0] = static_cast<std::uint8_t>(20 + noise[0] % 44);  // RFC 7983: what reaches DTLS
      fate.push_back({noise, 0ms});
    }
    fate.push_back({t.datagram, 0ms});
    return fate;
  };
  pair.connect();
  expect_data_flows(pair);
}

TEST(DtlsHostile, DropsEachForgedRecordOfAConnection) {
  EndpointPair pair;
  pair.connect();
  ASSERT_TRUE(pair.client.endpoint.send(Bytes(40, 7), pair.now));
  const std::optional<Packet> record = pair.client.endpoint.poll_transmit();
  ASSERT_TRUE(record);
  for (std::size_t bit = 0; bit < record->size() * 8; ++bit) {
    Packet forged = pair.pool.copy_of(record->bytes());
    forged.data()[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    pair.server.endpoint.handle_input(std::move(forged), pair.now);
  }
  EXPECT_FALSE(pair.server.endpoint.poll_event());
  // A wrong version in the header is no reason by itself, and is authenticated like the rest.
  EXPECT_EQ(pair.server.endpoint.stats().records_discarded, record->size() * 8);
  expect_data_flows(pair);
}

TEST(DtlsHostile, IgnoresPlaintextRecordsOnceConnected) {
  EndpointPair pair;
  pair.connect();
  for (Peer* peer : {&pair.client, &pair.server}) {
    for (const Bytes& fragment : {Bytes{2, 40}, Bytes{1, 0}, Bytes{2, 0}}) {
      peer->endpoint.handle_input(pair.pool.copy_of(plaintext_record(ContentType::kAlert, fragment, 99)), pair.now);
    }
    for (const ContentType type :
         {ContentType::kChangeCipherSpec, ContentType::kHandshake, ContentType::kApplicationData}) {
      peer->endpoint.handle_input(pair.pool.copy_of(plaintext_record(type, Bytes(40, 1), 100)), pair.now);
    }
    EXPECT_EQ(peer->endpoint.stats().records_discarded, 6U);
  }
  expect_data_flows(pair);
}

TEST(DtlsHostile, EndsAHandshakeOnAFatalAlertAndNotOnAWarning) {
  EndpointPair pair;
  pair.exchange_fingerprints();
  pair.start();
  pair.client.endpoint.handle_input(pair.pool.copy_of(plaintext_record(ContentType::kAlert, {1, 90}, 7)), pair.now);
  pair.client.endpoint.handle_input(pair.pool.copy_of(plaintext_record(ContentType::kAlert, {2}, 8)), pair.now);
  EXPECT_FALSE(pair.client.endpoint.poll_event());
  pair.client.endpoint.handle_input(pair.pool.copy_of(plaintext_record(ContentType::kAlert, {2, 40}, 9)), pair.now);
  pair.run_for(1s);
  EXPECT_EQ(pair.client.failed, "the peer ended the DTLS handshake with the alert handshake_failure (40)");
}

TEST(DtlsHostile, HoldsNoMoreThanItSays) {
  EndpointPair pair;
  for (std::size_t i = 0; i < Endpoint::kMaxHeld + 3; ++i) {
    pair.server.endpoint.handle_input(pair.pool.copy_of(Bytes(100, 22)), pair.now);
  }
  EXPECT_EQ(pair.server.endpoint.stats().records_held, Endpoint::kMaxHeld);
  EXPECT_EQ(pair.server.endpoint.stats().records_discarded, 3U);
  pair.connect();
  expect_data_flows(pair);
}

TEST(DtlsHostile, IgnoresMessagesFarAheadOfTheHandshake) {
  EndpointPair pair;
  pair.exchange_fingerprints();
  pair.start();
  Bytes message(40);
  message[0] = 11;
  message[4] = 0xff;  // message_seq 65280
  for (Peer* peer : {&pair.client, &pair.server}) {
    peer->endpoint.handle_input(pair.pool.copy_of(plaintext_record(ContentType::kHandshake, message, 50)), pair.now);
    EXPECT_EQ(peer->endpoint.stats().records_discarded, 1U);
  }
  pair.run_for(2s);
  expect_data_flows(pair);
}

TEST(DtlsHostile, TakesInputAndCallsInAnyState) {
  EndpointPair pair;
  pair.connect();
  pair.client.endpoint.close(pair.now);
  pair.client.endpoint.close(pair.now);
  pair.client.endpoint.start(pair.now);
  pair.client.endpoint.set_remote_fingerprints({test_certificate()->fingerprint()}, pair.now);
  pair.client.endpoint.handle_input(pair.pool.copy_of(Bytes(30, 23)), pair.now);
  pair.client.endpoint.handle_input(Packet(), pair.now);
  pair.client.endpoint.handle_timeout(pair.now);
  EXPECT_FALSE(pair.client.endpoint.poll_event());
}

}  // namespace
}  // namespace tidewire::dtls
