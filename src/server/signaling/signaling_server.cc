#include "server/signaling/signaling_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <unordered_map>

#include "io/os_random.h"
#include "server/http/http_listener.h"
#include "server/http/page.h"
#include "server/signaling/ice_server_mint.h"
#include "server/signaling/websocket_session.h"

namespace tidewire::server {
namespace {

using signaling::Fault;

// At the level that is the default, a busy server writes what its operator can act on.
LogLevel level_of(Fault fault) {
  switch (fault) {
    case Fault::kServerFull: return LogLevel::kWarning;
    case Fault::kRoomFull:
    case Fault::kRateLimited:
    case Fault::kTooLarge:
    case Fault::kTooSlow:
    case Fault::kUnsupportedVersion: return LogLevel::kInfo;
    default: return LogLevel::kDebug;
  }
}

}  // namespace

class SignalingServer::Impl : public HttpHandler, public SessionOwner, public std::enable_shared_from_this<Impl> {
 public:
  Impl(io::EventLoop& loop, Options options)
      : loop_(loop),
        options_(std::move(options)),
        directory_(options_.limits, options_.ice_servers, io::os_random()),
        directory_timer_(loop, [this](Timestamp now) { handle_timeout(now); }) {
    directory_.set_own_turn(options_.own_turn);
  }

  Result<> listen() {
    listener_ =
        std::make_shared<HttpListener>(loop_, weak_from_this(), HttpListener::Options{.listen = options_.listen});
    const Result<> listening = listener_->start();
    if (listening && options_.log != nullptr) {
      options_.log->info("signaling_listening", {{"address", local().to_string()}});
    }
    return listening;
  }

  void set_own_turn(std::optional<OwnTurn> own) {
    options_.own_turn = std::move(own);
    directory_.set_own_turn(options_.own_turn);
  }

  void shutdown(UniqueFunction<void()> done) {
    if (stopping_) return;
    stopping_ = true;
    done_ = std::move(done);
    if (options_.log != nullptr) options_.log->info("signaling_stopping", {{"clients", sessions_.size()}});
    listener_->stop();
    directory_.shut_down("The server is shutting down.");
    carry_out();
    if (sessions_.empty()) boost::asio::post(loop_.context(), [self = shared_from_this()] { self->tell_done(); });
  }

  void break_off() {
    done_ = nullptr;
    stopping_ = true;
    listener_->stop();
    directory_timer_.cancel();
    for (const auto& [id, session] : sessions_) session->abort();
    sessions_.clear();
  }

  const SocketAddress& local() const { return listener_->local_address(); }
  const RoomDirectory& directory() const { return directory_; }

  // HttpHandler
  HttpResponse respond(const HttpRequest& request) override { return server::respond(request, assets()); }
  bool takes_websocket(const HttpRequest& request) override {
    return request.target == "/ws" && origin_is_welcome(request.origin, request.host, options_.allowed_origins);
  }
  void upgraded(boost::asio::ip::tcp::socket socket, Upgrade request) override {
    std::make_shared<WebSocketSession>(loop_, std::move(socket), weak_from_this(),
                                       WebSocketSession::Options{options_.max_queued, options_.idle_ping})
        ->accept(std::move(request));
  }

  // SessionOwner
  ConnectionId opened(std::shared_ptr<WebSocketSession> session) override {
    const ConnectionId id(++last_id_);
    sessions_.emplace(id, std::move(session));
    // Its first output comes after it knows its id.
    boost::asio::post(loop_.context(), [self = shared_from_this(), id] {
      if (self->stopping_) return self->turn_away(id);
      const auto found = self->sessions_.find(id);
      if (found == self->sessions_.end()) return;  // gone already
      const WallClockAnchor wall = io::EventLoop::wall_clock_anchor();
      self->directory_.set_wall_clock(wall);
      self->directory_.connected(id, std::string(found->second->host()), wall.monotonic);
      self->carry_out();
    });
    return id;
  }
  void received(ConnectionId connection, std::string_view text) override {
    directory_.handle_message(connection, text, io::EventLoop::now());
    carry_out();
  }
  void refused(ConnectionId connection, const signaling::ErrorMessage& error) override {
    directory_.refuse(connection, error);
    carry_out();
  }
  void closed(ConnectionId connection, signaling::LeaveReason reason) override {
    directory_.disconnected(connection, reason);
    carry_out();
    sessions_.erase(connection);
    if (stopping_ && sessions_.empty()) tell_done();
  }

