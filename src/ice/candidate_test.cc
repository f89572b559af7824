#include "ice/candidate.h"

#include <gtest/gtest.h>

namespace tidewire::ice {
namespace {

TEST(IceCandidate, LinesOfBrowsersAreRead) {
  const auto chromium = parse_candidate(
      "candidate:2487168093 1 udp 1677729535 203.0.113.7 45623 typ srflx raddr 10.0.0.7 rport 45623 generation 0 ufrag "
      "Zk3p network-id 1 network-cost 10");
  ASSERT_TRUE(chromium);
  EXPECT_EQ(chromium->foundation, "2487168093");
  EXPECT_EQ(chromium->component, 1);
  EXPECT_EQ(chromium->protocol, Protocol::kUdp);
  EXPECT_EQ(chromium->priority, 1677729535U);
  EXPECT_EQ(chromium->address, SocketAddress::parse("203.0.113.7:45623"));
  EXPECT_EQ(chromium->type, CandidateType::kServerReflexive);
  EXPECT_EQ(chromium->related_address, SocketAddress::parse("10.0.0.7:45623"));
  EXPECT_EQ(chromium->ufrag, "Zk3p");

  const auto firefox = parse_candidate("a=candidate:0 1 UDP 2122252543 10.98.0.1 51003 typ host");
  ASSERT_TRUE(firefox);
  EXPECT_EQ(firefox->protocol, Protocol::kUdp);
  EXPECT_EQ(firefox->address, SocketAddress::parse("10.98.0.1:51003"));

  const auto tcp = parse_candidate("candidate:1 1 TCP 2105524479 fe80::1 9 TYP HOST tcptype active");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->protocol, Protocol::kTcp);
  EXPECT_EQ(tcp->tcp_type, TcpType::kActive);
  EXPECT_TRUE(tcp->address.ip.is_v6());

  const auto hidden = parse_candidate("candidate:1 1 udp 5 a1b2-c3.local 51003 typ host\r\n");
  ASSERT_TRUE(hidden);
  EXPECT_EQ(hidden->host_name, "a1b2-c3.local");
  EXPECT_EQ(hidden->address.port, 51003);
}

TEST(IceCandidate, WhatIsWrittenIsReadBackTheSame) {
  for (const char* line : {
           "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
           "candidate:2 1 udp 1 192.0.2.2 5000 typ srflx raddr 10.0.0.1 rport 5000 ufrag abcd",
           "candidate:3 1 udp 1 2001:db8::1 65535 typ relay raddr :: rport 0",
           "candidate:4 2 tcp 1 192.0.2.2 9 typ host tcptype active",
           "candidate:5 1 udp 1 192.0.2.2 1 typ prflx raddr 10.0.0.1 rport 2",
           "candidate:6 1 udp 1 secret.local 1 typ host",
       }) {
    const auto candidate = parse_candidate(line);
    ASSERT_TRUE(candidate) << line;
    EXPECT_EQ(to_string(*candidate), line);
  }
}

TEST(IceCandidate, GarbledLinesAreRefused) {
  for (const char* line : {
           "",
           "candidate:",
           "candidate",
           "1 1 udp 1 192.0.2.1 5000 typ host",
           "candidate:1 1 udp 1 192.0.2.1 5000",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ",
           "candidate:1 1 udp 1 192.0.2.1 5000 typ nothing",
           "candidate:1 1 udp 1 192.0.2.1 5000 host typ",
           "candidate:1 0 udp 1 192.0.2.1 5000 typ host",
           "candidate:1 257 udp 1 192.0.2.1 5000 typ host",
           "candidate:1 1 sctp 1 192.0.2.1 5000 typ host",
           "candidate:1 1 udp -1 192.0.2.1 5000 typ host",
           "candidate:1 1 udp 4294967296 192.0.2.1 5000 typ host",
           "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
           "candidate:1 1 udp 1 192.0.2.1 50x0 typ host",
           "candidate:1 1 udp 1 what?ever 5000 typ host",
           "candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 5000 typ host",
           "candidate:a:b 1 udp 1 192.0.2.1 5000 typ host",
       }) {
    EXPECT_FALSE(parse_candidate(line)) << line;
  }
  EXPECT_FALSE(parse_candidate("candidate:1 1 udp 1 192.0.2.1 5000 typ host " + std::string(2000, 'x')));
}

TEST(IceCandidate, PrioritiesFollowTheFormulae) {
  // RFC 8445 §5.1.2.1 with the recommended preferences; the values that browsers show for one interface.
  EXPECT_EQ(candidate_priority(CandidateType::kHost, 65535), 2130706431U);
  EXPECT_EQ(candidate_priority(CandidateType::kServerReflexive, 65535), 1694498815U);
  EXPECT_EQ(candidate_priority(CandidateType::kPeerReflexive, 65535), 1862270975U);
  EXPECT_EQ(candidate_priority(CandidateType::kRelayed, 65535), 16777215U);
  // RFC 8445 §6.1.2.3: 2^32·min + 2·max + (G > D).
  EXPECT_EQ(pair_priority(1, 2), (1ULL << 32) + 4);
  EXPECT_EQ(pair_priority(2, 1), (1ULL << 32) + 5);
  EXPECT_EQ(pair_priority(0xffffffff, 0xffffffff), 0xffffffffULL * (1ULL << 32) + 2 * 0xffffffffULL);
}

TEST(IceCandidate, FoundationsDifferByTypeBaseAndServerOnly) {
  const IpAddress one = *IpAddress::parse("10.0.0.1");
  const IpAddress two = *IpAddress::parse("10.0.0.2");
  const auto server = SocketAddress::parse("192.0.2.1:3478");
  EXPECT_EQ(foundation(CandidateType::kHost, one, Protocol::kUdp),
            foundation(CandidateType::kHost, one, Protocol::kUdp));
  EXPECT_NE(foundation(CandidateType::kHost, one, Protocol::kUdp),
            foundation(CandidateType::kHost, two, Protocol::kUdp));
  EXPECT_NE(foundation(CandidateType::kServerReflexive, one, Protocol::kUdp, server),
            foundation(CandidateType::kServerReflexive, one, Protocol::kUdp));
}

}  // namespace
}  // namespace tidewire::ice
