// The data channels of one peer connection (RFC 8831, RFC 8832): which exist, in which state, on which stream.
//
// It stands beside SCTP and knows nothing of it. The owner carries its actions (messages to send, streams to reset)
// to the association and the association's events back. It needs no time: nothing here expires.
//
//   open()/send()/close()  ->  [ ChannelTable ]  ->  poll_action(): SendMessage, ResetStreams  -> association
//   poll_event()           <-  [              ]  <-  handle_*()                                <- association
//
// Bounds: at most 65535 channels, and kMaxAnnouncedNames bytes of OPENs for those that the peer made; actions are
// bounded by the send buffer; every incoming message is at most one event (the owner drains events before it polls the
// association for more), and besides a channel has one event of a kind.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "base/ring.h"
#include "tidewire/bytes.h"
#include "tidewire/data_channel_init.h"
#include "tidewire/ids.h"
#include "tidewire/result.h"
#include "tidewire/rtc_error.h"
#include "tidewire/time.h"

namespace tidewire::datachannel {

// RFC 8832 §6: the DTLS client opens on even streams, the server on odd ones.
enum class Role { kDtlsClient, kDtlsServer };

enum class ChannelState { kConnecting, kOpen, kClosing, kClosed };

// To the association.
struct SendMessage {
  std::uint16_t stream = 0;
  std::uint32_t ppid = 0;
  Bytes payload;
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits;
  std::optional<std::uint16_t> max_packet_life_time;  // milliseconds
  std::uint16_t priority = 256;                       // RFC 8831 §6.4: the weight of the stream
};
// When the association cannot even begin to (the peer does not support it), the owner says handle_reset_failed().
struct ResetStreams {
  std::vector<std::uint16_t> streams;
};
using Action = std::variant<SendMessage, ResetStreams>;

// From the association.
struct IncomingMessage {
  std::uint16_t stream = 0;
  std::uint32_t ppid = 0;
  Bytes payload;
};

// To the application.
struct ChannelAnnounced {  // the peer opened a channel; it is open. W3C: "datachannel"
  ChannelId channel;
};
struct ChannelOpened {  // one of ours can be sent on. W3C: "open"
  ChannelId channel;
};
struct ChannelClosing {  // the peer began to close it. W3C: "closing"
  ChannelId channel;
};
struct ChannelClosed {  // both sides are done with it, or the transport is. W3C: "error" (when set), then "close"
  ChannelId channel;
  std::optional<RtcError> error;
  std::size_t unsent = 0;  // the last buffered_amount
};
struct MessageArrived {  // W3C: "message"
  ChannelId channel;
  Bytes payload;
  bool binary = false;  // else text; checked by nobody to be UTF-8
};
struct BufferedAmountLow {  // W3C: "bufferedamountlow"
  ChannelId channel;
};
using Event =
    std::variant<ChannelAnnounced, ChannelOpened, ChannelClosing, ChannelClosed, MessageArrived, BufferedAmountLow>;

// What a channel is, to read.
struct Channel {
  std::string label;
  DataChannelInit init;  // id is set as soon as the stream is known
  ChannelState state = ChannelState::kConnecting;
  std::size_t buffered_amount = 0;
  std::size_t buffered_amount_low_threshold = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

struct Config {
  // Bytes that all channels together may hold before send() answers OperationError. 16 MiB is Chromium's limit. A
  // larger message is taken when nothing else waits. Of small messages it takes as many as would fill it with
  // kSmallMessage bytes each, as every one that waits takes memory of its own.
  std::size_t send_buffer_limit = 16 * 1024 * 1024;
  // What a channel may hold and still be called writable(): enough for any network between two turns of a loop, and so
  // little that who waits for room leaves some to those who do not.
  std::size_t writable_limit = 1024 * 1024;
};

class ChannelTable {
 public:
  // An OPEN that names its channel beyond this, all the peer's channels together, is refused.
  static constexpr std::size_t kMaxAnnouncedNames = 8 * 1024 * 1024;
  // What the peer may send for new channels on streams whose old channel is not quite closed: all together, and each.
  static constexpr std::size_t kMaxEarlyBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kMaxEarlyMessages = 64;
  // The largest message whatever the peer takes: what the association can count.
  static constexpr std::size_t kLargestMessage = 1024 * 1024 * 1024;

