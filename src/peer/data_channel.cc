// The DataChannel object: thin, each call goes to the session and lets the connection pump.
#include <utility>

#include "peer/data_channel_impl.h"
#include "peer/peer_connection_impl.h"

namespace tidewire {
namespace {

Error closed_error() { return {ErrorCode::kInvalidState, "the connection is closed: make a new one"}; }

}  // namespace

DataChannel::DataChannel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataChannel::~DataChannel() = default;

const std::string& DataChannel::label() const { return impl_->label; }
const std::string& DataChannel::protocol() const { return impl_->init.protocol; }
bool DataChannel::ordered() const { return impl_->init.ordered; }
bool DataChannel::negotiated() const { return impl_->init.negotiated; }
std::optional<std::uint16_t> DataChannel::max_packet_life_time() const { return impl_->init.max_packet_life_time; }
std::optional<std::uint16_t> DataChannel::max_retransmits() const { return impl_->init.max_retransmits; }
Priority DataChannel::priority() const { return impl_->init.priority; }
DataChannelState DataChannel::ready_state() const { return impl_->state; }

std::optional<std::uint16_t> DataChannel::id() const {
  const auto connection = impl_->connection.lock();
  const auto info = connection ? connection->session().channel(impl_->id) : std::nullopt;
  if (info) impl_->init.id = info->init.id;
  return impl_->init.id;
}

std::size_t DataChannel::buffered_amount() const {
  const auto connection = impl_->connection.lock();
  const bool asks = connection && impl_->state != DataChannelState::kClosed;
  return asks ? connection->session().buffered_amount(impl_->id) : impl_->buffered_amount;
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
  if (!connection || connection->closed()) return closed_error();
  connection->schedule_pump();
  return connection->session().send_text(impl_->id, text, connection->now());
}

Result<> DataChannel::send(ByteView binary) {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed()) return closed_error();
  connection->schedule_pump();
  return connection->session().send_binary(impl_->id, binary, connection->now());
}

Result<> DataChannel::send(Bytes&& binary) {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed()) return closed_error();
  connection->schedule_pump();
  return connection->session().send_binary(impl_->id, std::move(binary), connection->now());
}

Result<bool> DataChannel::writable(std::size_t bytes) const {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed()) return closed_error();
  return connection->writable(impl_->id, bytes);
}

Result<> DataChannel::wait_for_room(std::size_t bytes, UniqueFunction<void(Result<>)> callback, bool call_when_closed) {
  if (auto possible = writable(bytes); !possible) return possible.error();
  impl_->connection.lock()->wait_for_room({impl_->id, bytes, std::move(callback), call_when_closed});
  return {};
}

Result<> DataChannel::when_writable(std::size_t bytes, UniqueFunction<void(Result<>)> callback) {
  return wait_for_room(bytes, std::move(callback), false);
}

RoomAwaiter DataChannel::room(std::size_t bytes) { return {*this, bytes}; }
SendAwaiter DataChannel::send_async(Bytes binary) { return {*this, std::move(binary)}; }
SendAwaiter DataChannel::send_async(std::string text) { return {*this, std::move(text)}; }

bool RoomAwaiter::await_ready() {
  const auto writable = channel_->writable(bytes_);
  if (!writable) result_ = writable.error();
  return !writable || *writable;
}

bool RoomAwaiter::suspend(UniqueFunction<void()> resume) {
  resume_ = std::make_shared<UniqueFunction<void()>>(std::move(resume));
  const auto wake = [this, alive = std::weak_ptr(resume_)](Result<> result) {
    const auto resumed = alive.lock();
    if (!resumed) return;
    result_ = std::move(result);
    (*resumed)();
  };
  result_ = channel_->wait_for_room(bytes_, wake, true);
  return result_.has_value();
}

Result<> SendAwaiter::await_resume() {
  // With an error the channel may be gone; else its connection holds it.
  if (auto made = room_.await_resume(); !made) return made;
  return is_text_ ? channel_->send(std::string_view(text_)) : channel_->send(std::move(binary_));
}

void DataChannel::close() {
  const auto connection = impl_->connection.lock();
  if (!connection || connection->closed() || impl_->state == DataChannelState::kClosed) return;
  impl_->state = DataChannelState::kClosing;
  connection->session().close_data_channel(impl_->id, connection->now());
  connection->schedule_pump();
}

}  // namespace tidewire
