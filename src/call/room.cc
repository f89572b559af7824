#include "call/room.h"

#include <utility>

namespace tidewire::call {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);

}  // namespace

Room::Room(EventLoop& loop, signaling::RoomUrl url, Options options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      second_(loop.impl(), [this](Timestamp) { tick(); }),
      client_(loop.impl(), std::move(url), {.name = options_.name},
              {.on_message = [this](signaling::ServerMessage message) { handle(std::move(message)); },
               .on_interrupted =
                   [this](const Error&) {
                     if (callbacks_.on_notice) callbacks_.on_notice("the server is gone; calls go on");
                   },
               .on_failed =
                   [this](const Error& error) {
                     if (callbacks_.on_failed) callbacks_.on_failed(error);
                   }}) {}

Room::~Room() = default;

void Room::join() {
  client_.start();
  second_.set(loop_.now() + kTick);
}

void Room::leave() {
  for (auto& [id, call] : calls_) call->hang_up();
  // Each connection sends its own farewell as it goes.
  calls_.clear();
  second_.cancel();
  client_.close();
}

void Room::tick() {
  for (auto& [id, call] : calls_) call->tick();
  second_.set(loop_.now() + kTick);
}

void Room::set_media(const LocalMedia& media) {
  options_.media = media;
  for (const auto& [id, call] : calls_) call->set_media(media);
}

void Room::handle(signaling::ServerMessage message) {
  std::visit([this](auto& one) { handle(one); }, message);
}

void Room::handle(signaling::Joined& joined) {
  const bool back = !id_.empty();
  id_ = joined.id;
  for (const signaling::IceServer& server : joined.ice_servers) {
    if (!back) options_.configuration.ice_servers.push_back({server.urls, server.username, server.credential});
  }
  peers_.clear();
  if (back && callbacks_.on_notice) callbacks_.on_notice("the server is back");
  if (!back && callbacks_.on_joined) callbacks_.on_joined(id_);
  for (const signaling::PeerInfo& peer : joined.peers) {
    peers_[peer.id] = peer;
    // docs/signaling.md §5: a call that lives goes on.
    if (!calls_.contains(peer.id)) begin(peer, true).start();
  }
}

void Room::handle(signaling::PeerJoined& joined) { peers_[joined.peer.id] = joined.peer; }

void Room::handle(signaling::PeerLeft& left) {
  peers_.erase(left.id);
  if (left.reason == signaling::LeaveReason::kLeft) end(left.id, "left the room");
}

void Room::handle(signaling::Description& message) {
  if (!calls_.contains(message.peer)) {
    const auto peer = peers_.find(message.peer);
    if (peer == peers_.end() || message.description.type != SdpType::kOffer) return;
    begin(peer->second, false).start();
  }
  calls_.at(message.peer)->handle(message);
}

void Room::handle(signaling::Candidate& message) {
  const auto call = calls_.find(message.peer);
  if (call != calls_.end()) call->second->handle(message);
}

void Room::handle(signaling::Bye& bye) { end(bye.peer, bye.reason.empty() ? "hung up" : bye.reason); }

void Room::handle(signaling::ErrorMessage& error) {
  // docs/signaling.md §4: a message that crossed with somebody's leaving.
  if (error.code == signaling::Fault::kNoSuchPeer) return;
  if (callbacks_.on_notice) callbacks_.on_notice("the server says: " + error.message);
}

void Room::handle(signaling::ServerClosing& closing) {
  if (callbacks_.on_notice) callbacks_.on_notice(closing.reason);
}

Call& Room::begin(const signaling::PeerInfo& peer, bool caller) {
  const std::string id = peer.id;
  // The click was ours when we came; when the other one came it was theirs.
  const Timestamp start = caller ? options_.click : loop_.now();
  Call::Options options{.configuration = options_.configuration,
                        .media = options_.media,
                        .peer = peer,
                        .caller = caller,
                        .polite = id_ < id,
                        .start = start,
                        .devices_ready = std::max(start, options_.devices_ready)};
  Call::Callbacks callbacks{
      .send = [this](const signaling::ClientMessage& message) { (void)client_.send(message); },
      .on_chat =
          [this, id](const std::string& text) {
            const auto call = calls_.find(id);
            if (call != calls_.end() && callbacks_.on_chat) callbacks_.on_chat(*call->second, text);
          },
      .on_connected =
          [this, id] {
            const auto call = calls_.find(id);
            if (call != calls_.end() && callbacks_.on_connected) callbacks_.on_connected(*call->second);
          },
      .on_limitation =
          [this, id](const QualityLimitationEvent& event) {
            const auto call = calls_.find(id);
            if (call != calls_.end() && callbacks_.on_limitation) callbacks_.on_limitation(*call->second, event);
          },
      .on_ended = [this, id](const std::string& reason) { end(id, reason); },
  };
  auto& call = calls_[id];
  call = std::make_unique<Call>(loop_, std::move(options), std::move(callbacks));
  if (callbacks_.on_call) callbacks_.on_call(*call);
  return *call;
}

void Room::end(const std::string& id, const std::string& reason) {
  auto ended = calls_.extract(id);
  if (!ended) return;
  ended.mapped()->stats();
  if (callbacks_.on_ended) callbacks_.on_ended(*ended.mapped(), reason);
}

}  // namespace tidewire::call
