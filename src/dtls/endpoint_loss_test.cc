// The handshake over a link that loses, duplicates and reorders, in virtual time.
#include <gtest/gtest.h>

#include <set>

#include "crypto/random.h"
#include "dtls/endpoint.h"
#include "dtls/endpoint_pair.h"

namespace tidewire::dtls {
namespace {

using namespace std::chrono_literals;
using Fate = EndpointPair::Fate;

const Bytes kData{1, 2, 3};

void expect_works(EndpointPair& pair) {
  ASSERT_TRUE(pair.client.connected) << pair.client.failed.value_or("still trying");
  ASSERT_TRUE(pair.server.connected) << pair.server.failed.value_or("still trying");
  EXPECT_EQ(pair.client.connected->srtp->client.key, pair.server.connected->srtp->client.key);
  pair.fate = [](const Transit& t) { return Fate{{t.datagram, 0ms}}; };
  ASSERT_TRUE(pair.client.endpoint.send(kData, pair.now));
  ASSERT_TRUE(pair.server.endpoint.send(kData, pair.now));
  pair.run_for(1s);
  EXPECT_EQ(pair.server.received, std::vector<Bytes>{kData});
  EXPECT_EQ(pair.client.received, std::vector<Bytes>{kData});
}

TEST(DtlsLoss, ConnectsWhenAnyTwoDatagramsAreLost) {
  Config config;
  config.mtu = 500;  // more datagrams to lose
  for (int first = 0; first < 12; ++first) {
    for (int second = first; second < 12; ++second) {
      SCOPED_TRACE(testing::Message() << "lost: " << first << " and " << second);
      EndpointPair pair(config, config);
      pair.fate = [&](const Transit& t) {
        return t.index == first || t.index == second ? Fate{} : Fate{{t.datagram, 0ms}};
      };
      pair.connect();
      const Timestamp begin = Timestamp(1000s);
      expect_works(pair);
      EXPECT_LE(pair.client.connected_at - begin, 500ms);
      EXPECT_LE(pair.server.connected_at - begin, 500ms);
    }
  }
}

TEST(DtlsLoss, ConnectsUnderRandomLossDuplicationAndReordering) {
  for (const std::uint32_t loss_percent : {0U, 10U, 30U}) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", loss " << loss_percent << " %");
      crypto::Random random = crypto::Random::from_test_seed(seed);
      Config config;
      config.mtu = 300;
      EndpointPair pair(config, config);
      pair.fate = [&](const Transit& t) {
        Fate fate;
        for (int copies = random.below(4) == 0 ? 2 : 1; copies > 0; --copies) {
          if (random.below(100) >= loss_percent)
            fate.push_back({t.datagram, std::chrono::milliseconds(random.below(60))});
        }
        return fate;
      };
      pair.connect();
      pair.run_for(25s);
      expect_works(pair);
    }
  }
}

TEST(DtlsLoss, ConnectsSoonAfterOneSidesFirstThreeSecondsAreLost) {
  for (const bool clients : {true, false}) {
    EndpointPair pair;
    const Timestamp begin = pair.now;
    pair.fate = [&](const Transit& t) {
      return t.from_client == clients && pair.now < begin + 3s ? Fate{} : Fate{{t.datagram, 0ms}};
    };
    pair.connect();
    pair.run_for(5s);
    expect_works(pair);
    EXPECT_LE(pair.client.connected_at - begin, 3500ms);
  }
}

TEST(DtlsLoss, NumbersRetransmittedRecordsAnew) {
  crypto::Random random = crypto::Random::from_test_seed(1);
  EndpointPair pair;
  std::set<std::pair<int, Bytes>> seen;  // direction; epoch and sequence number
  int repeated = 0;
  pair.fate = [&](const Transit& t) {
    ByteView rest(t.datagram);
    while (const auto record = take_record(rest)) {
      const ByteView number = record->whole.subspan(3, 8);
      repeated += seen.insert({t.from_client, Bytes(number.begin(), number.end())}).second ? 0 : 1;
    }
    return random.below(4) == 0 ? Fate{{t.datagram, 0ms}} : Fate{};
  };
  pair.connect();
  pair.run_for(20s);
  expect_works(pair);
  EXPECT_EQ(repeated, 0);
  EXPECT_GT(pair.client.endpoint.stats().flights_retransmitted, 1U);
}

TEST(DtlsLoss, ServerRepeatsItsLastFlightOnlyForAnAuthenticFinished) {
  EndpointPair pair;
  bool server_done = false;
  pair.fate = [&](const Transit& t) {
    if (pair.server.endpoint.connected() && !t.from_client && !server_done) return server_done = true, Fate{};
    return Fate{{t.datagram, 0ms}};
  };
  pair.connect();
  ASSERT_TRUE(server_done);
  EXPECT_EQ(pair.server.endpoint.stats().flights_retransmitted, 1U);
  expect_works(pair);
}

}  // namespace
}  // namespace tidewire::dtls
