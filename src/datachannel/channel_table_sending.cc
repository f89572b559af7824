// What is sent on channels, and what of it waits.
#include <algorithm>
#include <utility>

#include "datachannel/channel_table.h"
#include "datachannel/dcep.h"

namespace tidewire::datachannel {

Result<> ChannelTable::send_text(ChannelId channel, Bytes&& text) {
  return send(channel, std::move(text), text.empty() ? kPpidStringEmpty : kPpidString);
}

Result<> ChannelTable::send_binary(ChannelId channel, Bytes&& payload) {
  return send(channel, std::move(payload), payload.empty() ? kPpidBinaryEmpty : kPpidBinary);
}

// What can be said whatever the buffer holds.
Result<> ChannelTable::check_send(const Entry* entry, std::size_t size) const {
  if (!entry || entry->channel.state == ChannelState::kClosing || entry->channel.state == ChannelState::kClosed) {
    return Error{ErrorCode::kInvalidState, "the data channel is closed, or closing: open another one"};
  }
  if (size > max_message_size_) {
    return Error{ErrorCode::kType, "the message has " + std::to_string(size) + " bytes, but the peer takes at most " +
                                       std::to_string(max_message_size_) + ": send it in parts"};
  }
  return {};
}

bool ChannelTable::buffer_takes(std::size_t size) const {
  constexpr std::size_t kFewMessages = 64;
  if (held_messages_ >= std::max(config_.send_buffer_limit / kSmallMessage, kFewMessages)) return false;
  return held_total_ == 0 ||
         (held_total_ <= config_.send_buffer_limit && size <= config_.send_buffer_limit - held_total_);
}

Result<bool> ChannelTable::writable(ChannelId channel, std::size_t size) const {
  const Entry* entry = find_entry(channel);
  if (!entry || entry->channel.state != ChannelState::kConnecting) {
    if (auto checked = check_send(entry, size); !checked) return checked.error();
  }
  if (entry->channel.state != ChannelState::kOpen || !buffer_takes(size)) return false;
  const std::size_t held = entry->held;
  return held == 0 || (held <= config_.writable_limit && size <= config_.writable_limit - held);
}

Result<> ChannelTable::send(ChannelId channel, Bytes&& payload, std::uint32_t ppid) {
  Entry* entry = find_entry(channel);
  if (entry && entry->channel.state == ChannelState::kConnecting) {
    return Error{ErrorCode::kInvalidState, "the data channel is not open yet: wait for it"};
  }
  const std::size_t size = payload.size();
  if (auto checked = check_send(entry, size); !checked) return checked;
  if (!buffer_takes(size)) {
    return Error{ErrorCode::kOperation, "the send buffer holds " + std::to_string(held_messages_) + " messages and " +
                                            std::to_string(held_total_) + " of " +
                                            std::to_string(config_.send_buffer_limit) + " bytes and has no room for " +
                                            std::to_string(size) + ": wait for room, then send it again"};
  }
  ++entry->channel.messages_sent;
  entry->channel.bytes_sent += size;
  entry->channel.buffered_amount += size;
  // RFC 8831 §6.6: SCTP has no empty messages; one zero byte and the PPID stand for one.
  Bytes sent = size == 0 ? Bytes{0} : std::move(payload);
  hold(*entry, entry->held + sent.size(), entry->held_messages + 1);
  // RFC 8832 §6: until the OPEN is known to have arrived, unordered messages could overtake it.
  queue_send(*entry, std::move(sent), ppid, entry->channel.init.ordered || !entry->acknowledged);
  return {};
}

void ChannelTable::hold(Entry& entry, std::size_t bytes, std::size_t messages) {
  held_total_ += bytes - entry.held;
  entry.held = bytes;
  held_messages_ += messages - entry.held_messages;
  entry.held_messages = messages;
  entry.channel.buffered_amount = std::min(entry.channel.buffered_amount, bytes);
}

void ChannelTable::handle_buffered_amount(std::uint16_t stream, std::size_t amount, std::size_t messages) {
  Entry* entry = find_stream(stream);
  if (!entry) return;
  const std::size_t before = entry->channel.buffered_amount;
  // The association counts DCEP's messages too.
  hold(*entry, std::min(entry->held, amount + entry->queued_bytes),
       std::min(entry->held_messages, messages + entry->queued_messages));
  const std::size_t after = entry->channel.buffered_amount;
  const std::size_t threshold = entry->channel.buffered_amount_low_threshold;
  if (before > threshold && after <= threshold) events_.push_back(BufferedAmountLow{entry->id});
}

}  // namespace tidewire::datachannel
