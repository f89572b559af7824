// What getStats tells of a call, seen from both sides at once.
#include <algorithm>

#include "media_call.h"

namespace tidewire::scenario {
namespace {

TEST(Statistics, CodecsAreThoseOfTheStreams) {
  MediaCall call;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  for (const Peer* side : {&call.alice, &call.bob}) {
    const RtpStats rtp = side->session.stats(call.now()).rtp;
    EXPECT_EQ(rtp.codecs.size(), 4U) << "one of sound and one of pictures, each way";
    const auto expect_codec = [&](bool sending, std::uint8_t payload_type, const std::string& mime_type) {
      const auto found = std::ranges::find_if(rtp.codecs, [&](const CodecStats& codec) {
        return codec.for_sending == sending && codec.payload_type == payload_type;
      });
      ASSERT_NE(found, rtp.codecs.end());
      EXPECT_EQ(found->mime_type, mime_type);
      EXPECT_EQ(found->clock_rate, mime_type == "audio/opus" ? 48'000U : 90'000U);
      EXPECT_EQ(found->channels, mime_type == "audio/opus" ? std::optional<std::uint16_t>(2) : std::nullopt);
    };
    for (const OutboundRtpStreamStats& stream : rtp.outbound) {
      EXPECT_TRUE(stream.active);
      expect_codec(true, stream.payload_type,
                   std::string(to_string(stream.kind)) + "/" + std::string(to_string(stream.codec)));
    }
    for (const InboundRtpStreamStats& stream : rtp.inbound) {
      expect_codec(false, stream.payload_type,
                   std::string(to_string(stream.kind)) + "/" + std::string(to_string(stream.codec)));
    }
  }
}

TEST(Statistics, AnEncodingThatIsSwitchedOffIsNotActive) {
  MediaCallOptions options;
  options.video_encodings = {{.rid = "q"}, {.rid = "f"}};
  MediaCall call(options);
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  RtpSendParameters parameters = call.alice.session.send_parameters(call.alice_video);
  parameters.encodings.at(1).active = false;
  call.alice.session.set_send_parameters(call.alice_video, parameters, call.now()).value();
  for (const OutboundRtpStreamStats& stream : call.alice.session.stats(call.now()).rtp.outbound) {
    EXPECT_EQ(stream.active, stream.rid != "f") << stream.rid;
  }
  std::vector<std::string> rids;
  for (const InboundRtpStreamStats& stream : call.bob.session.stats(call.now()).rtp.inbound) {
    if (stream.kind == MediaKind::kVideo) rids.push_back(stream.rid);
  }
  EXPECT_EQ(rids, (std::vector<std::string>{"q", "f"}));
}

TEST(Statistics, ReportsTellHowManyPacketsArrived) {
  MediaCallOptions options;
  options.call.link.loss = 0.02;
  MediaCall call(options);
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  call.simulation.run_for(20s);
  const RtpStats sent = call.alice.session.stats(call.now()).rtp;
  const RtpStats received = call.bob.session.stats(call.now()).rtp;
  ASSERT_FALSE(sent.remote_inbound.empty());
  for (const RemoteInboundRtpStreamStats& remote : sent.remote_inbound) {
    const auto arrived = std::ranges::find(received.inbound, remote.ssrc, &InboundRtpStreamStats::ssrc);
    ASSERT_NE(arrived, received.inbound.end());
    // A report is up to one and a half seconds old; retransmissions have a stream of their own.
    const auto arrived_packets =
        static_cast<double>(arrived->packets_received - arrived->retransmitted_packets_received);
    EXPECT_LE(static_cast<double>(remote.packets_received), arrived_packets + 1);
    EXPECT_GE(static_cast<double>(remote.packets_received), arrived_packets * 0.9 - 1);
  }
}

TEST(Statistics, BothSidesTellTheSameOfPathAndCertificates) {
  MediaCall call;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  call.simulation.run_for(5s);
  const StatsReport alice = call.alice.session.stats(call.now());
  const StatsReport bob = call.bob.session.stats(call.now());
  ASSERT_TRUE(alice.remote_certificate && bob.remote_certificate);
  for (const auto& [own, seen] : {std::pair{&alice.local_certificate, &*bob.remote_certificate},
                                  std::pair{&bob.local_certificate, &*alice.remote_certificate}}) {
    EXPECT_EQ(own->fingerprint, seen->fingerprint);
    EXPECT_EQ(own->base64_certificate, seen->base64_certificate);
    EXPECT_EQ(own->fingerprint_algorithm, "sha-256");
    EXPECT_EQ(own->fingerprint.size(), 32 * 3 - 1U);
  }
  EXPECT_NE(alice.transport.dtls_role, bob.transport.dtls_role);
  ASSERT_TRUE(alice.selected_candidate_pair && bob.selected_candidate_pair);
  const IceCandidatePairStats& a = *alice.selected_candidate_pair;
  const IceCandidatePairStats& b = *bob.selected_candidate_pair;
  EXPECT_EQ(a.state, "succeeded");
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.local.username_fragment, alice.transport.ice_local_username_fragment);
  EXPECT_EQ(a.remote.username_fragment, bob.transport.ice_local_username_fragment);
  EXPECT_FALSE(a.local.foundation.empty());
  EXPECT_EQ(a.local.tcp_type, "");
  // What is on its way, 50 ms of some hundred packets a second, has not arrived.
  for (const auto& [sender, receiver] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    EXPECT_GT(receiver->packets_received, 100U);
    EXPECT_LE(receiver->packets_received, sender->packets_sent);
    EXPECT_GE(receiver->packets_received + 40, sender->packets_sent);
    EXPECT_LE(receiver->bytes_received, sender->bytes_sent);
    EXPECT_LE(call.now() - sender->last_packet_sent_timestamp.value(), 100ms);
    EXPECT_LE(call.now() - receiver->last_packet_received_timestamp.value(), 200ms);
  }
  EXPECT_LT(a.packets_sent, alice.transport.packets_sent) << "STUN counts there only";
}

TEST(Statistics, TellWhatThePathCarriesAndWhatItTakesFromPictures) {
  MediaCallOptions options;
  for (SideOptions* side : {&options.call.alice, &options.call.bob}) {
    side->peer.congestion_control = CongestionControl::kTidewire;
  }
  MediaCall call(options);
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const auto pictures = [&] { return MediaCall::outbound(call.alice, MediaKind::kVideo, call.now()); };
  const auto available = [&] {
    return call.alice.session.stats(call.now()).selected_candidate_pair.value().available_outgoing_bitrate.value_or(0);
  };
  const OutboundRtpStreamStats wide = pictures();
  EXPECT_EQ(wide.quality_limitation_reason, QualityLimitationReason::kNone);
  EXPECT_GT(wide.quality_limitation_durations.none, 5s);
  EXPECT_EQ(wide.target_bitrate, 1'000'000U);
  EXPECT_GT(available(), 1'000'000U);

  call.set_link({.bits_per_second = 500'000, .queue_bytes = 20'000, .delay = 25ms});
  call.simulation.run_for(5s);
  const OutboundRtpStreamStats narrow = pictures();
  EXPECT_EQ(narrow.quality_limitation_reason, QualityLimitationReason::kBandwidth);
  EXPECT_GT(narrow.quality_limitation_durations.bandwidth, 3s);
  EXPECT_GT(narrow.quality_limitation_resolution_changes, 0U);
  EXPECT_GT(narrow.target_bitrate, 200'000U);
  EXPECT_LT(narrow.target_bitrate, available());
  EXPECT_LT(available(), 600'000U);

  call.set_link({.bits_per_second = 100'000, .queue_bytes = 5'000, .delay = 25ms});
  call.simulation.run_for(5s);
  const OutboundRtpStreamStats paused = pictures();
  EXPECT_EQ(paused.quality_limitation_reason, QualityLimitationReason::kBandwidth);
  EXPECT_EQ(paused.target_bitrate, 0U) << "no pictures are made";
  EXPECT_EQ(paused.quality_limitation_durations.none, narrow.quality_limitation_durations.none);

  const OutboundRtpStreamStats sound = MediaCall::outbound(call.alice, MediaKind::kAudio, call.now());
  EXPECT_FALSE(sound.quality_limitation_reason);
  EXPECT_GT(sound.target_bitrate, 0U);
}

TEST(Statistics, NothingIsKnownOfThePathWithoutCongestionControl) {
  MediaCall call;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const StatsReport stats = call.alice.session.stats(call.now());
  EXPECT_FALSE(stats.selected_candidate_pair.value().available_outgoing_bitrate);
  const OutboundRtpStreamStats pictures = MediaCall::outbound(call.alice, MediaKind::kVideo, call.now());
  EXPECT_EQ(pictures.quality_limitation_reason, QualityLimitationReason::kNone);
  EXPECT_EQ(pictures.target_bitrate, 1'000'000U);
}

TEST(Statistics, ChannelsThatWereOpenAreCounted) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  const auto counts = [&](const Peer& side) {
    const PeerConnectionStats stats = side.session.stats(call.now()).peer_connection;
    return std::pair{stats.data_channels_opened, stats.data_channels_closed};
  };
  const auto [opened, closed] = counts(call.alice);
  EXPECT_EQ(closed, 0U);
  const ChannelId channel = call.alice.session.create_data_channel("more", {}).value();
  const ChannelId never = call.alice.session.create_data_channel("never open", {.negotiated = true, .id = 900}).value();
  EXPECT_TRUE(call.run_until([&] { return counts(call.bob).first == opened + 1; }, 5s));
  call.alice.session.close_data_channel(never, call.now());
  call.alice.session.close_data_channel(channel, call.now());
  EXPECT_TRUE(call.run_until([&] { return counts(call.bob).second == 1; }, 5s));
  EXPECT_EQ(counts(call.alice), (std::pair{opened + 2, 2U}));
  call.alice.session.close(call.now());
  EXPECT_EQ(counts(call.alice), (std::pair{opened + 2, opened + 2}));
}

}  // namespace
}  // namespace tidewire::scenario
