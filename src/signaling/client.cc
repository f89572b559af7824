#include "signaling/client.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "io/os_random.h"
#include "io/websocket_client.h"

namespace tidewire::signaling {
namespace {

// docs/signaling.md §3: a secret of 128 bits, made once.
std::string make_key() {
  std::array<std::uint8_t, 16> bytes{};
  io::os_random().fill(bytes);
  return hex_encode(bytes);
}

// What the callbacks hold on to: any callback of the owner may destroy the Client meanwhile.
class Membership : public std::enable_shared_from_this<Membership> {
 public:
  Membership(io::EventLoop& loop, RoomUrl url, Client::Options options, Client::Callbacks callbacks)
      : url_(std::move(url)),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        socket_(loop, socket_callbacks()),
        retry_(loop, [this](Timestamp) { connect(); }),
        pause_(options_.first_retry) {}

  void connect() {
    last_words_.reset();
    if (const Result<> started = socket_.connect(url_.websocket_url()); !started) fail(started.error());
  }

  Result<> send(const ClientMessage& message) {
    if (!joined_) return Error{ErrorCode::kInvalidState, "not in the room " + url_.room + " at the moment"};
    return socket_.send(to_json(message));
  }

  void close() {
    closed_ = true;
    joined_ = false;
    retry_.cancel();
    socket_.close();
  }

  bool is_joined() const { return joined_; }
  const std::string& id() const { return id_; }

 private:
  io::WebSocketClient::Callbacks socket_callbacks() {
    io::WebSocketClient::Callbacks callbacks;
    callbacks.on_open = [this] {
      static_cast<void>(socket_.send(to_json(Join{kProtocolVersion, url_.room, options_.name, key_})));
    };
    callbacks.on_message = [this](const std::string& text) { receive(text); };
    callbacks.on_close = [this](const io::WebSocketClose& close) {
      lost({ErrorCode::kNetwork, "the signaling server is gone: " + last_words_.value_or(close.reason)});
    };
    callbacks.on_error = [this](Error error) {
      error.message += ". Is `tidewire serve` running there?";
      lost(std::move(error));
    };
    return callbacks;
  }

  void receive(const std::string& text) {
    const auto self = shared_from_this();
    auto parsed = parse_server_message(text);
    // What makes no sense is dropped: a newer server may say more than this client knows.
    auto* message = std::get_if<std::optional<ServerMessage>>(&parsed);
    if (message == nullptr || !*message) return;
    if (const auto* joined = std::get_if<Joined>(&**message)) enter(*joined);
    if (const auto* closing = std::get_if<ServerClosing>(&**message)) last_words_ = closing->reason;
    const auto* error = std::get_if<ErrorMessage>(&**message);
    if (error != nullptr) last_words_ = error->message;
    const bool refused = error != nullptr &&
                         (error->code == Fault::kReplaced || error->code == Fault::kUnsupportedVersion || !was_joined_);
    const Error reason{ErrorCode::kOperation, refused ? "the server refuses: " + error->message : ""};
    if (callbacks_.on_message) callbacks_.on_message(std::move(**message));
    if (refused && !closed_) fail(reason);
  }

  void enter(const Joined& joined) {
    id_ = joined.id;
    joined_ = was_joined_ = true;
    pause_ = options_.first_retry;
  }

  void lost(Error error) {
    if (closed_) return;
    if (!was_joined_ || !options_.reconnect) return fail(std::move(error));
    const auto self = shared_from_this();
    const bool news = std::exchange(joined_, false);
    retry_.set(io::EventLoop::now() + pause_);
    pause_ = std::min(pause_ * 2, options_.longest_retry);
    if (news && callbacks_.on_interrupted) callbacks_.on_interrupted(std::move(error));
  }

  void fail(Error error) {
    const auto self = shared_from_this();
    close();
    if (callbacks_.on_failed) callbacks_.on_failed(std::move(error));
  }

  RoomUrl url_;
  Client::Options options_;
  Client::Callbacks callbacks_;
  io::WebSocketClient socket_;
  io::Timer retry_;
  Duration pause_;
  std::string key_ = make_key();
  std::string id_;
  std::optional<std::string> last_words_;  // why the server is about to close
  bool joined_ = false;
  bool was_joined_ = false;
  bool closed_ = false;
};

}  // namespace

struct Client::Impl {
  std::shared_ptr<Membership> membership;
};

Client::Client(io::EventLoop& loop, RoomUrl url, Options options, Callbacks callbacks)
    : impl_(std::make_unique<Impl>()) {
  impl_->membership = std::make_shared<Membership>(loop, std::move(url), std::move(options), std::move(callbacks));
}

Client::~Client() { close(); }
void Client::start() { impl_->membership->connect(); }
Result<> Client::send(const ClientMessage& message) { return impl_->membership->send(message); }
bool Client::is_joined() const { return impl_->membership->is_joined(); }
const std::string& Client::id() const { return impl_->membership->id(); }
void Client::close() { impl_->membership->close(); }

}  // namespace tidewire::signaling