  static constexpr std::size_t kSmallMessage = 128;
  // How long a peer that knows that a channel is closing may take to close its side.
  static constexpr Duration kClosingPatience = std::chrono::seconds(10);

  explicit ChannelTable(Config config = {});

  // -- Commands of the application ----------------------------------------------------------------------------------

  // W3C createDataChannel(). Legal from the start; the stream is chosen when the role is known, and the channel opens
  // when the transport is connected. TypeError: label or protocol over 65535 bytes, both limits set, a negotiated
  // channel without id or with id 65535. OperationError: the id is taken, or no id is left. InvalidStateError: the
  // transport is closed.
  Result<ChannelId> open(std::string label, DataChannelInit init);

  // W3C send(). InvalidStateError: not open. TypeError: over the peer's limit of message size. OperationError: the
  // send buffer is full, nothing was taken.
  // Moves the payload, which is left as it was on an error.
  Result<> send_text(ChannelId channel, Bytes&& text);
  Result<> send_binary(ChannelId channel, Bytes&& payload);

  // Whether one who waits for room may send `size` bytes now: the channel is open and holds little, and the send buffer
  // takes them. An error when it will never be so: those of send(), but for the full buffer.
  Result<bool> writable(ChannelId channel, std::size_t size) const;

  // W3C close(): what was sent before is delivered. Does nothing on a channel that is closing, closed or unknown.
  void close(ChannelId channel);

  // BufferedAmountLow comes when the amount falls to this or below. Nothing for an unknown channel.
  void set_buffered_amount_low_threshold(ChannelId channel, std::size_t threshold);

  // Nullptr when unknown: a channel is forgotten when its ChannelClosed has been polled. Valid until the next call.
  const Channel* find(ChannelId channel) const;
  std::size_t size() const { return channels_.size(); }
  // Channels that were open once, and those of them that are not any more (W3C RTCPeerConnectionStats).
  std::uint32_t opened() const { return opened_; }
  std::uint32_t left_open() const { return left_open_; }
  // In the order of their making. Valid until the next call.
  std::vector<const Channel*> all() const;

  // -- News of the transport ----------------------------------------------------------------------------------------

  // Once, when DTLS roles are settled.
  void set_role(Role role);
  // From the remote description: a=max-message-size; 0 for no limit. RFC 8841 §6.1: 64 KiB when it says nothing, which
  // is the default here.
  void set_max_message_size(std::size_t size);
  std::size_t max_message_size() const { return max_message_size_; }
  // The association is up; streams below `streams` may be used.
  void handle_connected(std::uint16_t streams);
  bool connected() const { return connected_ && !closed_; }
  bool closed() const { return closed_; }
  std::uint16_t streams() const { return static_cast<std::uint16_t>(streams_); }
  void handle_message(IncomingMessage message);
  // The peer reset its side of streams.
  void handle_incoming_reset(std::span<const std::uint16_t> streams);
  void handle_incoming_reset_of_all();
  // The peer carried out (or refused) our ResetStreams.
  void handle_outgoing_reset(std::span<const std::uint16_t> streams, Timestamp now);
  void handle_reset_failed(std::span<const std::uint16_t> streams);
  // What waits in the association for a stream: bytes, and the messages that they are of.
  void handle_buffered_amount(std::uint16_t stream, std::size_t amount, std::size_t messages);
  // The association is gone: every channel closes, with the error when there is one. Nothing can be opened after it.
  void handle_transport_closed(std::optional<RtcError> error);

  // Ends channels whose peer has not closed its side in time.
  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const { return closing_until_.empty() ? kNever : closing_until_.begin()->first; }

