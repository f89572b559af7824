#include "media_peer_stats.h"

#include <chrono>
#include <optional>
#include <utility>

namespace tidewire::interop {
namespace {

namespace json = boost::json;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

json::object to_json(const OutboundRtpStreamStats& s) {
  return {{"ssrc", s.ssrc},
          {"kind", to_string(s.kind)},
          {"mid", s.mid},
          {"codec", to_string(s.codec)},
          {"payloadType", s.payload_type},
          {"packetsSent", s.packets_sent},
          {"bytesSent", s.bytes_sent},
          {"headerBytesSent", s.header_bytes_sent},
          {"retransmittedPacketsSent", s.retransmitted_packets_sent},
          {"framesDropped", s.frames_dropped},
          {"active", s.active},
          {"framesEncoded", s.frames_encoded},
          {"keyFramesEncoded", s.key_frames_encoded},
          {"totalEncodeTime", seconds(s.total_encode_time)},
          {"totalEncodedBytesTarget", s.total_encoded_bytes_target},
          {"encoderImplementation", s.encoder_implementation},
          {"qpSum", s.qp_sum},
          {"framesSent", s.frames_sent},
          {"keyFramesSent", s.key_frames_sent},
          {"frameWidth", s.frame_width},
          {"frameHeight", s.frame_height},
          {"nackCount", s.nack_count},
          {"pliCount", s.pli_count},
          {"targetBitrate", s.target_bitrate}};
}

json::object to_json(const InboundRtpStreamStats& s) {
  return {{"ssrc", s.ssrc},
          {"kind", to_string(s.kind)},
          {"mid", s.mid},
          {"codec", to_string(s.codec)},
          {"payloadType", s.payload_type},
          {"packetsReceived", s.packets_received},
          {"bytesReceived", s.bytes_received},
          {"packetsLost", s.packets_lost},
          {"packetsDiscarded", s.packets_discarded},
          {"framesReceived", s.frames_received},
          {"framesDecoded", s.frames_decoded},
          {"trackIdentifier", s.track_identifier},
          {"qpSum", s.qp_sum},
          {"totalAudioEnergy", s.total_audio_energy},
          {"keyFramesDecoded", s.key_frames_decoded},
          {"keyFramesReceived", s.key_frames_received},
          {"frameWidth", s.frame_width},
          {"frameHeight", s.frame_height},
          {"retransmittedPacketsReceived", s.retransmitted_packets_received},
          {"nackCount", s.nack_count},
          {"pliCount", s.pli_count},
          {"framesDropped", s.frames_dropped},
          {"freezeCount", s.freeze_count},
          {"totalFreezesDuration", seconds(s.total_freezes_duration)},
          {"totalPausesDuration", seconds(s.total_pauses_duration)},
          {"totalSamplesReceived", s.total_samples_received},
          {"concealedSamples", s.concealed_samples},
          {"concealmentEvents", s.concealment_events},
          {"silentConcealedSamples", s.silent_concealed_samples},
          {"fecPacketsReceived", s.fec_packets_received},
          {"fecPacketsDiscarded", s.fec_packets_discarded}};
}

json::object to_json(const CodecStats& s) {
  return {{"forSending", s.for_sending},
          {"payloadType", s.payload_type},
          {"mimeType", s.mime_type},
          {"clockRate", s.clock_rate},
          {"channels", s.channels ? json::value(*s.channels) : json::value()},
          {"sdpFmtpLine", s.sdp_fmtp_line}};
}

json::object to_json(const MediaSourceStats& s) {
  return {{"kind", to_string(s.kind)},
          {"mid", s.mid},
          {"trackIdentifier", s.track_identifier},
          {"audioLevel", s.audio_level},
          {"totalAudioEnergy", s.total_audio_energy},
          {"totalSamplesDuration", s.total_samples_duration.count()},
          {"width", s.width},
          {"height", s.height},
          {"frames", s.frames},
          {"framesPerSecond", s.frames_per_second}};
}

json::value to_json(const std::optional<IceCandidatePairStats>& s) {
  if (!s) return nullptr;
  const auto side = [](const IceCandidateStats& candidate) {
    return json::object{{"candidateType", candidate.candidate_type},
                        {"protocol", candidate.protocol},
                        {"port", candidate.address.port},
                        {"priority", candidate.priority},
                        {"foundation", candidate.foundation},
                        {"usernameFragment", candidate.username_fragment}};
  };
  return json::object{
      {"local", side(s->local)},    {"remote", side(s->remote)},         {"state", s->state},
      {"nominated", s->nominated},  {"packetsSent", s->packets_sent},    {"packetsReceived", s->packets_received},
      {"bytesSent", s->bytes_sent}, {"bytesReceived", s->bytes_received}};
}

json::object to_json(const CertificateStats& s) {
  return {{"fingerprint", s.fingerprint},
          {"fingerprintAlgorithm", s.fingerprint_algorithm},
          {"base64Certificate", s.base64_certificate}};
}

}  // namespace

json::object stats_event(const StatsReport& report) {
  json::array outbound;
  json::array inbound;
  json::array remote_inbound;
  json::array remote_outbound;
  json::array codecs;
  json::array sources;
  for (const auto& s : report.rtp.codecs) codecs.push_back(to_json(s));
  for (const auto& s : report.media_sources) sources.push_back(to_json(s));
  for (const auto& s : report.rtp.outbound) outbound.push_back(to_json(s));
  for (const auto& s : report.rtp.inbound) inbound.push_back(to_json(s));
  for (const auto& s : report.rtp.remote_inbound) {
    remote_inbound.push_back(
        {{"ssrc", s.ssrc},
         {"kind", to_string(s.kind)},
         {"packetsReceived", s.packets_received},
         {"packetsLost", s.packets_lost},
         {"roundTripTime", s.round_trip_time ? json::value(seconds(*s.round_trip_time)) : json::value()}});
  }
  for (const auto& s : report.rtp.remote_outbound) {
    remote_outbound.push_back(
        {{"ssrc", s.ssrc}, {"kind", to_string(s.kind)}, {"packetsSent", s.packets_sent}, {"bytesSent", s.bytes_sent}});
  }
  return {{"event", "stats"},
          {"outbound", std::move(outbound)},
          {"inbound", std::move(inbound)},
          {"remoteInbound", std::move(remote_inbound)},
          {"remoteOutbound", std::move(remote_outbound)},
          {"codecs", std::move(codecs)},
          {"mediaSources", std::move(sources)},
          {"pair", to_json(report.selected_candidate_pair)},
          {"transport",
           {{"dtlsRole", report.transport.dtls_role},
            {"iceLocalUsernameFragment", report.transport.ice_local_username_fragment}}},
          {"localCertificate", to_json(report.local_certificate)},
          {"remoteCertificate",
           report.remote_certificate ? json::value(to_json(*report.remote_certificate)) : json::value()}};
}

}  // namespace tidewire::interop
