// A data channel: messages between two peers. https://www.w3.org/TR/webrtc/#rtcdatachannel
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tidewire/bytes.h"
#include "tidewire/data_channel_init.h"
#include "tidewire/result.h"
#include "tidewire/unique_function.h"

namespace tidewire {

enum class DataChannelState { kConnecting, kOpen, kClosing, kClosed };

// A message that has arrived. `payload` is valid during the callback.
struct DataMessage {
  ByteView payload;
  // The sender called it text (UTF-8), not binary.
  bool is_text = false;

  std::string_view text() const { return as_text(payload); }
};

// Lives on its connection's loop: methods are called there, callbacks run there and never inside a method.
// It stays valid, and closed, after its connection is gone.
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
  // The stream id; nothing until it is known.
  std::optional<std::uint16_t> id() const;
  DataChannelState ready_state() const;
  // Bytes that send() has taken and that have not been given to the network yet.
  std::size_t buffered_amount() const;
  std::size_t buffered_amount_low_threshold() const;
  void set_buffered_amount_low_threshold(std::size_t bytes);

  // Queues a message. InvalidState unless the channel is open, Type when it exceeds the peer's maximum message
  // size, Operation when the send buffer is full: wait for on_buffered_amount_low.
  Result<> send(std::string_view text);
  Result<> send(ByteView binary);
  // Closes after all that was sent has been delivered.
  void close();

  UniqueFunction<void()> on_open;
  UniqueFunction<void()> on_closing;
  UniqueFunction<void()> on_close;
  UniqueFunction<void(const DataMessage&)> on_message;
  UniqueFunction<void()> on_buffered_amount_low;

 private:
  friend class PeerConnectionImpl;
  struct Impl;
  explicit DataChannel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire
