// What the tests of this folder share. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sdp/negotiator.h"

namespace tidewire::sdp {

inline std::filesystem::path data_folder() {
  return std::filesystem::path(TIDEWIRE_SOURCE_DIR) / "tests" / "data" / "sdp";
}

// Names of the recorded browser descriptions that end with `suffix`, in order.
inline std::vector<std::string> recorded(const std::string& suffix = ".sdp") {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(data_folder())) {
    if (entry.path().filename().string().ends_with(suffix)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string read_recorded(const std::string& name) {
  std::ifstream file(data_folder() / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline NegotiatorConfig test_config(std::uint8_t fingerprint = 0xab) {
  return {.capabilities = default_capabilities(), .fingerprints = {{"sha-256", Bytes(32, fingerprint)}}};
}

inline Negotiator make_peer(std::uint64_t seed, NegotiatorConfig config = test_config()) {
  return Negotiator(std::move(config), crypto::Random::from_test_seed(seed));
}

// Fails the test and gives an empty value when the call failed.
template <typename T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error().code) << ": " << result.error().message;
    return T{};
  }
  return *std::move(result);
}
inline void ok(const Result<>& result) { EXPECT_TRUE(result) << (result ? "" : result.error().message); }

inline DescriptionView view_of(const std::string& sdp) { return ok(interpret(ok(parse(sdp)))); }

inline std::string replaced(std::string text, const std::string& from, const std::string& to, bool all = true) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
    if (!all) break;
  }
  return text;
}

// One whole round from `offerer`, with what each step changed.
struct Round {
  Applied offer_local, offer_remote, answer_local, answer_remote;
};
inline Round negotiate(Negotiator& offerer, Negotiator& answerer) {
  Round round;
  round.offer_local = ok(offerer.set_local_description());
  round.offer_remote = ok(answerer.set_remote_description(SdpType::kOffer, offerer.local_description()->sdp));
  round.answer_local = ok(answerer.set_local_description());
  round.answer_remote = ok(offerer.set_remote_description(SdpType::kAnswer, answerer.local_description()->sdp));
  return round;
}

// A peer that wants to send audio and video and to have data channels.
inline Negotiator make_caller(std::uint64_t seed) {
  Negotiator peer = make_peer(seed);
  ok(peer.add_track(MediaKind::kAudio, {.stream_ids = {"s" + std::to_string(seed)}}));
  ok(peer.add_track(MediaKind::kVideo, {.stream_ids = {"s" + std::to_string(seed)}}));
  ok(peer.add_data_section());
  return peer;
}

// Puts `peer` into `state`.
inline Negotiator peer_in(SignalingState state) {
  Negotiator peer = make_caller(1);
  Negotiator other = make_caller(2);
  using enum SignalingState;
  switch (state) {
    case kStable: break;
    case kHaveLocalOffer: ok(peer.set_local_description()); break;
    case kHaveRemoteOffer:
    case kHaveLocalPranswer:
      ok(peer.set_remote_description(SdpType::kOffer, ok(other.create_offer()).sdp));
      if (state == kHaveLocalPranswer) ok(peer.set_local_description(SdpType::kPranswer));
      break;
    case kHaveRemotePranswer:
      ok(peer.set_local_description());
      ok(other.set_remote_description(SdpType::kOffer, peer.local_description()->sdp));
      ok(peer.set_remote_description(SdpType::kPranswer, ok(other.create_answer()).sdp));
      break;
    case kClosed: peer.close(); break;
  }
  EXPECT_EQ(peer.signaling_state(), state);
  return peer;
}

// An answer that fits what `peer` offered, or any answer at all.
inline std::string answer_for(const Negotiator& peer) {
  Negotiator other = make_caller(3);
  Negotiator offerer = make_caller(4);
  const auto pending = peer.pending_local_description();
  const bool offered = pending && pending->type == SdpType::kOffer;
  const std::string offer = offered ? pending->sdp : ok(offerer.create_offer()).sdp;
  ok(other.set_remote_description(SdpType::kOffer, offer));
  return ok(other.create_answer()).sdp;
}

}  // namespace tidewire::sdp
