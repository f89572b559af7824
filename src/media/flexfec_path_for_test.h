// A protected stream from its sender to its receiver, and someone who makes repair packets as they please.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "media/flexfec_receiver.h"
#include "media/flexfec_sender.h"
#include "rtp/extensions.h"

namespace tidewire::media {

using namespace std::chrono_literals;

inline constexpr rtp::Ssrc kSource{0x1234};
inline constexpr FlexfecShape kThreeColumns{3, 4, false};
inline constexpr FlexfecShape kFourByFour{4, 4, true};

// A stream of packets of all lengths, its repair packets, and a receiver of both.
struct Path {
  explicit Path(const FlexfecShape& shape, std::uint16_t first = 0xfff0, std::size_t shortest_payload = 1)
      : number(first), shortest(shortest_payload) {
    sender.set_plan({shape, shape, 10s});
    rtp::Extensions its;
    its.mid = "v";
    map.add(rtp::ExtensionType::kMid, 4);
  }

  Bytes make_packet() {
    Bytes payload(shortest + random() % (1100 - shortest));
    for (std::uint8_t& byte : payload) byte = static_cast<std::uint8_t>(random());
    Packet packet = pool.copy_of(payload);
    rtp::Extensions its;
    if (random() % 2 == 0) its.mid = "v";
    const rtp::HeaderFields fields{random() % 3 == 0, rtp::PayloadType{static_cast<std::uint8_t>(random() % 128)},
                                   static_cast<std::uint16_t>(number++), static_cast<std::uint32_t>(random()), kSource};
    EXPECT_TRUE(rtp::write_header(packet, fields, its, map));
    return {packet.bytes().begin(), packet.bytes().end()};
  }

  // Sends a packet, unless it is lost; what was rebuilt goes to `recovered`.
  void send(bool lost) {
    const std::int64_t its_number = number;
    const Bytes packet = make_packet();
    sent[its_number] = packet;
    if (lost) {
      missing.insert(its_number);
    } else {
      receiver.handle_media(its_number, packet);
    }
    sender.handle_sent(packet, false, now);
    now += 1ms;
    take();
  }

  // Repair packets that wait leave; `lost` says which of them are lost, in their order.
  void repair(const std::set<std::size_t>& lost = {}) {
    while (auto packet = sender.poll()) {
      if (lost.contains(repairs++)) continue;
      receiver.handle_repair(*rtp::PacketView::parse(as_rtp(std::move(*packet)).bytes()), kSource);
      take();
    }
  }

  Packet as_rtp(Packet packet) {
    const rtp::HeaderFields fields{false, rtp::PayloadType{49}, 1, 2, rtp::Ssrc{3}, std::span(&kSource, 1)};
    EXPECT_TRUE(rtp::write_header(packet, fields, {}, map));
    return packet;
  }

  void take() {
    while (auto recovered = receiver.poll_recovered(pool)) {
      ASSERT_TRUE(missing.contains(recovered->number)) << "what was not lost needs no repair";
      ASSERT_TRUE(std::ranges::equal(recovered->packet.bytes(), sent[recovered->number]));
      missing.erase(recovered->number);
      ++recovered_count;
    }
  }

  PacketPool pool;
  std::mt19937_64 random{7};
  rtp::ExtensionMap map;
  FlexfecSender sender{pool};
  FlexfecReceiver receiver;
  Timestamp now{1s};
  std::int64_t number;
  std::size_t shortest;
  std::map<std::int64_t, Bytes> sent;
  std::set<std::int64_t> missing;
  std::size_t repairs = 0;
  std::size_t recovered_count = 0;
};

// Makes repair packets that say what they like.
struct Forger {
  Packet repair(std::uint16_t base, const rtp::FlexfecMask& mask, std::uint16_t length, std::size_t payload,
                rtp::Ssrc source = kSource) {
    Packet packet = pool.copy_of(Bytes(payload, 0xff));
    rtp::FlexfecHeader header;
    header.recovery.length = length;
    header.recovery.flags = 0x3f;  // padding, extension, fifteen sources
    header.protections[0] = {source, base, mask};
    header.protection_count = 1;
    std::array<std::uint8_t, 64> room{};
    const std::size_t size = rtp::write_flexfec_header(header, room);
    EXPECT_TRUE(packet.prepend(size));
    std::copy_n(room.begin(), size, packet.data());
    const rtp::HeaderFields fields{false, rtp::PayloadType{49}, 1, 2, rtp::Ssrc{3}, std::span(&source, 1)};
    EXPECT_TRUE(rtp::write_header(packet, fields, {}, {}));
    return packet;
  }
  void attack(FlexfecReceiver& receiver, const Packet& packet) {
    receiver.handle_repair(*rtp::PacketView::parse(packet.bytes()), kSource);
    while (const auto recovered = receiver.poll_recovered(pool)) {
      ASSERT_TRUE(rtp::PacketView::parse(recovered->packet.bytes()));
    }
  }
  PacketPool pool;
};

}  // namespace tidewire::media
