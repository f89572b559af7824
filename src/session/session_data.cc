// The commands of a Session for data channels.
#include <algorithm>
#include <utility>

#include "session/session_impl.h"

namespace tidewire {
namespace {

Error closed_error() { return {ErrorCode::kInvalidState, "the connection is closed: make a new one"}; }

}  // namespace

Result<ChannelId> Session::create_data_channel(std::string label, DataChannelInit init) {
  if (impl_->closed) return closed_error();
  auto channel = impl_->data.channels().open(std::move(label), std::move(init));
  if (!channel) return channel.error();
  if (auto added = impl_->negotiator.add_data_section(); !added) return added.error();
  impl_->data.flush(impl_->now);
  impl_->announce_negotiation_needed();
  return *channel;
}

Result<> Session::send_text(ChannelId channel, std::string_view text, Timestamp now) {
  Bytes copy = impl_->pool.messages().copy_of(as_bytes(text));
  auto result = impl_->data.channels().send_text(channel, std::move(copy));
  recycle(std::move(copy));  // NOLINT(bugprone-use-after-move): on an error it was not moved
  impl_->now = now;
  impl_->data.flush(now);
  return result;
}

Result<> Session::send_binary(ChannelId channel, ByteView payload, Timestamp now) {
  Bytes copy = impl_->pool.messages().copy_of(payload);
  auto result = send_binary(channel, std::move(copy), now);
  recycle(std::move(copy));  // NOLINT(bugprone-use-after-move): on an error it was not moved
  return result;
}

Result<> Session::send_binary(ChannelId channel, Bytes&& payload, Timestamp now) {
  auto result = impl_->data.channels().send_binary(channel, std::move(payload));
  impl_->now = now;
  impl_->data.flush(now);
  return result;
}

void Session::recycle(Bytes&& payload) { impl_->pool.messages().give(std::move(payload)); }

Result<bool> Session::writable(ChannelId channel, std::size_t bytes) const {
  if (impl_->closed) return closed_error();
  return impl_->data.channels().writable(channel, bytes);
}

void Session::close_data_channel(ChannelId channel, Timestamp now) {
  impl_->data.channels().close(channel);
  impl_->now = now;
  impl_->data.flush(now);
}

void Session::set_buffered_amount_low_threshold(ChannelId channel, std::size_t threshold) {
  impl_->data.channels().set_buffered_amount_low_threshold(channel, threshold);
}

std::optional<ChannelInfo> Session::channel(ChannelId channel) const {
  const datachannel::Channel* found = impl_->data.channels().find(channel);
  if (!found) return std::nullopt;
  return ChannelInfo{found->label, found->init, found->buffered_amount};
}

std::size_t Session::buffered_amount(ChannelId channel) const {
  const datachannel::Channel* found = impl_->data.channels().find(channel);
  return found ? found->buffered_amount : 0;
}

std::optional<SctpTransport> Session::sctp() const { return impl_->sctp_transport(); }

// W3C RTCSctpTransport: it is there once a description of each side has it.
std::optional<SctpTransport> Session::Impl::sctp_transport() const {
  if (!negotiator.negotiated().sctp) return std::nullopt;
  const datachannel::ChannelTable& channels = data.channels();
  SctpTransport now_is{.max_message_size = channels.max_message_size()};
  if (channels.connected()) {
    now_is.state = SctpTransportState::kConnected;
    now_is.max_channels = channels.streams();
  } else if (channels.closed()) {
    now_is.state = SctpTransportState::kClosed;
  }
  return now_is;
}

void Session::Impl::announce_sctp_state() {
  const auto now_is = sctp_transport();
  if (closed || !now_is || now_is->state == sctp_state) return;
  // W3C: it is made in the state connecting, of which no event tells.
  const bool is_new = !sctp_state;
  sctp_state = now_is->state;
  if (!is_new || sctp_state != SctpTransportState::kConnecting) emit(event::SctpTransportStateChanged{*sctp_state});
}

}  // namespace tidewire
