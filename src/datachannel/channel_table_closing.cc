// How channels end (RFC 8831 §6.7).
#include <algorithm>
#include <utility>

#include "datachannel/channel_table.h"

namespace tidewire::datachannel {

// What was sent before is delivered before: the association resets a stream when it has run dry.
void ChannelTable::begin_close(Entry& entry) {
  entry.channel.state = ChannelState::kClosing;
  if (entry.reset_requested) return;
  entry.reset_requested = true;
  actions_.push_back(ResetStreams{{*entry.channel.init.id}});
}

void ChannelTable::peer_reset(Entry& entry) {
  if (entry.channel.state == ChannelState::kConnecting || entry.channel.state == ChannelState::kClosed) return;
  // The second one is of the channel that the peer opened after the first.
  entry.early_reset = entry.incoming_reset_done && !entry.early.empty();
  entry.incoming_reset_done = true;
  if (entry.channel.state == ChannelState::kOpen) events_.push_back(ChannelClosing{entry.id});
  begin_close(entry);
  finish_if_reset(entry);
}

void ChannelTable::handle_incoming_reset(std::span<const std::uint16_t> streams) {
  for (const std::uint16_t stream : streams) {
    if (Entry* entry = find_stream(stream)) peer_reset(*entry);
  }
}

void ChannelTable::handle_incoming_reset_of_all() {
  std::vector<std::uint16_t> streams;
  for (const auto& [stream, id] : by_stream_) streams.push_back(stream);
  std::sort(streams.begin(), streams.end());
  handle_incoming_reset(streams);
}

void ChannelTable::handle_outgoing_reset(std::span<const std::uint16_t> streams) {
  for (const std::uint16_t stream : streams) own_reset_ended(stream, true);
}

void ChannelTable::handle_reset_failed(std::span<const std::uint16_t> streams) {
  for (const std::uint16_t stream : streams) own_reset_ended(stream, false);
}

void ChannelTable::own_reset_ended(std::uint16_t stream, bool performed) {
  Entry* entry = find_stream(stream);
  if (!entry) {
    if (performed) unfit_.erase(stream);
    return;
  }
  if (!entry->reset_requested) return;
  entry->outgoing_reset_done = true;
  if (performed) return finish_if_reset(*entry);
  // The peer cannot or will not: the channel ends here, and its stream is not used again.
  unfit_.insert(stream);
  finish(*entry, std::nullopt);
}

void ChannelTable::finish_if_reset(Entry& entry) {
  if (!entry.outgoing_reset_done || !entry.incoming_reset_done) return;
  std::vector<IncomingMessage> early = take_early(entry);
  const std::uint16_t stream = *entry.channel.init.id;
  const bool overflowed = entry.early_overflowed;
  const bool reset_again = entry.early_reset;
  finish(entry, std::nullopt);
  if (overflowed) return refuse_stream(stream);
  for (IncomingMessage& message : early) handle_message(std::move(message));
  if (reset_again) handle_incoming_reset({&stream, 1});
}

void ChannelTable::finish(Entry& entry, std::optional<RtcError> error) {
  if (entry.channel.state == ChannelState::kClosed) return;
  entry.channel.state = ChannelState::kClosed;
  take_early(entry);
  const std::size_t unsent = entry.channel.buffered_amount;
  hold(entry, 0, 0);
  if (entry.channel.init.id) by_stream_.erase(*entry.channel.init.id);
  events_.push_back(ChannelClosed{entry.id, std::move(error), unsent});
}

void ChannelTable::handle_transport_closed(std::optional<RtcError> error) {
  if (closed_) return;
  closed_ = true;
  actions_.clear();
  for (auto& [id, entry] : channels_) finish(entry, error);
}

}  // namespace tidewire::datachannel
