#include "rtp/extensions.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "rtp/extension_elements.h"

namespace tidewire::rtp {

namespace {

constexpr Duration kPlayoutDelayUnit = std::chrono::milliseconds{10};

std::optional<std::string_view> read_text(ByteView data) {
  if (data.empty()) return std::nullopt;
  return as_text(data);
}

VideoOrientation read_orientation(std::uint8_t byte) {
  return {(byte & 0x08U) != 0, (byte & 0x04U) != 0, static_cast<int>(byte & 0x03U) * 90};
}

std::optional<AbsoluteCaptureTime> read_capture_time(ByteReader reader) {
  // 8 bytes, or 16 with the clock offset.
  if (reader.remaining() != 8 && reader.remaining() != 16) return std::nullopt;
  AbsoluteCaptureTime time{NtpTime{reader.u64()}, std::nullopt};
  if (!reader.empty()) time.clock_offset = static_cast<std::int64_t>(reader.u64());
  return time;
}

std::optional<PlayoutDelay> read_playout_delay(ByteReader reader) {
  if (reader.remaining() != 3) return std::nullopt;
  const std::uint32_t both = reader.u24();
  const PlayoutDelay delay{kPlayoutDelayUnit * (both >> 12), kPlayoutDelayUnit * (both & 0xfffU)};
  return delay.min <= delay.max ? std::optional(delay) : std::nullopt;
}

std::uint32_t to_playout_delay_units(Duration delay) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(delay / kPlayoutDelayUnit, 0, 0xfff));
}

void read_element(ExtensionType type, ByteView data, Extensions& extensions) {
  ByteReader reader(data);
  switch (type) {
    case ExtensionType::kMid: extensions.mid = read_text(data); return;
    case ExtensionType::kRtpStreamId: extensions.rtp_stream_id = read_text(data); return;
    case ExtensionType::kRepairedRtpStreamId: extensions.repaired_rtp_stream_id = read_text(data); return;
    case ExtensionType::kAudioLevel: {
      // RFC 6464 §3: one byte; in two-byte elements another one of zeroes may follow.
      if (data.empty() || data.size() > 2) return;
      extensions.audio_level = AudioLevel{(data[0] & 0x80U) != 0, static_cast<std::uint8_t>(data[0] & 0x7fU)};
      return;
    }
    case ExtensionType::kTransportSequenceNumber:
      // Two bytes; version 2 of the extension (…/transport-wide-cc-02) adds a feedback request.
      if (data.size() == 2 || data.size() == 4) extensions.transport_sequence_number = reader.u16();
      return;
    case ExtensionType::kAbsoluteSendTime:
      if (data.size() == 3) extensions.absolute_send_time = reader.u24();
      return;
    case ExtensionType::kTransmissionOffset:
      if (data.size() == 3) extensions.transmission_offset = static_cast<std::int32_t>(reader.u24() << 8) >> 8;
      return;
    case ExtensionType::kVideoOrientation:
      if (data.size() == 1) extensions.video_orientation = read_orientation(data[0]);
      return;
    case ExtensionType::kAbsoluteCaptureTime: extensions.absolute_capture_time = read_capture_time(reader); return;
    case ExtensionType::kPlayoutDelay: extensions.playout_delay = read_playout_delay(reader); return;
    case ExtensionType::kDependencyDescriptor:
      // A.8.2: the three mandatory bytes come first.
      if (data.size() >= 3) extensions.dependency_descriptor = OpaqueElement{data};
      return;
  }
}

// The elements to be written, in wire form.
struct Element {
  std::uint8_t id = 0;
  std::uint8_t size = 0;
  std::array<std::uint8_t, 16> value{};
  const std::uint8_t* elsewhere = nullptr;  // instead of `value`

  ByteView data() const { return {elsewhere ? elsewhere : value.data(), size}; }
};

class ElementList {
 public:
  explicit ElementList(const ExtensionMap& map) : map_(map) {}

  void add_text(ExtensionType type, const std::optional<std::string_view>& text) {
    if (text) add_bytes(type, as_bytes(*text));
  }
  void add_bytes(ExtensionType type, ByteView bytes) {
    if (bytes.empty() || bytes.size() > 255) return;
    if (Element* element = add(type, bytes.size())) element->elsewhere = bytes.data();
  }
  void add_number(ExtensionType type, std::size_t size, std::uint32_t number) {
    if (Element* element = add(type, size)) put(*element, 0, size, number);
  }
  void add_capture_time(const AbsoluteCaptureTime& time) {
    Element* element = add(ExtensionType::kAbsoluteCaptureTime, time.clock_offset ? 16 : 8);
    if (!element) return;
    put(*element, 0, 8, time.captured.value);
    if (time.clock_offset) put(*element, 8, 8, static_cast<std::uint64_t>(*time.clock_offset));
  }

  bool empty() const { return count_ == 0; }
  // RFC 8285 §4.2: ids 1 to 14 and 1 to 16 bytes.
  bool fits_one_byte_form() const {
    return std::all_of(elements_.begin(), elements_.begin() + static_cast<std::ptrdiff_t>(count_),
                       [](const Element& e) { return e.id < 15 && e.size >= 1 && e.size <= 16; });
  }
  // Without the profile and length words, padded to words.
  std::size_t wire_size() const {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count_; ++i) size += elements_[i].size + (fits_one_byte_form() ? 1U : 2U);
    return (size + 3) / 4 * 4;
  }
  void write(ByteWriter& writer) const {
    const bool one_byte = fits_one_byte_form();
    for (std::size_t i = 0; i < count_; ++i) {
      const Element& element = elements_[i];
      if (one_byte) {
        writer.u8(static_cast<unsigned>(element.id << 4 | (element.size - 1)));
      } else {
        writer.u8(element.id);
        writer.u8(element.size);
      }
      writer.bytes(element.data());
    }
    writer.pad_to(4);
  }

 private:
  static void put(Element& element, std::size_t at, std::size_t size, std::uint64_t number) {
    for (std::size_t i = 0; i < size; ++i) {
      element.value[at + i] = static_cast<std::uint8_t>(number >> (8 * (size - 1 - i)));
    }
  }
  Element* add(ExtensionType type, std::size_t size) {
    const std::optional<std::uint8_t> id = map_.id(type);
    if (!id) return nullptr;
    Element& element = elements_[count_++];
    element.id = *id;
    element.size = static_cast<std::uint8_t>(size);
    return &element;
  }

  const ExtensionMap& map_;
  std::array<Element, kExtensionTypes> elements_{};
  std::size_t count_ = 0;
};

