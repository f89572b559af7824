#include "session/rate_allocator.h"

#include <algorithm>
#include <numeric>

namespace tidewire::session {
namespace {

// An RTP header with the extensions that are usual, and SRTP's tag: of each packet of sound …
constexpr std::size_t kHeader = 12 + 16;
// … and of those of pictures, which are full.
constexpr double kPayloadShare = 0.965;

std::uint64_t sound_headers(const SendEncoding& encoding) {
  return static_cast<std::uint64_t>(kHeader * 8 * std::chrono::seconds{1} / encoding.audio.packet_time);
}

bool is_sent(const SendEncoding& encoding) { return encoding.parameters.active; }

}  // namespace

std::uint64_t RateAllocator::wanted(const std::vector<Claim>& claims) {
  std::uint64_t sum = 0;
  for (const Claim& claim : claims) {
    for (const SendEncoding& encoding : *claim.asked) {
      if (!is_sent(encoding)) continue;
      if (claim.kind == MediaKind::kAudio) {
        sum += encoding.bitrate * (claim.copies_sound ? 2 : 1) + sound_headers(encoding);
      } else {
        sum += static_cast<std::uint64_t>(static_cast<double>(encoding.bitrate) / kPayloadShare);
      }
    }
  }
  return sum;
}

void RateAllocator::allocate(const Budget& budget, std::vector<Claim>& claims, Timestamp now) {
  std::uint64_t left = budget.bitrate;
  const std::uint64_t sound = sound_bitrate(budget.bitrate);
  for (Claim& claim : claims) {
    if (claim.kind == MediaKind::kAudio) left -= std::min(left, grant_sound(sound, claim));
  }
  if (budget.data_waits) {
    left -= std::min(left, static_cast<std::uint64_t>(kDataShare * static_cast<double>(budget.bitrate)));
  }
  const double usable = kPayloadShare * (1 - std::clamp(budget.repair_share, 0.0, 0.5));
  left = static_cast<std::uint64_t>(static_cast<double>(left) * usable);
  // The least demanding first: what it leaves goes to the others, each an equal part.
  std::vector<Claim*> pictures;
  for (Claim& claim : claims) {
    if (claim.kind == MediaKind::kVideo) pictures.push_back(&claim);
  }
  const auto asks = [](const Claim* claim) {
    return std::accumulate(claim->asked->begin(), claim->asked->end(), std::uint64_t{0},
                           [](std::uint64_t sum, const SendEncoding& e) { return sum + (is_sent(e) ? e.bitrate : 0); });
  };
  std::ranges::stable_sort(pictures, {}, asks);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::uint64_t share = std::min<std::uint64_t>(left / (pictures.size() - i), asks(pictures[i]));
    grant_pictures(share, *pictures[i], now);
    left -= share;
  }
  std::erase_if(states_, [&](const auto& state) {
    return std::ranges::find(claims, state.first, &Claim::transceiver) == claims.end();
  });
}

std::uint64_t RateAllocator::sound_bitrate(std::uint64_t available) {
  while (available < kSoundSteps[sound_step_].available) ++sound_step_;
  const auto reached = [&](const SoundStep& step) {
    return static_cast<double>(available) >= kSoundReachAbove * static_cast<double>(step.available);
  };
  while (sound_step_ > 0 && reached(kSoundSteps[sound_step_ - 1])) --sound_step_;
  return kSoundSteps[sound_step_].bitrate;
}

// Returns what it takes, headers included.
std::uint64_t RateAllocator::grant_sound(std::uint64_t bitrate, Claim& claim) {
  std::uint64_t sum = 0;
  *claim.granted = *claim.asked;
  for (SendEncoding& encoding : *claim.granted) {
    // Of G.711 there is one rate.
    if (encoding.codec == CodecType::kOpus) encoding.bitrate = std::min(encoding.bitrate, bitrate);
    if (is_sent(encoding)) sum += encoding.bitrate * (claim.copies_sound ? 2 : 1) + sound_headers(encoding);
  }
  return sum;
}

void RateAllocator::grant_pictures(std::uint64_t bitrate, Claim& claim, Timestamp now) {
  VideoState& state = states_[claim.transceiver];
  state.ladders.resize(claim.asked->size());
  const std::vector<std::uint64_t> parts = split(bitrate, claim, state, now);
  *claim.granted = *claim.asked;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    SendEncoding& encoding = (*claim.granted)[i];
    if (!is_sent(encoding)) continue;
    encoding.paused = parts[i] == 0;
    encoding.bitrate = parts[i];
    if (encoding.paused) continue;
    // Of several encodings each has the size that tells it from the others.
    if (parts.size() == 1) fit(encoding, claim.preference, state.ladders[i], now);
  }
}

// Rate and picture fit each other by size, by frame rate, or by both.
void RateAllocator::fit(SendEncoding& encoding, DegradationPreference preference, VideoLadder& ladder, Timestamp now) {
  const double worth = coding_efficiency(encoding.codec);
  if (preference == DegradationPreference::kMaintainFramerate) {
    encoding.scale_resolution_down_to = ladder.size(steps_, encoding.bitrate, worth, now);
    return;
  }
  double most = VideoLadder::framerate(encoding.bitrate, worth);
  if (preference == DegradationPreference::kBalanced) {
    most = std::max(most, kBalancedFramerate);
    encoding.scale_resolution_down_to = ladder.size(steps_, encoding.bitrate, worth * kFullFramerate / most, now);
  }
  if (most < kFullFramerate) {
    encoding.parameters.max_framerate = std::min(most, encoding.parameters.max_framerate.value_or(most));
  }
}

std::vector<std::uint64_t> RateAllocator::split(std::uint64_t bitrate, const Claim& claim, VideoState& state,
                                                Timestamp now) {
  std::vector<std::uint64_t> parts(claim.asked->size());
  // From the smallest picture up: it is the one that everybody can have.
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return !is_sent((*claim.asked)[i]); });
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) {
    return (*claim.asked)[i].parameters.scale_resolution_down_by.value_or(1.0);
  });
  for (const std::size_t i : order) {
    const std::uint64_t asked = (*claim.asked)[i].bitrate;
    if (i == order.front()) {
      if (pause(bitrate, asked, state, now)) break;
    } else if (bitrate < static_cast<std::uint64_t>(kEnough * static_cast<double>(asked))) {
      break;
    }
    parts[i] = std::min(bitrate, asked);
    bitrate -= parts[i];
  }
  return parts;
}

// Whether too little is left even for the smallest. One that asks for little is content with little.
bool RateAllocator::pause(std::uint64_t bitrate, std::uint64_t asked, VideoState& state, Timestamp now) {
  if (!state.paused) {
    const std::uint64_t enough = std::min(kPauseBelow, asked / 2);
    if (bitrate >= enough) {
      state.too_little_since.reset();
    } else if (!state.too_little_since) {
      state.too_little_since = now;
    }
    const Duration patience = bitrate < enough / 2 ? kPauseSoonAfter : kPauseAfter;
    state.paused = state.too_little_since && now - *state.too_little_since >= patience;
    if (state.paused) state.too_little_since.reset();
    return state.paused;
  }
  if (bitrate < std::min(kResumeAbove, asked * 3 / 4)) {
    state.enough_since.reset();
  } else if (!state.enough_since) {
    state.enough_since = now;
  } else if (now - *state.enough_since >= kResumeAfter) {
    state.paused = false;
    state.enough_since.reset();
  }
  return state.paused;
}

}  // namespace tidewire::session
