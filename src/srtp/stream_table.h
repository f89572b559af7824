// State by SSRC, of a bounded number of SSRCs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/replay_window.h"

namespace tidewire::srtp {

template <typename State>
class StreamTable {
 public:
  explicit StreamTable(std::size_t limit) : limit_(limit) {}

  // Nothing when the SSRC is not known.
  State* find(std::uint32_t ssrc) {
    // Packets come in runs of one stream.
    if (last_ != nullptr && last_->first == ssrc) return &last_->second.state;
    const auto it = streams_.find(ssrc);
    if (it == streams_.end()) return nullptr;
    last_ = &*it;
    return &last_->second.state;
  }

  bool full() const { return streams_.size() >= limit_; }
  std::size_t size() const { return streams_.size(); }

  // A new state, in the place of the one that was used longest ago when full.
  State& insert(std::uint32_t ssrc) {
    if (full()) evict();
    last_ = &*streams_.try_emplace(ssrc).first;
    return last_->second.state;
  }

  // The stream that was found or inserted last had an authentic packet now. (A forged one does not keep a stream.)
  void mark_used() {
    if (last_ != nullptr) last_->second.used = ++uses_;
  }

 private:
  struct Entry {
    State state;
    std::uint64_t used = 0;
  };
  using Map = std::unordered_map<std::uint32_t, Entry>;

  void evict() {
    auto oldest = streams_.begin();
    for (auto it = streams_.begin(); it != streams_.end(); ++it) {
      if (it->second.used < oldest->second.used) oldest = it;
    }
    streams_.erase(oldest);
    last_ = nullptr;
  }

  std::size_t limit_;
  Map streams_;
  typename Map::value_type* last_ = nullptr;  // elements of the map do not move
  std::uint64_t uses_ = 0;
};

// The index of RTP packets (RFC 3711 §3.3.1) and which of them have been seen.
template <std::size_t kWindow>
class RtpStreamState {
 public:
  // RFC 3711 appendix A: the index nearest to the highest that was seen.
  std::uint64_t estimate(std::uint16_t sequence) const {
    const std::uint64_t rollover = highest_ >> 16;
    const std::uint16_t newest = static_cast<std::uint16_t>(highest_);
    const int ahead = int{sequence} - int{newest};
    if (!started_) return sequence;
    if (newest < 0x8000 && ahead > 0x8000) {
      // There is nothing before roll-over 0: then it is a great leap ahead.
      return (rollover == 0 ? 0 : rollover - 1) << 16 | sequence;
    }
    if (newest >= 0x8000 && ahead < -0x8000) return (rollover + 1) << 16 | sequence;
    return rollover << 16 | sequence;
  }
  bool is_fresh(std::uint64_t index) const { return window_.is_fresh(index); }
  void accept(std::uint64_t index) {
    window_.accept(index);
    if (!started_ || index > highest_) highest_ = index;
    started_ = true;
  }

 private:
  bool started_ = false;
  std::uint64_t highest_ = 0;
  ReplayWindow<kWindow> window_;
};

}  // namespace tidewire::srtp
