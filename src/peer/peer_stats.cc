// getStats: what the session tells, and what only encoders, decoders, sources and players know.
#include <algorithm>
#include <utility>

#include "peer/peer_connection_impl.h"

namespace tidewire {
namespace {

using Players = std::vector<std::shared_ptr<const AudioPlayout>>;

void fill_outbound(RtpStats& rtp, const std::string& mid, const peer::MediaSender& sender) {
  for (OutboundRtpStreamStats& stream : rtp.outbound) {
    if (stream.mid == mid) sender.fill(stream.encoding_index, stream);
  }
}

// `receiver`: null before the first frame. `playout_index`: of whoever plays the track.
void fill_inbound(RtpStats& rtp, const std::string& mid, const MediaStreamTrack& track,
                  const peer::MediaReceiver* receiver, std::optional<std::size_t> playout_index) {
  for (InboundRtpStreamStats& stream : rtp.inbound) {
    if (stream.mid != mid) continue;
    stream.track_identifier = track.id();
    stream.playout_index = playout_index;
    if (receiver) receiver->fill(stream);
  }
}

// The place of the track's player among those that are there.
std::optional<std::size_t> index_of_player(const MediaStreamTrack& track, Players& players) {
  const auto player = track.playout();
  if (!player) return std::nullopt;
  auto known = std::ranges::find(players, player);
  if (known == players.end()) known = players.insert(players.end(), player);
  return static_cast<std::size_t>(known - players.begin());
}

}  // namespace

StatsReport PeerConnectionImpl::stats() const {
  const Timestamp now = loop_.now();
  StatsReport report = session_.stats(now);
  Players players;
  for (const auto& [id, transceiver] : transceivers_) {
    const auto info = session_.transceiver(id);
    if (!info || !info->mid) continue;
    const MediaStreamTrack& received = *transceiver.object->receiver_->track_;
    fill_inbound(report.rtp, *info->mid, received, transceiver.receiver.get(), index_of_player(received, players));
    if (!transceiver.sender) continue;
    fill_outbound(report.rtp, *info->mid, *transceiver.sender);
    if (auto source = transceiver.sender->source_stats(now)) {
      source->mid = *info->mid;
      report.media_sources.push_back(*std::move(source));
    }
  }
  for (const auto& player : players) report.media_playout.push_back(player->stats());
  return report;
}

}  // namespace tidewire
