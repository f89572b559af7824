// A stay in a room: the signaling connection, and one call with each of the others.
//
// Who comes calls those who are there (docs/signaling.md §2). The calls live on when the server goes away.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "call/call.h"
#include "signaling/client.h"

namespace tidewire::call {

class Room {
 public:
  struct Options {
    std::string name;
    LocalMedia media;
    Configuration configuration;  // the server's ICE servers are added
    Timestamp click{};            // when the person asked for it
    Timestamp devices_ready{};
  };
  // None may destroy the room.
  struct Callbacks {
    UniqueFunction<void(const std::string& id)> on_joined;
    UniqueFunction<void(Call& call)> on_call;  // there is a new call, not yet connected
    UniqueFunction<void(Call& call)> on_connected;
    UniqueFunction<void(Call& call, const std::string& text)> on_chat;
    // The network lets our pictures pause, or go on, or have another size.
    UniqueFunction<void(Call& call, const QualityLimitationEvent& event)> on_limitation;
    // It goes away after this.
    UniqueFunction<void(Call& call, const std::string& reason)> on_ended;
    // The server is gone, or is back; calls go on.
    UniqueFunction<void(const std::string& what)> on_notice;
    // The room could not be joined.
    UniqueFunction<void(const Error& error)> on_failed;
  };

  Room(EventLoop& loop, signaling::RoomUrl url, Options options, Callbacks callbacks);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  void join();
  // Ends all calls and leaves. Farewells are on their way when it returns; nothing is called back.
  void leave();
  // What is sent from now on, in these calls and in those to come. See Call::set_media().
  void set_media(const LocalMedia& media);
  // By the other one's id.
  const std::map<std::string, std::unique_ptr<Call>>& calls() const { return calls_; }

 private:
  void handle(signaling::ServerMessage message);
  void handle(signaling::Joined& joined);
  void handle(signaling::PeerJoined& joined);
  void handle(signaling::PeerLeft& left);
  void handle(signaling::Description& message);
  void handle(signaling::Candidate& message);
  void handle(signaling::Bye& bye);
  void handle(signaling::ErrorMessage& error);
  void handle(signaling::ServerClosing& closing);
  Call& begin(const signaling::PeerInfo& peer, bool caller);
  void end(const std::string& id, const std::string& reason);
  void tick();

  EventLoop& loop_;
  Options options_;
  Callbacks callbacks_;
  std::string id_;
  std::map<std::string, signaling::PeerInfo> peers_;
  std::map<std::string, std::unique_ptr<Call>> calls_;
  io::Timer second_;
  signaling::Client client_;
};

}  // namespace tidewire::call
