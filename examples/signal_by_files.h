// How two programs find each other here: through two small files, NAME.offer and NAME.answer, in a folder that both can
// reach. A real application carries the same two texts over whatever it has: a WebSocket, a chat, a QR code.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include "tidewire/peer_connection.h"

class SignalByFiles {
 public:
  // Starts when the channels of `connection` have been made. All have to live as long as the loop runs.
  SignalByFiles(tidewire::EventLoop& loop, tidewire::PeerConnection& connection, std::string name)
      : loop_(loop), connection_(connection), offer_(name + ".offer"), answer_(name + ".answer") {}

  void offer() {
    std::filesystem::remove(answer_);
    send_description_to(offer_);
    connection_.set_local_description().value();
    std::printf("waiting for the other side (at %s) …\n", offer_.c_str());
    when_there(answer_, [this](const std::string& sdp) {
      connection_.set_remote_description({.type = tidewire::SdpType::kAnswer, .sdp = sdp}).value();
    });
  }

  void answer() {
    std::printf("waiting for the other side (at %s) …\n", offer_.c_str());
    when_there(offer_, [this](const std::string& sdp) {
      connection_.set_remote_description({.type = tidewire::SdpType::kOffer, .sdp = sdp}).value();
      send_description_to(answer_);
      connection_.set_local_description().value();
    });
  }

  // For programs that are the same on both sides: who comes second answers.
  void offer_or_answer() {
    if (std::filesystem::exists(offer_)) {
      answer();
    } else {
      offer();
    }
  }

 private:
  // With all candidates, so that two texts are enough.
  void send_description_to(const std::string& file) {
    connection_.on_ice_gathering_state_change = [this, file] {
      if (connection_.ice_gathering_state() != tidewire::IceGatheringState::kComplete) return;
      // Renamed when it is whole: the other side never reads half of it.
      std::ofstream(file + ".part") << connection_.local_description()->sdp;
      std::filesystem::rename(file + ".part", file);
    };
  }

  void when_there(const std::string& file, std::function<void(const std::string&)> then) {
    if (!std::filesystem::exists(file)) {
      return loop_.post_after(std::chrono::milliseconds(50),
                              [this, file, then = std::move(then)] { when_there(file, then); });
    }
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    std::filesystem::remove(file);
    then(text.str());
  }

  tidewire::EventLoop& loop_;
  tidewire::PeerConnection& connection_;
  std::string offer_;
  std::string answer_;
};
