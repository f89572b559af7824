// Rebuilds lost packets of one picture stream from repair packets (RFC 8627 §6.3): keeps the packets that came last and
// the repair packets that are not solved yet. A packet that was rebuilt may be what another repair packet lacked.
//
// Repair packets of several sources at once are not used, nor are the variants with fixed columns and rows and with
// whole packets (§4.2.2.2, §4.2.2.3): they are counted as discarded.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/bounded_queue.h"
#include "base/packet.h"
#include "rtp/flexfec_header.h"
#include "rtp/header.h"

namespace tidewire::media {

class FlexfecReceiver {
 public:
  // Packets kept at most, and so how far apart a repair packet and what it repairs may be: a power of two, and more
  // than the 110 that a mask names.
  static constexpr std::int64_t kMaxPackets = 256;
  // Repair packets that wait to be solved, at most; then the one about the oldest packets goes.
  static constexpr std::size_t kMaxRepairs = 48;
  // Bytes of a packet, at most; longer ones are not kept.
  static constexpr std::size_t kMaxPacketSize = 1600;
  // When so many packets came without a repair packet among them, none are kept until there is one again.
  static constexpr std::uint32_t kIdle = 1024;

  struct Recovered {
    std::int64_t number = 0;
    Packet packet;
  };

  // A packet of the stream as it came, under its unwrapped sequence number.
  void handle_media(std::int64_t number, ByteView packet);
  // A packet that came some other way (RFC 4588), in which its header is not that of the original: nothing can be
  // rebuilt from it, and it need not be rebuilt.
  void handle_elsewhere(std::int64_t number);
  // A repair packet of the source that is kept.
  void handle_repair(const rtp::PacketView& view, rtp::Ssrc source);
  // The next packet that was rebuilt.
  std::optional<Recovered> poll_recovered(PacketPool& pool);
  // The source is another one.
  void reset();

  // Were not needed, came too late, could not be used, or had to go before they were solved.
  std::uint64_t repairs_discarded() const { return discarded_; }
  std::uint64_t packets_recovered() const { return recovered_count_; }
  std::size_t packets_kept() const;
  std::size_t repairs_kept() const;

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min() / 2;

  struct Kept {
    std::int64_t number = kNone;
    bool usable = false;  // else it came elsewhere
    Bytes bytes;          // their memory is used again
  };
  struct Repair {
    bool used = false;
    rtp::Ssrc ssrc;
    std::int64_t base = 0;
    std::int64_t first = 0;   // the lowest of those in the mask
    std::size_t missing = 0;  // of those in the mask, not usable
    rtp::FlexfecMask mask;
    rtp::FlexfecRecovery recovery;
    Bytes payload;

    bool covers(std::int64_t number) const {
      const std::int64_t bit = number - base;
      return bit >= 0 && bit < static_cast<std::int64_t>(mask.size()) && mask[static_cast<std::size_t>(bit)];
    }
  };

  Kept& slot(std::int64_t number) { return packets_[static_cast<std::size_t>(number & (kMaxPackets - 1))]; }
  bool is_usable(std::int64_t number) { return slot(number).number == number && slot(number).usable; }
  bool in_window(std::int64_t number) const { return number > newest_ - kMaxPackets; }
  // Room for the number, which may be the newest; null when it is too old or known already.
  Kept* make_room(std::int64_t number);
  void now_usable(std::int64_t number);
  void solve();
  bool rebuild(const Repair& repair, std::int64_t number);
  std::int64_t missing_of(const Repair& repair);
  Repair& free_repair();
  void discard(Repair& repair);

  std::vector<Kept> packets_;
  std::vector<Repair> repairs_;
  std::int64_t newest_ = kNone;
  std::uint32_t since_repair_ = 0;
  BoundedQueue<std::int64_t> recovered_{kMaxRepairs};
  std::uint64_t discarded_ = 0;
  std::uint64_t recovered_count_ = 0;
};

}  // namespace tidewire::media
