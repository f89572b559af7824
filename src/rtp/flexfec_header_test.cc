#include "rtp/flexfec_header.h"

#include <gtest/gtest.h>

#include <vector>

#include "rtp/extensions.h"

namespace tidewire::rtp {
namespace {

Header header_with(std::size_t sources, Bytes& storage) {
  storage = {static_cast<std::uint8_t>(0x80 | sources), 49, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
  for (std::size_t i = 0; i < sources; ++i) storage.insert(storage.end(), {0, 0, 1, static_cast<std::uint8_t>(i)});
  return Header::parse(storage).value();
}

FlexfecMask mask_of(std::initializer_list<std::size_t> bits) {
  FlexfecMask mask;
  for (const std::size_t bit : bits) mask.set(bit);
  return mask;
}

struct WireCase {
  const char* name;
  FlexfecMask mask;
  Bytes mask_on_wire;
};

TEST(FlexfecHeader, WritesEachMaskInItsShortestForm) {
  // RFC 8627 §4.2.2.1, figure 12: a set k bit before a part says that another one follows.
  const std::vector<WireCase> cases{
      {"first bit", mask_of({0}), {0x40, 0x00}},
      {"last of the first part", mask_of({0, 14}), {0x40, 0x01}},
      {"first of the second part", mask_of({15}), {0x80, 0x00, 0x40, 0x00, 0x00, 0x00}},
      {"last of the second part", mask_of({1, 45}), {0xa0, 0x00, 0x00, 0x00, 0x00, 0x01}},
      {"first of the third part", mask_of({46}), {0x80, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0}},
      {"last of all", mask_of({0, 109}), {0xc0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
  };
  for (const WireCase& its : cases) {
    SCOPED_TRACE(its.name);
    FlexfecHeader header;
    header.recovery = {0x11, 0xe0, 0x0123, 0x456789ab};
    header.protections[0] = {Ssrc{0x100}, 0xfffe, its.mask};
    header.protection_count = 1;
    Bytes wire(64);
    wire.resize(write_flexfec_header(header, wire));
    Bytes expected{0x11, 0xe0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xff, 0xfe};
    expected.insert(expected.end(), its.mask_on_wire.begin(), its.mask_on_wire.end());
    EXPECT_EQ(wire, expected);
    EXPECT_EQ(flexfec_mask_size(its.mask), 2 + its.mask_on_wire.size());
    wire.push_back(0x77);  // repair data
    Bytes storage;
    const auto parsed = FlexfecHeader::parse(header_with(1, storage), wire);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->recovery, header.recovery);
    ASSERT_EQ(parsed->protection_count, 1U);
    EXPECT_EQ(parsed->protections[0], header.protections[0]);
    EXPECT_EQ(parsed->size, wire.size() - 1);
  }
}

TEST(FlexfecHeader, HasAMaskForEachSourceOfTheCsrcList) {
  FlexfecHeader header;
  header.protection_count = 15;
  for (std::size_t i = 0; i < 15; ++i) {
    header.protections[i] = {Ssrc{static_cast<std::uint32_t>(0x100 + i)}, static_cast<std::uint16_t>(i * 1000),
                             mask_of({i, i * 7})};
  }
  Bytes wire(512);
  wire.resize(write_flexfec_header(header, wire));
  Bytes storage;
  const auto parsed = FlexfecHeader::parse(header_with(15, storage), wire);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->protection_count, 15U);
  EXPECT_EQ(parsed->protections, header.protections);
  // One source less in the list, and its mask is repair data.
  EXPECT_EQ(FlexfecHeader::parse(header_with(14, storage), wire)->size, wire.size() - 16);
}

TEST(FlexfecHeader, RefusesWhatIsCutOffAtEachByte) {
  FlexfecHeader header;
  header.protections[0] = {Ssrc{0x100}, 7, mask_of({0, 100})};
  header.protections[1] = {Ssrc{0x101}, 7, mask_of({20})};
  header.protection_count = 2;
  Bytes wire(64);
  wire.resize(write_flexfec_header(header, wire));
  Bytes storage;
  const Header rtp = header_with(2, storage);
  for (std::size_t size = 0; size < wire.size(); ++size) {
    EXPECT_FALSE(FlexfecHeader::parse(rtp, ByteView(wire).first(size))) << size;
  }
  EXPECT_TRUE(FlexfecHeader::parse(rtp, wire));
  for (std::size_t room = 0; room < wire.size(); ++room) {
    EXPECT_EQ(write_flexfec_header(header, MutableByteView(wire).first(room)), 0U) << room;
  }
}

TEST(FlexfecHeader, TellsTheVariantsApartAndParsesTheOneWithMasks) {
  struct Case {
    std::uint8_t first;
    FlexfecVariant variant;
  };
  Bytes storage;
  const Header rtp = header_with(1, storage);
  for (const Case its : {Case{0x3f, FlexfecVariant::kFlexibleMask}, Case{0x40, FlexfecVariant::kFixed},
                         Case{0x80, FlexfecVariant::kRetransmission}, Case{0xc0, FlexfecVariant::kReserved}}) {
    const Bytes wire{its.first, 96, 0, 9, 0, 0, 0, 1, 0, 1, 0x60, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    EXPECT_EQ(flexfec_variant(wire), its.variant);
    EXPECT_EQ(FlexfecHeader::parse(rtp, wire).has_value(), its.variant == FlexfecVariant::kFlexibleMask);
  }
  EXPECT_FALSE(flexfec_variant({}));
}

TEST(FlexfecHeader, RefusesARepairOfNothing) {
  const Bytes no_bit{0, 96, 0, 9, 0, 0, 0, 1, 0, 1, 0, 0, 1, 2, 3};
  const Bytes one_bit{0, 96, 0, 9, 0, 0, 0, 1, 0, 1, 0x40, 0, 1, 2, 3};
  Bytes storage;
  EXPECT_FALSE(FlexfecHeader::parse(header_with(1, storage), no_bit));
  EXPECT_TRUE(FlexfecHeader::parse(header_with(1, storage), one_bit));
  EXPECT_FALSE(FlexfecHeader::parse(header_with(0, storage), one_bit));
}

TEST(FlexfecRecovery, TakesAwayWhatItAdded) {
  const Bytes a{0xb1, 0xe0, 0x12, 0x34, 0x00, 0x01, 0x02, 0x03, 1, 2, 3, 4, 5};
  const Bytes b{0x80, 0x60, 0x12, 0x35, 0x00, 0x01, 0x02, 0xff, 1, 2, 3, 4};
  FlexfecRecovery sum;
  sum.add(a);
  // RFC 8627 §6.2: without the version, and with the length behind the fixed header for the number.
  EXPECT_EQ(sum, (FlexfecRecovery{0x31, 0xe0, 1, 0x00010203}));
  sum.add(b);
  EXPECT_EQ(sum, (FlexfecRecovery{0x31, 0x80, 1, 0x000000fc}));
  sum.add(a);
  FlexfecRecovery other;
  other.add(b);
  EXPECT_EQ(sum, other);
}

TEST(FlexfecPayload, IsAddedByteByByteWhateverItsLength) {
  for (std::size_t size = 0; size < 40; ++size) {
    Bytes sum(40, 0x0f);
    add_flexfec_payload(sum, Bytes(size, 0x3c));
    for (std::size_t i = 0; i < 40; ++i) ASSERT_EQ(sum[i], i < size ? 0x33 : 0x0f) << size << " at " << i;
  }
}

TEST(RtpHeaderWriter, PutsSourcesBetweenHeaderAndExtensions) {
  PacketPool pool;
  Packet packet = pool.copy_of(Bytes{1, 2, 3});
  const std::array sources{Ssrc{0x11}, Ssrc{0x22}};
  ExtensionMap map;
  map.add(ExtensionType::kMid, 4);
  Extensions extensions;
  extensions.mid = "v";
  ASSERT_TRUE(write_header(packet, {true, PayloadType{49}, 5, 6, Ssrc{7}, sources}, extensions, map));
  const auto view = PacketView::parse(packet.bytes());
  ASSERT_TRUE(view);
  ASSERT_EQ(view->header.csrc_count(), 2U);
  EXPECT_EQ(view->header.csrc(0), Ssrc{0x11});
  EXPECT_EQ(view->header.csrc(1), Ssrc{0x22});
  EXPECT_EQ(read_extensions(view->header, map).mid, "v");
  EXPECT_EQ(view->payload.size(), 3U);
  const std::vector<Ssrc> too_many(16, Ssrc{1});
  EXPECT_FALSE(write_header(packet, {true, PayloadType{49}, 5, 6, Ssrc{7}, too_many}, extensions, map));
}

}  // namespace
}  // namespace tidewire::rtp