 private:
  void turn_away(ConnectionId id) {
    const auto found = sessions_.find(id);
    if (found != sessions_.end()) found->second->close(1001, "server_closing");
  }

  void handle_timeout(Timestamp now) {
    directory_.handle_timeout(now);
    carry_out();
  }

  // A session that has no room left calls refused(), which adds outputs: the loop in progress takes them too.
  void carry_out() {
    if (carrying_out_) return;
    carrying_out_ = true;
    while (auto output = directory_.poll_output()) {
      std::visit([this](auto& o) { carry_out(o); }, *output);
    }
    carrying_out_ = false;
    directory_timer_.set(directory_.next_timeout());
  }
  void carry_out(SendText& output) {
    const auto found = sessions_.find(output.to);
    if (found != sessions_.end()) found->second->send(std::move(output.text));
  }
  void carry_out(CloseConnection& output) {
    const auto found = sessions_.find(output.connection);
    if (found != sessions_.end()) found->second->close(output.code, std::move(output.reason));
  }

  void carry_out(RoomNotice& notice) {
    if (options_.log == nullptr) return;
    const auto found = sessions_.find(notice.connection);
    const SocketAddress client = found != sessions_.end() ? found->second->remote() : SocketAddress{};
    Log& log = *options_.log;
    switch (notice.what) {
      case RoomNotice::What::kRoomOpened: return log.debug("room_opened", {{"room", notice.room}});
      case RoomNotice::What::kRoomClosed: return log.debug("room_closed", {{"room", notice.room}});
      case RoomNotice::What::kJoined: return log_joined(log, notice, client);
      case RoomNotice::What::kLeft:
        return log.debug("client_left", {{"room", notice.room},
                                         {"peer", notice.peer},
                                         {"client", client},
                                         {"reason", signaling::to_string(notice.reason)}});
      case RoomNotice::What::kRefused:
        return log.write(level_of(*notice.fault), "client_refused",
                         {{"fault", signaling::to_string(*notice.fault)},
                          {"client", client},
                          {"room", notice.room},
                          {"peer", notice.peer}});
    }
  }
  void log_joined(Log& log, const RoomNotice& notice, const SocketAddress& client) {
    if (!log.is_written(LogLevel::kDebug)) return;
    // As the relay's log calls it.
    const std::string user = options_.own_turn ? turn_user(*options_.own_turn, notice.peer) : "";
    log.debug("client_joined", {{"room", notice.room}, {"peer", notice.peer}, {"client", client}, {"turn_user", user}});
  }

  void tell_done() {
    if (done_ && options_.log != nullptr) options_.log->info("signaling_stopped");
    if (done_) std::exchange(done_, nullptr)();
  }

  io::EventLoop& loop_;
  Options options_;
  std::shared_ptr<HttpListener> listener_;
  RoomDirectory directory_;
  io::Timer directory_timer_;
  std::unordered_map<ConnectionId, std::shared_ptr<WebSocketSession>> sessions_;
  std::uint64_t last_id_ = 0;
  UniqueFunction<void()> done_;
  bool stopping_ = false;
  bool carrying_out_ = false;
};

Result<SignalingServer> SignalingServer::start(io::EventLoop& loop, Options options) {
  auto impl = std::make_shared<Impl>(loop, std::move(options));
  if (const Result<> listening = impl->listen(); !listening) return listening.error();
  return SignalingServer(std::move(impl));
}

SignalingServer::SignalingServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SignalingServer::SignalingServer(SignalingServer&&) noexcept = default;

SignalingServer& SignalingServer::operator=(SignalingServer&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

SignalingServer::~SignalingServer() {
  if (impl_) impl_->break_off();
}

SocketAddress SignalingServer::local_address() const { return impl_->local(); }

std::string SignalingServer::room_url(std::string_view room) const {
  SocketAddress address = impl_->local();
  if (address.ip.is_unspecified()) {
    address.ip = address.ip.is_v4() ? IpAddress::v4({127, 0, 0, 1}) : *IpAddress::parse("::1");
  }
  return "http://" + address.to_string() + "/r/" + std::string(room);
}

std::size_t SignalingServer::room_count() const { return impl_->directory().stats().rooms; }
std::size_t SignalingServer::client_count() const { return impl_->directory().stats().connections; }
SignalingStats SignalingServer::stats() const { return impl_->directory().stats(); }
void SignalingServer::set_own_turn(std::optional<OwnTurn> own) { impl_->set_own_turn(std::move(own)); }
void SignalingServer::shutdown(UniqueFunction<void()> done) { impl_->shutdown(std::move(done)); }

}  // namespace tidewire::server
