// Cuts temporal units to the packets of the AV1 payload format.
#include <algorithm>
#include <array>
#include <optional>

#include "media/payload/av1.h"
#include "media/payload/av1_aggregation.h"
#include "media/payload/av1_obu.h"

namespace tidewire::media {

namespace {

// A place in a temporal unit: what is left of an OBU, and those that follow it. Skips what does not travel.
class Cursor {
 public:
  explicit Cursor(ByteView frame) : reader_(frame) { load(); }

  bool ok() const { return ok_; }
  bool at_end() const { return !obu_; }
  const Obu& obu() const { return *obu_; }
  bool inside_obu() const { return done_ > 0; }
  std::size_t left() const { return obu_->size() - done_; }
  bool more_follow() const {
    Cursor copy = *this;
    copy.load();
    return !copy.at_end();
  }

  // Moves over so many bytes of the OBU, into `sink` if there is one.
  void advance(std::size_t count, PayloadSink* sink) {
    if (sink) put(count, *sink);
    done_ += count;
    if (left() == 0) load();
  }

 private:
  void load() {
    done_ = 0;
    do {
      obu_.reset();
      if (!ok_ || reader_.empty()) return;
      obu_ = Obu::take(reader_);
      ok_ = obu_.has_value();
    } while (obu_ && is_left_out(obu_->type()));
  }
  void put(std::size_t count, PayloadSink& sink) const {
    const std::size_t head = done_ < obu_->header_size ? std::min(count, obu_->header_size - done_) : 0;
    if (head > 0) sink.add(obu_->header_bytes().subspan(done_, head));
    if (count > head) sink.add(obu_->payload.subspan(done_ + head - obu_->header_size, count - head));
  }

  ByteReader reader_;
  std::optional<Obu> obu_;
  std::size_t done_ = 0;  // of the OBU, its header included
  bool ok_ = true;
};

// How one packet is filled.
struct Plan {
  std::size_t count = 0;      // of elements
  std::size_t last_size = 0;  // of the last one; the others are all that is left of their OBUs
  bool goes_on = false;
};

// Of `left` bytes, those that fit `room` with their length before them.
std::size_t fitting(std::size_t left, std::size_t room) {
  const std::size_t length = Leb128(std::min(left, room)).size;
  return room > length ? std::min(left, room - length) : 0;
}

Plan plan(Cursor at, std::size_t room) {
  Plan plan;
  std::optional<std::uint8_t> layer;
  while (!at.at_end()) {
    const Obu& obu = at.obu();
    // Payload format §5: one layer in one packet.
    if (obu.has_extension() && layer.value_or(obu.header[1]) != obu.header[1]) break;
    if (obu.has_extension()) layer = obu.header[1];
    std::size_t size = fitting(at.left(), room);
    if (size == 0) break;
    room -= size + Leb128(size).size;
    // QUIRK chrome: without a dependency descriptor, it takes a packet that ends with an OBU for the end of a frame.
    // The last byte goes to the next packet, then.
    if (size == at.left() && size > 1 && room < 2 && at.more_follow()) --size;
    ++plan.count;
    plan.last_size = size;
    plan.goes_on = size < at.left();
    if (plan.goes_on) break;
    at.advance(size, nullptr);
  }
  return plan;
}

void write_packet(Cursor& at, const Plan& plan, std::uint8_t flags, PayloadSink& sink) {
  const std::size_t told_count = plan.count <= kAv1MaxCount ? plan.count : 0;
  const auto head = static_cast<std::uint8_t>(flags | (at.inside_obu() ? kAv1Continues : 0) |
                                              (plan.goes_on ? kAv1GoesOn : 0) | told_count << kAv1CountShift);
  sink.begin({&head, 1});
  for (std::size_t i = 1; i <= plan.count; ++i) {
    const std::size_t size = i == plan.count ? plan.last_size : at.left();
    if (i != told_count) sink.add(Leb128(size).view());
    at.advance(size, &sink);
  }
}

// Room for the elements of each packet, so that the packets come out about equal.
std::size_t even_room(ByteView frame, std::size_t room) {
  const std::size_t net = room > 6 ? room - 3 : room;
  const std::size_t packets = std::max<std::size_t>((frame.size() + net - 1) / net, 1);
  return std::min(room, (frame.size() + packets - 1) / packets + 3);
}

}  // namespace

Result<> packetize_av1(ByteView frame, bool key_frame, PayloadSink& sink) {
  Cursor at(frame);
  const std::size_t room = even_room(frame, sink.max_payload() - 1);
  for (bool first = true; !at.at_end(); first = false) {
    const Plan next = plan(at, room);
    // Payload format §4.4: N
    write_packet(at, next, first && key_frame ? kAv1NewSequence : 0, sink);
  }
  if (!at.ok()) return Error{ErrorCode::kEncoding, "An AV1 frame is to be a run of OBUs that tell their sizes."};
  return sink.result();
}

}  // namespace tidewire::media
