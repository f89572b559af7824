// A data channel: messages between two peers. https://www.w3.org/TR/webrtc/#rtcdatachannel
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tidewire/bytes.h"
#include "tidewire/data_channel_awaiters.h"
#include "tidewire/data_channel_init.h"
#include "tidewire/result.h"
#include "tidewire/rtc_error.h"
#include "tidewire/unique_function.h"

namespace tidewire {

enum class DataChannelState { kConnecting, kOpen, kClosing, kClosed };

// A message that has arrived. It is valid during the callback.
class DataMessage {
 public:
  DataMessage(Bytes& storage, bool text) : payload(storage), is_text(text), storage_(&storage) {}

  ByteView payload;
  // The sender called it text (UTF-8), not binary.
  bool is_text = false;

  std::string_view text() const { return as_text(payload); }
  // Takes the payload over without a copy. Once; then it is as valid as what is returned.
  Bytes take() const { return std::move(*storage_); }

 private:
  Bytes* storage_;
};

// Lives on its connection's loop: methods are called there, callbacks run there and never inside a method.
// It stays valid, and closed, after its connection is gone.
//
// What is sent waits in a buffer that all channels of a connection share (Configuration::send_buffer_limit). A full
// buffer is an error of send() and nothing else: the channel stays as it is. Who has much to send waits for room before
// each message, with when_writable() or, in a coroutine, room() or send_async(): those never fill the buffer for the
// other channels.
class DataChannel {
 public:
  ~DataChannel();
  DataChannel(const DataChannel&) = delete;
  DataChannel& operator=(const DataChannel&) = delete;

  const std::string& label() const;
  const std::string& protocol() const;
  bool ordered() const;
  bool negotiated() const;
  std::optional<std::uint16_t> max_packet_life_time() const;  // milliseconds
  std::optional<std::uint16_t> max_retransmits() const;
  Priority priority() const;
  // The stream id; nothing until it is known.
  std::optional<std::uint16_t> id() const;
  DataChannelState ready_state() const;
  // Bytes that send() has taken and that have not been given to the network yet. Of a closed channel: what never was.
  std::size_t buffered_amount() const;
  std::size_t buffered_amount_low_threshold() const;
  void set_buffered_amount_low_threshold(std::size_t bytes);

  // Queues a message. InvalidState unless the channel is open, Type when it exceeds the peer's maximum message size
  // (PeerConnection::sctp()), Operation when the send buffer has no room. A message that is larger than the buffer is
  // taken when nothing waits. Text and views are copied once; bytes that are moved in are not, and are left as they
  // were on an error.
  Result<> send(std::string_view text);
  Result<> send(ByteView binary);
  Result<> send(Bytes&& binary);
  // Closes after all that was sent has been delivered.
  void close();

  // Calls `callback` once, from the loop, as soon as a message of `bytes` bytes may be sent: the channel is open, at
  // most 1 MiB waits on it, and the buffer has room. Several are called in their order, each with its room still there.
  // With an error when the channel ends before. Not at all when the connection is closed or destroyed from this side.
  // An error here: it will never be (see send()); the callback is dropped.
  Result<> when_writable(std::size_t bytes, UniqueFunction<void(Result<>)> callback);
  // The same for coroutines: Result<> made = co_await channel->room(bytes). The coroutine goes on on the loop, or at
  // once when there is room. Unlike a callback it is also woken, with the error, when the connection is closed or
  // destroyed from this side; it must not touch what is gone then. Destroying the coroutine ends the wait.
  RoomAwaiter room(std::size_t bytes);
  // room(), then send(): Result<> sent = co_await channel->send_async(…).
  SendAwaiter send_async(Bytes binary);
  SendAwaiter send_async(std::string text);

  UniqueFunction<void()> on_open;
  UniqueFunction<void()> on_closing;
  // Why it ends, when there is a reason; on_close follows.
  UniqueFunction<void(const RtcError&)> on_error;
  UniqueFunction<void()> on_close;
  UniqueFunction<void(const DataMessage&)> on_message;
  UniqueFunction<void()> on_buffered_amount_low;

 private:
  friend class PeerConnectionImpl;
  friend class RoomAwaiter;
  struct Impl;
  explicit DataChannel(std::unique_ptr<Impl> impl);
  Result<bool> writable(std::size_t bytes) const;
  Result<> wait_for_room(std::size_t bytes, UniqueFunction<void(Result<>)> callback, bool call_when_closed);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire
