// getStats.
#include <utility>

#include "session/session_impl.h"

namespace tidewire {
namespace {

IceCandidateStats candidate_stats(const ice::Candidate& candidate, const SocketAddress& address) {
  return {.candidate_type = std::string(ice::to_string(candidate.type)),
          .protocol = std::string(ice::to_string(candidate.protocol)),
          .address = address,
          .priority = candidate.priority};
}

IceCandidatePairStats pair_stats(const ice::CandidatePair& pair, const ice::AgentStats& stats) {
  return {.local = candidate_stats(pair.local, pair.local.address),
          .remote = candidate_stats(pair.remote, pair.remote_address),
          .nominated = pair.nominated,
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

std::string_view channel_state(datachannel::ChannelState state) {
  switch (state) {
    case datachannel::ChannelState::kConnecting: return "connecting";
    case datachannel::ChannelState::kOpen: return "open";
    case datachannel::ChannelState::kClosing: return "closing";
    case datachannel::ChannelState::kClosed: return "closed";
  }
  return "";
}

}  // namespace

StatsReport Session::Impl::report(Timestamp at) const {
  StatsReport report{.timestamp = at};
  const session::Transport::Counters& counters = transport.counters();
  const ice::Agent& agent = transport.ice();
  report.transport = {.packets_sent = counters.packets_sent,
                      .packets_received = counters.packets_received,
                      .bytes_sent = counters.bytes_sent,
                      .bytes_received = counters.bytes_received,
                      .packets_discarded = counters.discarded + transport.keying().records_discarded(),
                      .selected_candidate_pair_changes = selected_pair_changes,
                      .ice_role = std::string(ice::to_string(agent.role())),
                      .ice_state = std::string(ice::to_string(agent.state())),
                      .dtls_state = std::string(dtls_state(transport.keying().state())),
                      .dtls_version = dtls_version,
                      .dtls_cipher = dtls_cipher,
                      .srtp_cipher = srtp_profile};
  if (const auto& pair = agent.selected_pair()) {
    report.selected_candidate_pair = pair_stats(*pair, agent.stats());
    if (const TurnServer* server = transport.relays().server_of(pair->local_address)) {
      report.selected_candidate_pair->local.relay_protocol = to_string(server->transport);
      report.selected_candidate_pair->local.url = server->url;
    }
  }
  if (const sctp::Association* association = data.association()) {
    const sctp::Stats& stats = association->stats();
    report.sctp_transport = SctpTransportStats{.congestion_window = stats.cwnd,
                                               .receiver_window = stats.peer_rwnd,
                                               .mtu = stats.mtu,
                                               .chunks_retransmitted = stats.chunks_retransmitted};
    if (stats.srtt > Duration::zero()) report.sctp_transport->smoothed_round_trip_time = stats.srtt;
  }
  for (const datachannel::Channel* channel : data.channels().all()) {
    report.data_channels.push_back({.label = channel->label,
                                    .protocol = channel->init.protocol,
                                    .data_channel_identifier = channel->init.id,
                                    .state = std::string(channel_state(channel->state)),
                                    .messages_sent = channel->messages_sent,
                                    .messages_received = channel->messages_received,
                                    .bytes_sent = channel->bytes_sent,
                                    .bytes_received = channel->bytes_received});
  }
  if (media.table()) report.rtp = media.table()->stats(at);
  return report;
}

}  // namespace tidewire
