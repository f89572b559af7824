// Data channels of a connection, and the DataChannel object.
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

void PeerConnectionImpl::handle(const event::DataChannelClosed& gone) {
  const auto channel = find_channel(gone.channel);
  if (!channel) return;
  channels_.erase(gone.channel);
  channel->impl_->state = DataChannelState::kClosed;
  if (channel->on_close) channel->on_close();
}

void PeerConnectionImpl::handle(event::MessageReceived& message) {
  const auto channel = find_channel(message.channel);
  if (channel && channel->on_message) channel->on_message({message.payload, message.is_text});
}

void PeerConnectionImpl::handle(const event::BufferedAmountLow& low) {
  const auto channel = find_channel(low.channel);
  if (channel && channel->on_buffered_amount_low) channel->on_buffered_amount_low();
}

DataChannel::DataChannel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataChannel::~DataChannel() = default;

const std::string& DataChannel::label() const { return impl_->label; }
const std::string& DataChannel::protocol() const { return impl_->init.protocol; }
bool DataChannel::ordered() const { return impl_->init.ordered; }
bool DataChannel::negotiated() const { return impl_->init.negotiated; }
std::optional<std::uint16_t> DataChannel::max_packet_life_time() const { return impl_->init.max_packet_life_time; }
std::optional<std::uint16_t> DataChannel::max_retransmits() const { return impl_->init.max_retransmits; }
DataChannelState DataChannel::ready_state() const { return impl_->state; }

std::optional<std::uint16_t> DataChannel::id() const {
  const auto connection = impl_->connection.lock();
  const auto info = connection ? connection->session().channel(impl_->id) : std::nullopt;
  if (info) impl_->init.id = info->init.id;
  return impl_->init.id;
}

std::size_t DataChannel::buffered_amount() const {
  const auto connection = impl_->connection.lock();
  const auto info = connection ? connection->session().channel(impl_->id) : std::nullopt;
  return info ? info->buffered_amount : 0;
}

std::size_t DataChannel::buffered_amount_low_threshold() const { return impl_->buffered_amount_low_threshold; }

void DataChannel::set_buffered_amount_low_threshold(std::size_t bytes) {
  impl_->buffered_amount_low_threshold = bytes;
  if (const auto connection = impl_->connection.lock()) {
    connection->session().set_buffered_amount_low_threshold(impl_->id, bytes);
  }
}

Result<> DataChannel::send(std::string_view text) {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed()) return Error{ErrorCode::kInvalidState, "the connection is closed"};
  connection->schedule_pump();
  return connection->session().send_text(impl_->id, text, connection->now());
}

Result<> DataChannel::send(ByteView binary) {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed()) return Error{ErrorCode::kInvalidState, "the connection is closed"};
  connection->schedule_pump();
  return connection->session().send_binary(impl_->id, binary, connection->now());
}

void DataChannel::close() {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed() || impl_->state == DataChannelState::kClosed) return;
  impl_->state = DataChannelState::kClosing;
  connection->session().close_data_channel(impl_->id, connection->now());
  connection->schedule_pump();
}

}  // namespace tidewire
