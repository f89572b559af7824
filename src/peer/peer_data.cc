// Data channels of a connection.
#include <utility>

#include "peer/data_channel_impl.h"
#include "peer/peer_connection_impl.h"

namespace tidewire {

std::shared_ptr<DataChannel> PeerConnectionImpl::make_channel(ChannelId id, DataChannelState state) {
  auto impl = std::make_unique<DataChannel::Impl>();
  impl->connection = weak_from_this();
  impl->id = id;
  impl->state = state;
  if (const auto info = session_.channel(id)) {
    impl->label = info->label;
    impl->init = info->init;
  }
  const std::shared_ptr<DataChannel> channel(new DataChannel(std::move(impl)));
  channels_[id] = channel;
  return channel;
}

std::shared_ptr<DataChannel> PeerConnectionImpl::find_channel(ChannelId id) const {
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<DataChannel>> PeerConnectionImpl::create_data_channel(std::string label, DataChannelInit init) {
  const auto id = session_.create_data_channel(std::move(label), std::move(init));
  if (!id) return id.error();
  schedule_pump();
  return make_channel(*id, DataChannelState::kConnecting);
}

void PeerConnectionImpl::handle(const event::DataChannelAdded& added) {
  const auto channel = make_channel(added.channel, DataChannelState::kOpen);
  if (facade_ && facade_->on_data_channel) facade_->on_data_channel(channel);
  // W3C "announce the data channel as open": after the application has had the chance to set its callbacks.
  if (!closed_ && channel->on_open) channel->on_open();
}

void PeerConnectionImpl::handle(const event::DataChannelOpened& opened) {
  const auto channel = find_channel(opened.channel);
  if (!channel) return;
  channel->impl_->state = DataChannelState::kOpen;
  if (channel->on_open) channel->on_open();
}

void PeerConnectionImpl::handle(const event::DataChannelClosing& closing) {
  const auto channel = find_channel(closing.channel);
  if (!channel) return;
  channel->impl_->state = DataChannelState::kClosing;
  if (channel->on_closing) channel->on_closing();
}

// W3C "announce the data channel as closed".
void PeerConnectionImpl::handle(const event::DataChannelClosed& gone) {
  const auto channel = find_channel(gone.channel);
  if (!channel) return;
  channels_.erase(gone.channel);
  channel->impl_->state = DataChannelState::kClosed;
  channel->impl_->buffered_amount = gone.buffered_amount;
  if (gone.error && channel->on_error) channel->on_error(*gone.error);
  if (!closed_ && channel->on_close) channel->on_close();
}

void PeerConnectionImpl::handle(event::MessageReceived& message) {
  const auto channel = find_channel(message.channel);
  if (channel && channel->on_message) channel->on_message(DataMessage(message.payload, message.is_text));
  session_.recycle(std::move(message.payload));
}

void PeerConnectionImpl::handle(const event::SctpTransportStateChanged&) {
  if (facade_ && facade_->on_sctp_state_change) facade_->on_sctp_state_change();
}

void PeerConnectionImpl::handle(const event::BufferedAmountLow& low) {
  const auto channel = find_channel(low.channel);
  if (channel && channel->on_buffered_amount_low) channel->on_buffered_amount_low();
}

// -- Waiting for room ------------------------------------------------------------------------------------------------

Result<bool> PeerConnectionImpl::writable(ChannelId channel, std::size_t bytes) const {
  auto writable = session_.writable(channel, bytes);
  // Who comes now is not to pass one who has waited long.
  if (writable && starving_) return false;
  return writable;
}

void PeerConnectionImpl::wait_for_room(RoomWaiter waiter) {
  room_waiters_.push_back(std::move(waiter));
  schedule_pump();
}

// Calls those for whom there is room, in their order. True when it called somebody.
bool PeerConnectionImpl::serve_room_waiters() {
  bool served = false;
  starving_ = false;
  auto next = room_waiters_.begin();
  for (std::size_t left = room_waiters_.size(); left > 0 && !closed_; --left) {
    const auto writable = session_.writable(next->channel, next->bytes);
    if (writable && !*writable) {
      // Nothing waits on its own channel: the others fill the buffer, and must not do so for ever.
      const auto channel = find_channel(next->channel);
      const bool is_open = channel && channel->impl_->state == DataChannelState::kOpen;
      starving_ = is_open && session_.buffered_amount(next->channel) == 0;
      if (starving_) return served;
      ++next;
      continue;
    }
    RoomWaiter waiter = std::move(*next);
    next = room_waiters_.erase(next);
    served = true;
    waiter.callback(writable ? Result<>() : writable.error());
  }
  return served;
}

void PeerConnectionImpl::dismiss_room_waiters() {
  for (RoomWaiter& waiter : room_waiters_) {
    if (!waiter.call_when_closed) continue;
    loop_.post([callback = std::move(waiter.callback)]() mutable {
      callback(Error{ErrorCode::kInvalidState, "the connection was closed while this waited for room"});
    });
  }
  room_waiters_.clear();
}

}  // namespace tidewire
