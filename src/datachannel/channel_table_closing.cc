// How channels end (RFC 8831 §6.7).
#include <algorithm>
#include <utility>

#include "datachannel/channel_table.h"

namespace tidewire::datachannel {

// What was sent before is delivered before: the association resets a stream when it has run dry.
void ChannelTable::begin_close(Entry& entry) {
  set_state(entry, ChannelState::kClosing);
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
    half_closed_.erase(stream);
    if (Entry* entry = find_stream(stream)) peer_reset(*entry);
  }
}

void ChannelTable::handle_incoming_reset_of_all() {
  half_closed_.clear();
  std::vector<std::uint16_t> streams;
  for (const auto& [stream, id] : by_stream_) streams.push_back(stream);
  std::sort(streams.begin(), streams.end());
  handle_incoming_reset(streams);
}

void ChannelTable::handle_outgoing_reset(std::span<const std::uint16_t> streams, Timestamp now) {
  for (const std::uint16_t stream : streams) own_reset_performed(stream, now);
}

void ChannelTable::handle_reset_failed(std::span<const std::uint16_t> streams) {
  for (const std::uint16_t stream : streams) own_reset_failed(stream);
}

void ChannelTable::own_reset_performed(std::uint16_t stream, Timestamp now) {
  Entry* entry = find_stream(stream);
  if (!entry) {
    unfit_.erase(stream);
    return;
  }
  if (!entry->reset_requested) return;
  entry->outgoing_reset_done = true;
  if (!entry->incoming_reset_done && !entry->closing_until) {
    entry->closing_until = now + kClosingPatience;
    closing_until_.emplace(*entry->closing_until, entry->id);
  }
  finish_if_reset(*entry);
}

// The peer cannot or will not: the channel ends here, and its stream is not used again.
void ChannelTable::own_reset_failed(std::uint16_t stream) {
  Entry* entry = find_stream(stream);
  if (!entry || !entry->reset_requested) return;
  unfit_.insert(stream);
  finish(*entry, std::nullopt);
}

// RFC 8831 §6.7: a channel is closed when both sides have reset their stream, however long that takes.
// QUIRK Firefox 153: when many channels are closed at a time it may confirm our resets and never send its own. The
// application would wait for its "close" as long as the connection lasts. Nothing is delivered on a channel that is
// closing (W3C §6.2), so it loses nothing when it hears of the end earlier; the stream itself waits for the peer.
void ChannelTable::handle_timeout(Timestamp now) {
  while (next_timeout() <= now) {
    Entry& entry = *find_entry(closing_until_.begin()->second);
    half_closed_.insert(*entry.channel.init.id);
    finish(entry, std::nullopt);
  }
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
  set_state(entry, ChannelState::kClosed);
  take_early(entry);
  if (entry.closing_until) closing_until_.erase({*entry.closing_until, entry.id});
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
