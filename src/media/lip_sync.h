// Sound and pictures of one participant, played as they were captured: from each stream's newest sender report follows
// when its samples were captured by the sender's clock, and from there how long it takes until they are played. The
// streams of a group are held back towards the slowest one, in steps that nobody notices, and never all of them.
//
// Keeps no streams: told what they play, it answers how long each is to be held at least.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/types.h"
#include "rtp/ntp.h"
#include "tidewire/time.h"

namespace tidewire::media {

class LipSync {
 public:
  // Steps of at most 80 ms a second: pictures at 30 a second come 3 ms further apart, sound is stretched by 8 %.
  static constexpr Duration kInterval = std::chrono::milliseconds{125};
  static constexpr Duration kMaxStep = std::chrono::milliseconds{10};
  // Less than this is not corrected. ITU-R BT.1359-1 has 45 ms (sound early) to 125 ms (late) as noticeable.
  static constexpr Duration kDeadBand = std::chrono::milliseconds{8};
  // Near that the skew is worse than its correction: sound is stretched by a quarter, as much as it ever is.
  static constexpr Duration kNoticeable = std::chrono::milliseconds{30};
  static constexpr Duration kQuickStep = kInterval / 4;
  // A skew beyond this is no skew: the reports are wrong.
  static constexpr Duration kMaxSkew = std::chrono::seconds{10};
  static constexpr Duration kMaxSyncDelay = std::chrono::seconds{4};
  // A stream that plays nothing for this long takes no part.
  static constexpr Duration kSilence = std::chrono::seconds{1};

  struct Change {
    StreamId stream;
    Duration sync_delay{};
    bool together = false;  // it is played in sync with another
  };

  void add(StreamId stream, MediaKind kind, std::string_view group);
  void remove(StreamId stream);
  // Reports and the CNAME of the source before say nothing about this one.
  void switch_source(StreamId stream);
  void set_cname(StreamId stream, std::string_view cname);
  void handle_sender_report(StreamId stream, rtp::NtpTime ntp, std::uint32_t rtp_timestamp);
  // A frame of the stream is played at `played`.
  void handle_playout(StreamId stream, std::uint32_t rtp_timestamp, std::uint32_t clock_rate, Timestamp played);

  // True when update() has something to do; then it is to be told before what each stream's jitter buffer aims at, and
  // what it holds.
  bool due(Timestamp now) const { return now >= next_update_; }
  void set_delays(StreamId stream, Duration target, Duration current);
  // What each stream has to be held for at least, as far as that has changed; valid until the next call.
  std::span<const Change> update(Timestamp now);

  // When what is played now was captured, by the sender's clock.
  std::optional<UnixTime> estimated_playout(StreamId stream, Timestamp now) const;
  Duration sync_delay(StreamId stream) const;

 private:
  struct Stream {
    MediaKind kind = MediaKind::kVideo;
    std::string group;
    std::string cname;
    bool has_report = false;
    UnixTime report_time{};
    std::uint32_t report_rtp_timestamp = 0;
    bool playing = false;
    UnixTime captured{};  // of what was played last
    Timestamp played{};
    // From capture to playing, by two clocks: the mean of this interval. No sum, which could overflow: the clocks may
    // be a century apart.
    Duration mean_delay{};
    std::int64_t delay_count = 0;
    Duration target{};
    Duration current{};
    Duration sync_delay{};
    bool together = false;
    bool visited = false;

    // It is held for longer than it would be by itself.
    bool waits() const { return sync_delay > Duration::zero() && target <= sync_delay; }
    // From capture to playing, once it is held for as long as it aims at. The others need not wait for that to be seen.
    Duration coming_delay() const { return mean_delay + std::max(target - current, Duration::zero()); }
  };

  static bool belong_together(const Stream& a, const Stream& b);
  static bool takes_part(const Stream& stream, Timestamp now);
  // How much longer to hold a stream that is played too early by so much.
  static Duration step_of(Duration behind);
  void align(std::map<StreamId, Stream>::iterator first);
  void collect_group(std::map<StreamId, Stream>::iterator first);
  void change(StreamId id, Stream& stream, Duration sync_delay, bool together);

  std::map<StreamId, Stream> streams_;
  std::vector<std::map<StreamId, Stream>::iterator> group_;  // kept for its storage
  std::vector<Change> changes_;
  Timestamp next_update_{};
};

}  // namespace tidewire::media
