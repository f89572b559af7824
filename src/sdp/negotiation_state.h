// All that a Negotiator knows, as one value: an operation works on a copy, and the copy takes its place when the
// operation succeeded. Internal to src/sdp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sdp/description.h"
#include "sdp/description_view.h"
#include "sdp/negotiated_session.h"
#include "sdp/negotiator.h"
#include "tidewire/session_description.h"

namespace tidewire::sdp {

// W3C WebRTC §5.4 internal slots.
struct Transceiver {
  // What a description in flight changes and a rollback restores.
  struct Association {
    std::optional<std::string> mid;
    std::optional<std::size_t> mline;
    bool receiving = false;  // [[FiredDirection]] receives: its remote track was announced
    std::string remote_track_id;
    std::vector<std::string> remote_stream_ids;
  };

  TransceiverId id;
  MediaKind kind = MediaKind::kAudio;
  Association association;
  std::optional<Association> stable;  // as it was in the last stable state; nothing: it did not exist
  Direction direction = Direction::kSendrecv;
  std::optional<Direction> current_direction;
  bool stopping = false;
  bool added_by_track = false;     // RFC 9429 §5.10: a remote offer may take it
  bool created_by_remote = false;  // a rollback may remove it
  bool has_track = false;
  bool has_sent = false;
  std::string track_id;
  std::vector<std::string> stream_ids;
  std::vector<LocalEncoding> encodings;  // at least one
  std::vector<CodecCapability> preferences;
};

// The data channels' section, like a Transceiver's association.
struct DataSection {
  bool wanted = false;
  std::optional<std::size_t> mline;
  std::optional<std::size_t> stable_mline;
};

struct AppliedDescription {
  SdpType type = SdpType::kOffer;
  Description tree;
  DescriptionView view;
};

// An offer or answer that create_… returned and set_local_description may take.
struct Created {
  std::string text;
  Description tree;
  // Who owns each section: a transceiver, or the data channels. Nobody: rejected.
  std::vector<std::optional<TransceiverId>> transceivers;
  std::optional<std::size_t> data_mline;
  IceCredentials ice;
  std::uint32_t next_mid = 0;
  std::uint64_t revision = 0;  // State::revision when it was made
};

struct State {
  SignalingState signaling = SignalingState::kStable;
  std::vector<Transceiver> transceivers;
  std::uint32_t next_transceiver = 1;
  std::uint32_t next_mid = 0;
  DataSection data;

  std::string session_id;
  std::uint64_t session_version = 1;
  std::string cname;
  // Changes with every call that could change what an offer or answer says.
  std::uint64_t revision = 0;

  std::optional<AppliedDescription> current_local;
  std::optional<AppliedDescription> current_remote;
  std::optional<AppliedDescription> pending_local;
  std::optional<AppliedDescription> pending_remote;
  std::optional<Created> last_offer;
  std::optional<Created> last_answer;

  IceCredentials local_ice;
  bool local_ice_lite = false;
  std::uint32_t local_ice_generation = 0;
  IceCredentials stable_local_ice;
  std::uint32_t stable_local_ice_generation = 0;
  std::vector<std::string> stable_local_candidates;
  bool stable_local_end_of_candidates = false;
  std::uint32_t newest_local_ice_generation = 0;
  // The remote credentials that local_ice was answered with, or answered: others mean a restart.
  std::optional<IceCredentials> paired_remote_ice;
  std::uint32_t remote_ice_generation = 0;
  std::optional<IceCredentials> next_ice;
  bool ice_restart_wanted = false;
  std::optional<bool> ice_controlling;
  std::vector<std::string> local_candidates;  // of local_ice
  bool local_end_of_candidates = false;

  NegotiatedSession negotiated;

  Transceiver* find(TransceiverId id);
  const Transceiver* find(TransceiverId id) const;
  Transceiver* at_mline(std::size_t index);
  const Transceiver* at_mline(std::size_t index) const;

  // Pending, else current; null when there is none.
  const AppliedDescription* local() const;
  const AppliedDescription* remote() const;
  // The one of the newest layout of m-lines: pending, else current, of either side.
  const AppliedDescription* layout() const;
};

// The transceiver's section kind.
constexpr SectionKind section_kind(MediaKind kind) {
  return kind == MediaKind::kAudio ? SectionKind::kAudio : SectionKind::kVideo;
}

// "mid 1: what", or "m-line 2: what" when the section has no mid.
Error section_error(ErrorCode code, const DescriptionView& view, std::size_t index, std::string_view what);

}  // namespace tidewire::sdp
