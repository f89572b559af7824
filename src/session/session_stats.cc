// getStats.
#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "session/send_encodings.h"

#include "session/session_impl.h"

namespace tidewire {
namespace {

IceCandidateStats candidate_stats(const ice::Candidate& candidate, const SocketAddress& address) {
  return {.candidate_type = std::string(ice::to_string(candidate.type)),
          .protocol = std::string(ice::to_string(candidate.protocol)),
          .tcp_type = std::string(ice::to_string(candidate.tcp_type)),
          .address = address,
          .related_address = candidate.related_address,
          .priority = candidate.priority,
          .foundation = candidate.foundation,
          .username_fragment = candidate.ufrag};
}

IceCandidatePairStats pair_stats(const ice::Agent& agent, const ice::CandidatePair& pair,
                                 const session::Transport::PathCounters& path) {
  const ice::AgentStats& stats = agent.stats();
  // One of the generation before a restart is in no list any more; it has worked.
  const std::vector<ice::PairInfo> rows = agent.pairs();
  const auto row = std::ranges::find(rows, true, &ice::PairInfo::selected);
  const ice::PairState state = row == rows.end() ? ice::PairState::kSucceeded : row->state;
  return {.local = candidate_stats(pair.local, pair.local.address),
          .remote = candidate_stats(pair.remote, pair.remote_address),
          .nominated = pair.nominated,
          .state = std::string(ice::to_string(state)),
          .priority = pair.priority,
          .packets_sent = path.packets_sent,
          .packets_received = path.packets_received,
          .bytes_sent = path.bytes_sent,
          .bytes_received = path.bytes_received,
          .last_packet_sent_timestamp = path.last_sent,
          .last_packet_received_timestamp = path.last_received,
          .current_round_trip_time = stats.current_round_trip_time,
          .total_round_trip_time = stats.total_round_trip_time,
          .responses_received = stats.responses_received,
          .requests_sent = stats.requests_sent,
          .requests_received = stats.requests_received,
          .responses_sent = stats.responses_sent,
          .consent_requests_sent = stats.consent_requests_sent};
}

std::string_view dtls_state(session::Keying::State state) {
  using State = session::Keying::State;
  switch (state) {
    case State::kNew: return "new";
    case State::kConnecting: return "connecting";
    case State::kConnected: return "connected";
    case State::kClosed: return "closed";
    case State::kFailed: return "failed";
  }
  return "";
}

std::string_view dtls_role(std::optional<dtls::Role> role) {
  if (!role) return "unknown";
  return *role == dtls::Role::kClient ? "client" : "server";
}

CertificateStats certificate_stats(ByteView der) {
  const auto fingerprint = crypto::fingerprint_of(der, "sha-256");
  return {.fingerprint = fingerprint ? fingerprint->value : std::string(),
          .fingerprint_algorithm = "sha-256",
          .base64_certificate = base64_encode(der)};
}

std::string_view channel_state(datachannel::ChannelState state) {
  switch (state) {
    case datachannel::ChannelState::kConnecting: return "connecting";
    case datachannel::ChannelState::kOpen: return "open";
    case datachannel::ChannelState::kClosing: return "closing";
    case datachannel::ChannelState::kClosed: return "closed";
  }
  return "";
}

DataChannelStats channel_stats(const datachannel::Channel& channel) {
  return {.label = channel.label,
          .protocol = channel.init.protocol,
          .data_channel_identifier = channel.init.id,
          .state = std::string(channel_state(channel.state)),
          .messages_sent = channel.messages_sent,
          .messages_received = channel.messages_received,
          .bytes_sent = channel.bytes_sent,
          .bytes_received = channel.bytes_received};
}

SctpTransportStats sctp_stats(const sctp::Stats& stats) {
  SctpTransportStats out{.congestion_window = stats.cwnd,
                         .receiver_window = stats.peer_rwnd,
                         .mtu = stats.mtu,
                         .chunks_retransmitted = stats.chunks_retransmitted};
  if (stats.srtt > Duration::zero()) out.smoothed_round_trip_time = stats.srtt;
  return out;
}

// Adds the codec of a stream's payload type, once.
void add_codec(std::vector<CodecStats>& codecs, const sdp::NegotiatedSection& section, std::uint8_t payload_type,
               bool for_sending) {
  const auto number =
      for_sending ? &sdp::NegotiatedCodec::send_payload_type : &sdp::NegotiatedCodec::receive_payload_type;
  const auto found = std::ranges::find(section.codecs, payload_type, number);
  const bool known = std::ranges::any_of(codecs, [&](const CodecStats& codec) {
    return codec.payload_type == payload_type && codec.for_sending == for_sending;
  });
  if (found == section.codecs.end() || known) return;
  RtpCodec codec = session::to_rtp_codec(*found);
  codecs.push_back({.for_sending = for_sending,
                    .payload_type = payload_type,
                    .mime_type = std::move(codec.mime_type),
                    .clock_rate = codec.clock_rate,
                    .channels = codec.channels,
                    .sdp_fmtp_line = for_sending ? found->send_fmtp : found->receive_fmtp});
}

}  // namespace

StatsReport Session::Impl::report(Timestamp at) const {
  StatsReport report{.timestamp = at};
  report.transport = transport_report();
  report.selected_candidate_pair = pair_report();
  report.local_certificate = certificate_stats(certificate->der());
  if (const Bytes& theirs = transport.keying().peer_certificate(); !theirs.empty()) {
    report.remote_certificate = certificate_stats(theirs);
  }
  if (const sctp::Association* association = data.association())
    report.sctp_transport = sctp_stats(association->stats());
  report.peer_connection = {.data_channels_opened = data.channels().opened(),
                            .data_channels_closed = data.channels().left_open()};
  for (const datachannel::Channel* channel : data.channels().all()) {
    report.data_channels.push_back(channel_stats(*channel));
  }
  if (media.table()) report.rtp = rtp_report(at);
  return report;
}

TransportStats Session::Impl::transport_report() const {
  const session::Transport::Counters& counters = transport.counters();
  const ice::Agent& agent = transport.ice();
  return {.packets_sent = counters.packets_sent,
          .packets_received = counters.packets_received,
          .bytes_sent = counters.bytes_sent,
          .bytes_received = counters.bytes_received,
          .packets_discarded = counters.discarded + transport.keying().records_discarded(),
          .selected_candidate_pair_changes = selected_pair_changes,
          .ice_role = std::string(ice::to_string(agent.role())),
          .ice_state = std::string(ice::to_string(agent.state())),
          .ice_local_username_fragment = agent.local_credentials().ufrag,
          .dtls_role = std::string(dtls_role(transport.keying().role())),
          .dtls_state = std::string(dtls_state(transport.keying().state())),
          .dtls_version = dtls_version,
          .dtls_cipher = dtls_cipher,
          .srtp_cipher = srtp_profile};
}

std::optional<IceCandidatePairStats> Session::Impl::pair_report() const {
  const auto& pair = transport.ice().selected_pair();
  if (!pair) return std::nullopt;
  const session::Transport::PathCounters& path = transport.path_counters();
  IceCandidatePairStats stats =
      pair_stats(transport.ice(), *pair, path.route == pair->route() ? path : session::Transport::PathCounters{});
  // RFC 8839 §5.1: a candidate may bear its fragment; the description has it for all.
  const auto& theirs = transport.ice().remote_credentials();
  if (stats.remote.username_fragment.empty() && theirs) stats.remote.username_fragment = theirs->ufrag;
  if (media.table()) stats.available_outgoing_bitrate = media.table()->available_bitrate();
  if (const TurnServer* server = transport.relays().server_of(pair->local_address)) {
    stats.local.relay_protocol = to_string(server->transport);
    stats.local.url = server->url;
  }
  return stats;
}

RtpStats Session::Impl::rtp_report(Timestamp at) const {
  RtpStats rtp = media.table()->stats(at);
  const auto& sections = negotiator.negotiated().sections;
  for (OutboundRtpStreamStats& stream : rtp.outbound) {
    const auto section = std::ranges::find(sections, stream.mid, &sdp::NegotiatedSection::mid);
    if (section == sections.end() || !section->transceiver) continue;
    const SendEncoding* encoding = media.encoding(*section->transceiver, stream.encoding_index);
    stream.active = encoding && encoding->parameters.active;
    if (!stream.active || encoding->paused) stream.target_bitrate = 0;
    const session::QualityLimitation* limitation = media.limitation(*section->transceiver);
    // What is kept is of the last encoding.
    if (limitation && media.encoding(*section->transceiver, stream.encoding_index + 1) == nullptr) {
      stream.quality_limitation_reason = limitation->reason();
      stream.quality_limitation_durations = limitation->durations(at);
      stream.quality_limitation_resolution_changes = limitation->resolution_changes();
    }
    add_codec(rtp.codecs, *section, stream.payload_type, true);
  }
  for (const InboundRtpStreamStats& stream : rtp.inbound) {
    const auto section = std::ranges::find(sections, stream.mid, &sdp::NegotiatedSection::mid);
    if (section != sections.end() && stream.packets_received > 0) {
      add_codec(rtp.codecs, *section, stream.payload_type, false);
    }
  }
  return rtp;
}

}  // namespace tidewire
