#include "stun/stream_framer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "stun/message.h"

namespace tidewire::stun {
namespace {

constexpr std::size_t kChannelDataHeaderSize = 4;  // RFC 8656 §12.4

constexpr std::size_t padding(std::size_t size) { return (4 - size % 4) % 4; }

// RFC 5766 §11: channel numbers are 0x4000 to 0x7FFF (RFC 8656 §12 knows the first quarter of them); STUN begins with
// two zero bits and a method below 0x100 here.
constexpr bool is_channel_data(std::uint8_t first) { return first >> 6 == 1; }
constexpr bool is_stun(std::uint8_t first) { return first <= 3; }  // RFC 7983 §7

ByteView take(ByteView& bytes, std::size_t n) {
  const ByteView taken = bytes.first(std::min(n, bytes.size()));
  bytes = bytes.subspan(taken.size());
  return taken;
}

}  // namespace

std::optional<Packet> StreamFramer::next(ByteView& bytes) {
  while (!failed_) {
    skip_ -= take(bytes, skip_).size();
    if (skip_ > 0) return std::nullopt;
    if (!message_) {
      if (!read_header(bytes)) return std::nullopt;
      begin_message();
      continue;
    }
    const ByteView part = take(bytes, remaining_);
    if (!message_.append(part)) return std::nullopt;  // cannot be: begin_message() looked at the size
    remaining_ -= part.size();
    if (remaining_ > 0) return std::nullopt;
    if (auto packet = finish_message()) return packet;
  }
  return std::nullopt;
}

// True when the header is whole.
bool StreamFramer::read_header(ByteView& bytes) {
  const ByteView part = take(bytes, header_size() - header_read_);
  std::copy(part.begin(), part.end(), header_.begin() + static_cast<std::ptrdiff_t>(header_read_));
  header_read_ += part.size();
  return header_read_ == header_size();
}

void StreamFramer::begin_message() {
  header_read_ = 0;
  if (framing_ == StreamFraming::kLength) return begin_length_framed();
  const std::size_t length = static_cast<std::size_t>(header_[2] << 8 | header_[3]);
  const bool channel_data = is_channel_data(header_[0]);
  // RFC 8489 §5: a STUN message's length is a multiple of 4.
  if (!channel_data && (!is_stun(header_[0]) || length % 4 != 0)) {
    failed_ = true;
    return;
  }
  // RFC 8489 §5, RFC 8656 §12.4: what the length does not count of the header is 20 bytes, or 4.
  remaining_ = length + (channel_data ? kChannelDataHeaderSize : kHeaderSize) - header_size();
  if (remaining_ + header_size() > Packet::kMaxPayload) {
    skip_ = remaining_ + (channel_data ? padding(length) : 0);
    ++skipped_;
    return;
  }
  message_ = pool_.make();
  (void)message_.append(header_);
}

void StreamFramer::begin_length_framed() {
  const std::size_t length = static_cast<std::size_t>(header_[0] << 8 | header_[1]);
  if (length == 0) return;  // RFC 4571 §2: a null packet, which is ignored
  if (length > Packet::kMaxPayload) {
    skip_ = length;
    ++skipped_;
    return;
  }
  remaining_ = length;
  message_ = pool_.make();
}

std::optional<Packet> StreamFramer::finish_message() {
  Packet message = std::exchange(message_, Packet{});
  if (framing_ == StreamFraming::kLength) return message;
  if (is_channel_data(message.bytes()[0])) {
    skip_ = padding(message.size());  // RFC 8656 §12.5
    return message;
  }
  if (!looks_like_stun(message.bytes())) {
    failed_ = true;
    return std::nullopt;
  }
  return message;
}

bool add_stream_framing(Packet& packet, StreamFraming framing) {
  if (framing == StreamFraming::kLength) {
    const std::size_t size = packet.size();
    if (size > 0xffff || !packet.prepend(2)) return false;
    packet.bytes()[0] = static_cast<std::uint8_t>(size >> 8);
    packet.bytes()[1] = static_cast<std::uint8_t>(size);
    return true;
  }
  constexpr std::array<std::uint8_t, 3> kZeroes{};
  return packet.append(ByteView(kZeroes).first(padding(packet.size())));
}

}  // namespace tidewire::stun