  // -- Output ---------------------------------------------------------------------------------------------------------

  std::optional<Action> poll_action();
  std::optional<Event> poll_event();

 private:
  struct Entry {
    ChannelId id;
    Channel channel;
    std::size_t queued_bytes = 0;  // in actions that have not been polled
    std::size_t queued_messages = 0;
    std::size_t held = 0;  // buffered_amount, and the bytes that stand for empty messages
    std::size_t held_messages = 0;
    bool acknowledged = true;  // RFC 8832 §6: false until our OPEN was answered; everything is ordered till then
    // RFC 8831 §6.7: all must be before the stream is free.
    bool reset_requested = false;
    bool outgoing_reset_done = false;
    bool incoming_reset_done = false;
    std::optional<Timestamp> closing_until;  // when only the last is missing
    std::vector<IncomingMessage> early;      // for the channel that the peer opens next on the stream
    bool early_overflowed = false;
    bool early_reset = false;
    std::size_t announced_names = 0;
  };

  Entry* find_entry(ChannelId channel);
  const Entry* find_entry(ChannelId channel) const;
  Entry* find_stream(std::uint16_t stream);
  Entry& add(std::string label, DataChannelInit init);
  Result<> check(const std::string& label, const DataChannelInit& init) const;
  bool stream_is_free(std::uint16_t stream) const;
  std::optional<std::uint16_t> choose_stream();
  std::optional<std::uint16_t> search_stream(std::uint32_t begin, std::uint32_t end, std::uint32_t& next);
  Result<> assign_stream(Entry& entry);
  void bring_up(Entry& entry);
  void set_state(Entry& entry, ChannelState state);
  Result<> check_send(const Entry* entry, std::size_t size) const;
  bool buffer_takes(std::size_t size) const;
  Result<> send(ChannelId channel, Bytes&& payload, std::uint32_t ppid);
  void queue_send(Entry& entry, Bytes payload, std::uint32_t ppid, bool ordered);
  void handle_control(std::uint16_t stream, ByteView payload);
  void handle_open(std::uint16_t stream, ByteView payload);
  void handle_user_data(Entry& entry, IncomingMessage message);
  void keep_early(Entry& entry, IncomingMessage message);
  std::vector<IncomingMessage> take_early(Entry& entry);
  void refuse_stream(std::uint16_t stream);
  void begin_close(Entry& entry);
  void peer_reset(Entry& entry);
  void own_reset_performed(std::uint16_t stream, Timestamp now);
  void own_reset_failed(std::uint16_t stream);
  void finish_if_reset(Entry& entry);
  void finish(Entry& entry, std::optional<RtcError> error);
  void hold(Entry& entry, std::size_t bytes, std::size_t messages);

  Config config_;
  std::optional<Role> role_;
  std::size_t max_message_size_ = 65536;
  bool connected_ = false;
  bool closed_ = false;
  std::uint32_t streams_ = 65535;
  std::uint32_t next_id_ = 1;
  std::uint32_t opened_ = 0;
  std::uint32_t left_open_ = 0;
  // Where the search for a free stream goes on, below 1024 and above; even.
  std::uint32_t next_low_ = 0;
  std::uint32_t next_high_ = 0;
  std::size_t held_total_ = 0;
  std::size_t held_messages_ = 0;
  std::size_t early_bytes_ = 0;
  std::size_t announced_names_ = 0;
  std::map<ChannelId, Entry> channels_;
  // Streams of no channel that the peer has yet to reset.
  std::unordered_set<std::uint16_t> half_closed_;
  std::set<std::pair<Timestamp, ChannelId>> closing_until_;
  std::unordered_map<std::uint16_t, ChannelId> by_stream_;
  // Streams of no channel that are still unfit for one: a refused OPEN is being reset, or a reset failed.
  std::unordered_set<std::uint16_t> unfit_;
  Ring<Action> actions_;
  Ring<Event> events_;
};

}  // namespace tidewire::datachannel