void collect(const Extensions& from, ElementList& list) {
  list.add_text(ExtensionType::kMid, from.mid);
  list.add_text(ExtensionType::kRtpStreamId, from.rtp_stream_id);
  list.add_text(ExtensionType::kRepairedRtpStreamId, from.repaired_rtp_stream_id);
  if (from.audio_level) {
    list.add_number(ExtensionType::kAudioLevel, 1,
                    (from.audio_level->voice_activity ? 0x80U : 0U) | (from.audio_level->level & 0x7fU));
  }
  if (from.transport_sequence_number) {
    list.add_number(ExtensionType::kTransportSequenceNumber, 2, *from.transport_sequence_number);
  }
  if (from.absolute_send_time) list.add_number(ExtensionType::kAbsoluteSendTime, 3, *from.absolute_send_time);
  if (from.transmission_offset) {
    list.add_number(ExtensionType::kTransmissionOffset, 3, static_cast<std::uint32_t>(*from.transmission_offset));
  }
  if (const auto& orientation = from.video_orientation) {
    const auto turns = static_cast<unsigned>(orientation->clockwise_degrees / 90) & 0x03U;
    list.add_number(ExtensionType::kVideoOrientation, 1,
                    (orientation->back_camera ? 0x08U : 0U) | (orientation->flip ? 0x04U : 0U) | turns);
  }
  if (from.absolute_capture_time) list.add_capture_time(*from.absolute_capture_time);
  if (const auto& delay = from.playout_delay) {
    list.add_number(ExtensionType::kPlayoutDelay, 3,
                    to_playout_delay_units(delay->min) << 12 | to_playout_delay_units(delay->max));
  }
  if (from.dependency_descriptor) {
    list.add_bytes(ExtensionType::kDependencyDescriptor, from.dependency_descriptor->bytes);
  }
}

// The bytes of an element inside the packet, empty when there is none of this size.
MutableByteView find_in_place(Packet& packet, const ExtensionMap& map, ExtensionType type, std::size_t size) {
  const std::optional<std::uint8_t> id = map.id(type);
  const std::optional<Header> header = Header::parse(packet.bytes());
  if (!id || !header) return {};
  const std::optional<ByteView> data = header->find_extension(*id);
  if (!data || data->size() < size) return {};
  return packet.bytes().subspan(static_cast<std::size_t>(data->data() - packet.data()), size);
}

}  // namespace

Extensions read_extensions(const Header& header, const ExtensionMap& map) {
  Extensions extensions;
  ExtensionElements elements(header.extension_profile, header.extension);
  while (const auto element = elements.next()) {
    if (const auto type = map.type(element->id)) read_element(*type, element->data, extensions);
  }
  return extensions;
}

bool write_header(Packet& packet, const HeaderFields& fields, const Extensions& extensions, const ExtensionMap& map) {
  ElementList list(map);
  collect(extensions, list);
  const std::size_t size = 12 + 4 * fields.csrcs.size() + (list.empty() ? 0 : 4 + list.wire_size());
  if (fields.csrcs.size() > 15 || !packet.prepend(size)) return false;
  ByteWriter writer(packet.bytes().first(size));
  writer.u8((list.empty() ? 0x80U : 0x90U) | (fields.padding ? 0x20U : 0U) | fields.csrcs.size());
  writer.u8((fields.marker ? 0x80U : 0U) | (fields.payload_type.value() & 0x7fU));
  writer.u16(fields.sequence_number);
  writer.u32(fields.timestamp);
  writer.u32(fields.ssrc.value());
  for (const Ssrc csrc : fields.csrcs) writer.u32(csrc.value());
  if (!list.empty()) {
    writer.u16(list.fits_one_byte_form() ? kOneByteProfile : kTwoByteProfile);
    writer.u16(list.wire_size() / 4);
    list.write(writer);
  }
  return true;
}

bool patch_transport_sequence_number(Packet& packet, const ExtensionMap& map, std::uint16_t sequence_number) {
  const MutableByteView data = find_in_place(packet, map, ExtensionType::kTransportSequenceNumber, 2);
  ByteWriter writer(data);
  writer.u16(sequence_number);
  return writer.ok();
}

bool patch_absolute_send_time(Packet& packet, const ExtensionMap& map, Timestamp now) {
  const MutableByteView data = find_in_place(packet, map, ExtensionType::kAbsoluteSendTime, 3);
  ByteWriter writer(data);
  writer.u24(to_absolute_send_time(now));
  return writer.ok();
}

std::uint32_t to_absolute_send_time(Timestamp now) {
  // The wrap after 64 s first, so that the shift cannot overflow.
  constexpr std::int64_t kWrap = 64'000'000'000;
  const std::int64_t nanoseconds = (now.time_since_epoch().count() % kWrap + kWrap) % kWrap;
  return static_cast<std::uint32_t>((nanoseconds << 18) / 1'000'000'000) & 0xffffffU;
}

}  // namespace tidewire::rtp
