#include "datachannel/channel_table.h"

#include <algorithm>
#include <utility>

#include "datachannel/dcep.h"

namespace tidewire::datachannel {
namespace {

// RFC 8832 §6: 65535 is no stream of a data channel, for SCTP can agree on 65535 streams at most.
constexpr std::uint32_t kMaxStreams = 65535;
constexpr std::size_t kLongestName = 65535;  // RFC 8832 §5.1: the lengths have 16 bits

bool is_user_data(std::uint32_t ppid) {
  return ppid == kPpidString || ppid == kPpidBinary || ppid == kPpidStringEmpty || ppid == kPpidBinaryEmpty;
}

}  // namespace

ChannelTable::ChannelTable(Config config) : config_(config) {}

// -- Commands ---------------------------------------------------------------------------------------------------------

Result<> ChannelTable::check(const std::string& label, const DataChannelInit& init) const {
  if (closed_) return Error{ErrorCode::kInvalidState, "the connection is closed: make the channel on a new one"};
  if (label.size() > kLongestName) return Error{ErrorCode::kType, "the label is longer than 65535 bytes"};
  if (init.protocol.size() > kLongestName) return Error{ErrorCode::kType, "the protocol is longer than 65535 bytes"};
  if (init.max_packet_life_time && init.max_retransmits) {
    return Error{ErrorCode::kType, "max_packet_life_time and max_retransmits exclude each other: set one of them"};
  }
  if (init.negotiated && !init.id)
    return Error{ErrorCode::kType, "a negotiated channel needs an id: set the same on both sides"};
  if (init.negotiated && *init.id >= kMaxStreams) {
    return Error{ErrorCode::kType, "the id 65535 is reserved: take one from 0 to 65534"};
  }
  if (channels_.size() >= kMaxStreams) {
    return Error{ErrorCode::kOperation, "there are 65535 channels already: close one and wait until it is closed"};
  }
  return {};
}

Result<ChannelId> ChannelTable::open(std::string label, DataChannelInit init) {
  if (auto checked = check(label, init); !checked) return checked.error();
  if (init.negotiated && !stream_is_free(*init.id)) {
    const std::string id = std::to_string(*init.id);
    if (*init.id >= streams_) {
      return Error{ErrorCode::kOperation,
                   "the id " + id + " is too high: the peer takes ids below " + std::to_string(streams_)};
    }
    return Error{ErrorCode::kOperation, "the id " + id + " is taken by another channel, which may still be closing"};
  }
  if (!init.negotiated) init.id.reset();
  Entry& entry = add(std::move(label), std::move(init));
  const ChannelId id = entry.id;
  if (auto assigned = assign_stream(entry); !assigned) {
    channels_.erase(id);
    return assigned.error();
  }
  bring_up(entry);
  return id;
}

ChannelTable::Entry& ChannelTable::add(std::string label, DataChannelInit init) {
  const ChannelId id(next_id_++);
  Entry& entry = channels_[id];
  entry.id = id;
  entry.channel.label = std::move(label);
  entry.channel.init = std::move(init);
  return entry;
}

bool ChannelTable::stream_is_free(std::uint16_t stream) const {
  return stream < streams_ && !by_stream_.contains(stream) && !unfit_.contains(stream) &&
         !half_closed_.contains(stream);
}

// RFC 8832 §6: the client takes even streams, the server odd ones.
// QUIRK libwebrtc: releases up to 2023 and what is built from them (@roamhq/wrtc) agree on 65535 streams, but drop a
// channel on a stream above 1023. So the low ones are used again before a higher one is.
std::optional<std::uint16_t> ChannelTable::choose_stream() {
  constexpr std::uint32_t kLow = 1024;
  if (const auto stream = search_stream(0, std::min(streams_, kLow), next_low_)) return stream;
  return search_stream(kLow, streams_, next_high_);
}

// The search goes on where the last one ended and so costs little however many channels there are; a stream rests as
// long as possible before it is used again.
std::optional<std::uint16_t> ChannelTable::search_stream(std::uint32_t begin, std::uint32_t end, std::uint32_t& next) {
  const std::uint32_t parity = role_ == Role::kDtlsClient ? 0 : 1;
  for (std::uint32_t tried = begin; tried < end; tried += 2) {
    if (next < begin || next + parity >= end) next = begin;
    const std::uint32_t stream = next + parity;
    next += 2;
    if (stream < end && stream_is_free(static_cast<std::uint16_t>(stream))) return static_cast<std::uint16_t>(stream);
  }
  return std::nullopt;
}

// Gives the channel its stream if that can be known yet.
Result<> ChannelTable::assign_stream(Entry& entry) {
  std::optional<std::uint16_t>& id = entry.channel.init.id;
  if (!id && !role_) return {};
  if (!id) id = choose_stream();
  if (!id) return Error{ErrorCode::kOperation, "no stream is left for another channel: close one first"};
  by_stream_[*id] = entry.id;
  return {};
}

// Opens the channel if everything it needs is there.
void ChannelTable::bring_up(Entry& entry) {
  if (!connected_ || !entry.channel.init.id || entry.channel.state != ChannelState::kConnecting) return;
  const DataChannelInit& init = entry.channel.init;
  if (!init.negotiated) {
    // RFC 8832 §6: user data may follow the OPEN at once.
    entry.acknowledged = false;
    OpenMessage open{entry.channel.label,  init.ordered,  init.max_packet_life_time,
                     init.max_retransmits, init.protocol, priority_value(init.priority)};
    SendMessage message{.stream = *init.id, .ppid = kPpidControl, .payload = build_open(open)};
    message.priority = open.priority;
    actions_.push_back(std::move(message));
  }
  set_state(entry, ChannelState::kOpen);
  events_.push_back(ChannelOpened{entry.id});
}

void ChannelTable::set_state(Entry& entry, ChannelState state) {
  if (entry.channel.state == ChannelState::kOpen && state != ChannelState::kOpen) ++left_open_;
  if (state == ChannelState::kOpen) ++opened_;
  entry.channel.state = state;
}

void ChannelTable::queue_send(Entry& entry, Bytes payload, std::uint32_t ppid, bool ordered) {
  const DataChannelInit& init = entry.channel.init;
  entry.queued_bytes += payload.size();
  ++entry.queued_messages;
  actions_.push_back(SendMessage{*init.id, ppid, std::move(payload), ordered, init.max_retransmits,
                                 init.max_packet_life_time, priority_value(init.priority)});
}

void ChannelTable::close(ChannelId channel) {
  Entry* entry = find_entry(channel);
  if (!entry || entry->channel.state == ChannelState::kClosing || entry->channel.state == ChannelState::kClosed) return;
  if (entry->channel.state == ChannelState::kConnecting) {
    finish(*entry, std::nullopt);  // nobody knows of it
  } else {
    begin_close(*entry);
  }
}

void ChannelTable::set_buffered_amount_low_threshold(ChannelId channel, std::size_t threshold) {
  if (Entry* entry = find_entry(channel)) entry->channel.buffered_amount_low_threshold = threshold;
}

const Channel* ChannelTable::find(ChannelId channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second.channel;
}

ChannelTable::Entry* ChannelTable::find_entry(ChannelId channel) {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second;
}

const ChannelTable::Entry* ChannelTable::find_entry(ChannelId channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second;
}

ChannelTable::Entry* ChannelTable::find_stream(std::uint16_t stream) {
  const auto found = by_stream_.find(stream);
  return found == by_stream_.end() ? nullptr : find_entry(found->second);
}

// -- News of the transport --------------------------------------------------------------------------------------------

void ChannelTable::set_role(Role role) {
  if (role_ || closed_) return;
  role_ = role;
  for (auto& [id, entry] : channels_) {
    if (entry.channel.state != ChannelState::kConnecting || entry.channel.init.id) continue;
    if (auto assigned = assign_stream(entry); !assigned) {
      finish(entry, RtcError{assigned.error()});
    } else {
      bring_up(entry);
    }
  }
}

void ChannelTable::set_max_message_size(std::size_t size) {
  max_message_size_ = size == 0 ? kLargestMessage : std::min(size, kLargestMessage);
}

void ChannelTable::handle_connected(std::uint16_t streams) {
  if (connected_ || closed_) return;
  connected_ = true;
  streams_ = std::min<std::uint32_t>(streams, kMaxStreams);
  for (auto& [id, entry] : channels_) {
    if (entry.channel.init.id && *entry.channel.init.id >= streams_) {
      finish(entry, RtcError{Error{ErrorCode::kOperation, "the peer takes only " + std::to_string(streams_) +
                                                              " channels: open no more, with ids below that"}});
    } else {
      bring_up(entry);
    }
  }
}

void ChannelTable::handle_message(IncomingMessage message) {
  if (closed_) return;
  Entry* entry = find_stream(message.stream);
  // The peer is done with the old channel of the stream and goes on with a new one, while the confirmation of our reset
  // is still on its way: that has to wait until we may answer on the stream.
  if (entry && entry->incoming_reset_done) {
    return keep_early(*entry, std::move(message));
  }
  if (message.ppid == kPpidControl) return handle_control(message.stream, message.payload);
  // User data for no channel, or of an unknown kind, is nobody's.
  if (entry && is_user_data(message.ppid)) handle_user_data(*entry, std::move(message));
}

// A peer that never confirms the reset must not fill the memory. A message that does not fit costs the new channel its
// life, for without it the channel would have a gap.
void ChannelTable::keep_early(Entry& entry, IncomingMessage message) {
  if (early_bytes_ + message.payload.size() > kMaxEarlyBytes || entry.early.size() >= kMaxEarlyMessages) {
    entry.early_overflowed = true;
  }
  if (entry.early_overflowed) return;
  early_bytes_ += message.payload.size();
  entry.early.push_back(std::move(message));
}

std::vector<IncomingMessage> ChannelTable::take_early(Entry& entry) {
  for (const IncomingMessage& message : entry.early) early_bytes_ -= message.payload.size();
  return std::exchange(entry.early, {});
}

void ChannelTable::handle_user_data(Entry& entry, IncomingMessage message) {
  entry.acknowledged = true;  // RFC 8832 §6: user data says as much as an ACK
  // W3C §6.2: nothing is delivered once the channel is closing.
  if (entry.channel.state != ChannelState::kOpen) return;
  const bool empty = message.ppid == kPpidStringEmpty || message.ppid == kPpidBinaryEmpty;
  if (empty) message.payload.clear();
  ++entry.channel.messages_received;
  entry.channel.bytes_received += message.payload.size();
  const bool binary = message.ppid == kPpidBinary || message.ppid == kPpidBinaryEmpty;
  events_.push_back(MessageArrived{entry.id, std::move(message.payload), binary});
}

void ChannelTable::handle_control(std::uint16_t stream, ByteView payload) {
  if (payload.empty()) return;
  if (payload[0] == kMessageAck) {
    if (Entry* entry = find_stream(stream)) entry->acknowledged = true;
  } else if (payload[0] == kMessageOpen) {
    handle_open(stream, payload);
  }
}

// RFC 8832 §6: an OPEN is good on an unused stream of the peer's parity with valid parameters; else the stream is
// closed.
void ChannelTable::handle_open(std::uint16_t stream, ByteView payload) {
  if (Entry* entry = find_stream(stream)) {
    if (entry->channel.state == ChannelState::kOpen) begin_close(*entry);
    return;
  }
  const std::uint16_t peer_parity = role_ == Role::kDtlsClient ? 1 : 0;
  auto open = parse_open(payload);
  const bool parity_is_right = !role_ || (stream & 1) == peer_parity;
  const bool fits = open && channels_.size() < kMaxStreams && announced_names_ + payload.size() <= kMaxAnnouncedNames;
  if (!fits || !parity_is_right || !stream_is_free(stream)) {
    refuse_stream(stream);
    return;
  }
  DataChannelInit init{.ordered = open->ordered,
                       .max_packet_life_time = open->max_packet_life_time,
                       .max_retransmits = open->max_retransmits,
                       .protocol = std::move(open->protocol),
                       .id = stream,
                       .priority = priority_from(open->priority)};
  Entry& entry = add(std::move(open->label), std::move(init));
  by_stream_[stream] = entry.id;
  announced_names_ += entry.announced_names = payload.size();
  set_state(entry, ChannelState::kOpen);
  // RFC 8832 §6: the ACK is sent reliably and in order.
  actions_.push_back(SendMessage{stream, kPpidControl, build_ack()});
  events_.push_back(ChannelAnnounced{entry.id});
}

void ChannelTable::refuse_stream(std::uint16_t stream) {
  if (stream >= streams_ || !unfit_.insert(stream).second) return;
  actions_.push_back(ResetStreams{{stream}});
}

// -- Output ----------------------------------------------------------------------------------------------------------

std::optional<Action> ChannelTable::poll_action() {
  if (actions_.empty()) return std::nullopt;
  Action action = actions_.pop_front();
  if (const auto* message = std::get_if<SendMessage>(&action); message && message->ppid != kPpidControl) {
    if (Entry* entry = find_stream(message->stream)) {
      entry->queued_bytes -= std::min(entry->queued_bytes, message->payload.size());
      entry->queued_messages -= std::min<std::size_t>(entry->queued_messages, 1);
    }
  }
  return action;
}

std::optional<Event> ChannelTable::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = events_.pop_front();
  if (const auto* closed = std::get_if<ChannelClosed>(&event)) {
    if (const Entry* entry = find_entry(closed->channel)) announced_names_ -= entry->announced_names;
    channels_.erase(closed->channel);
  }
  return event;
}

std::vector<const Channel*> ChannelTable::all() const {
  std::vector<const Channel*> all;
  all.reserve(channels_.size());
  for (const auto& [id, entry] : channels_) all.push_back(&entry.channel);
  return all;
}

}  // namespace tidewire::datachannel
