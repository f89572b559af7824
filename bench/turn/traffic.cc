#include "traffic.h"

#include <sys/epoll.h>

#include <chrono>
#include <cstring>

#include "stun/builder.h"
#include "stun/message.h"

namespace tidewire::bench {

using stun::AttributeType;

namespace {

constexpr std::size_t kReceiveSlots = 64;
constexpr std::size_t kSendSlots = 64;
constexpr std::size_t kDatagramSize = 2048;
constexpr std::size_t kTrainSize = 65535;
constexpr std::size_t kChannelHeader = 4;
// Header, XOR-PEER-ADDRESS and the head of DATA, whose value ends the message.
constexpr std::size_t kSendHeader = 20 + 12 + 4;
constexpr std::uint32_t kDirectionBit = 1u << 31;
constexpr std::uint64_t kOverdue = 300'000'000;  // ns
constexpr std::uint64_t kCatchUp = 5'000'000;    // ns that pacing makes up for after the generator was held up

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

std::size_t header_size(Framing framing) {
  if (framing == Framing::kNone) return 0;
  return framing == Framing::kChannel ? kChannelHeader : kSendHeader;
}

std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

std::vector<std::uint8_t> send_header(const SocketAddress& peer, std::size_t size) {
  std::vector<std::uint8_t> message(kSendHeader + padded(size));
  stun::MessageBuilder builder(message, stun::MessageClass::kIndication, stun::Method::kSend, {});
  builder.add_xor_address(AttributeType::kXorPeerAddress, peer);
  builder.add(AttributeType::kData, std::vector<std::uint8_t>(size));
  if (!builder.finish()) give_up("a Send indication has another size than expected");
  message.resize(kSendHeader);
  return message;
}

}  // namespace

Traffic::Traffic(std::vector<Flow> flows, std::vector<Peer> peers, const TrafficOptions& options)
    : options_(options),
      flows_(std::move(flows)),
      peers_(std::move(peers)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      header_size_(header_size(options.framing)),
      pattern_(options.size - kMinSize),
      received_(kReceiveSlots, options.receive_trains ? kTrainSize : kDatagramSize),
      lanes_{Lane(kSendSlots, options.train * (kSendHeader + padded(options.size))),
             Lane(kSendSlots, options.train * (kSendHeader + padded(options.size)))} {
  for (std::size_t i = 0; i < pattern_.size(); ++i) pattern_[i] = static_cast<std::uint8_t>(i * 7 + 1);
  for (const Peer& peer : peers_) {
    peer_addresses_.push_back(system_address(peer.address));
    send_headers_.push_back(send_header(peer.address, options.size));
    if (options_.receive_trains) receive_trains(peer.fd);
  }
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u32 = static_cast<std::uint32_t>(i)}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, flows_[i].fd, &event) != 0) give_up("epoll_ctl failed");
    if (options_.receive_trains) receive_trains(flows_[i].fd);
  }
  fill_slots(kToPeer);
  fill_slots(kToClient);
  now_ = next_send_ = now_ns();
}

// What is the same in every datagram is written once.
void Traffic::fill_slots(Direction direction) {
  Lane& lane = lanes_[direction];
  lane.sent.resize(flows_.size());
  lane.expected.resize(flows_.size());
  lane.sent_before.resize(flows_.size());
  const std::size_t head = direction == kToPeer ? header_size_ : 0;
  // RFC 8489 §14 pads the value of DATA; RFC 8656 §12.5 does not pad ChannelData in a datagram.
  const std::size_t body = head == kSendHeader ? padded(options_.size) : options_.size;
  const std::size_t step = head + body;
  for (std::size_t slot = 0; slot < lane.batch.slots(); ++slot) {
    lane.batch.set_size(slot, step * options_.train, options_.train > 1 ? step : 0);
    const MutableByteView data = lane.batch.data(slot);
    for (std::size_t i = 0; i < options_.train; ++i)
      std::memcpy(&data[i * step + head + kMinSize], pattern_.data(), pattern_.size());
  }
}

void Traffic::step() {
  now_ = now_ns();
  receive();
  for (Lane& lane : lanes_) forget_overdue(lane);
  if (options_.rate > 0) {
    send_paced();
  } else {
    send();
  }
}

void Traffic::receive() {
  if (options_.directions[kToPeer]) {
    for (const Peer& peer : peers_) receive_from(peer.fd, kToPeer, 0);
  }
  if (!options_.directions[kToClient]) return;
  std::array<epoll_event, kReceiveSlots> events;
  const int count = epoll_wait(epoll_, events.data(), kReceiveSlots, 0);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t flow = events[static_cast<std::size_t>(i)].data.u32;
    while (receive_from(flows_[flow].fd, kToClient, flow) == kReceiveSlots) continue;
  }
}

// How many came. `flow` is known by a client's socket alone.
std::size_t Traffic::receive_from(int fd, Direction direction, std::uint32_t flow) {
  const std::size_t count = received_.receive(fd, 0, kReceiveSlots);
  if (count == 0) return 0;
  if (keep_latencies_) now_ = now_ns();
  for (std::size_t slot = 0; slot < count; ++slot) {
    ByteView rest = received_.data(slot);
    const std::size_t segment = received_.segment_size(slot) != 0 ? received_.segment_size(slot) : rest.size();
    while (!rest.empty()) {
      const ByteView datagram = rest.first(std::min(segment, rest.size()));
      take(direction, flow, datagram, received_.address(slot));
      rest = rest.subspan(datagram.size());
    }
  }
  return count;
}

void Traffic::take(Direction direction, std::uint32_t flow, ByteView datagram, const sockaddr_in& from) {
  const auto payload = direction == kToPeer ? std::optional(datagram) : payload_for_client(flow, datagram);
  Stamp stamp{};
  const bool whole = payload && payload->size() == options_.size &&
                     std::memcmp(payload->data() + kMinSize, pattern_.data(), pattern_.size()) == 0;
  if (whole) std::memcpy(&stamp, payload->data(), sizeof stamp);
  const bool to_client = (stamp.flow & kDirectionBit) != 0;
  stamp.flow &= ~kDirectionBit;
  bool right = whole && to_client == (direction == kToClient) && stamp.flow < flows_.size();
  if (right && direction == kToPeer) right = same_address(from, flows_[stamp.flow].relayed);
  if (right && direction == kToClient) right = stamp.flow == flow;
  if (right) {
    count(direction, stamp);
  } else {
    ++counts_.wrong;
  }
}

std::optional<ByteView> Traffic::payload_for_client(std::uint32_t flow, ByteView datagram) const {
  if (options_.framing == Framing::kNone) return datagram;
  if (options_.framing == Framing::kChannel) {
    if (datagram.size() < kChannelHeader) return std::nullopt;
    const auto channel = datagram[0] << 8 | datagram[1];
    const auto size = static_cast<std::size_t>(datagram[2] << 8 | datagram[3]);
    if (channel != kChannelNumber || kChannelHeader + size > datagram.size()) return std::nullopt;
    return datagram.subspan(kChannelHeader, size);
  }
  const auto message = stun::MessageView::parse(datagram);
  if (!message || !message->is(stun::MessageClass::kIndication, stun::Method::kData)) return std::nullopt;
  const SocketAddress& peer = peers_[peer_of(flow, flows_.size(), peers_.size())].address;
  if (message->find_xor_address(AttributeType::kXorPeerAddress) != peer) return std::nullopt;
  return message->find(AttributeType::kData);
}

void Traffic::count(Direction direction, const Stamp& stamp) {
  Lane& lane = lanes_[direction];
  ++counts_.received;
  if (keep_latencies_) latencies_.push_back(static_cast<std::uint32_t>(now_ - stamp.sent_at));
  std::uint32_t& expected = lane.expected[stamp.flow];
  if (stamp.number < expected) {
    ++counts_.late;
    return;
  }
  const std::uint32_t missing = stamp.number - expected;
  counts_.lost += missing;
  lane.under_way -= missing + 1;
  expected = stamp.number + 1;
}

void Traffic::send() {
  for (const Direction direction : {kToPeer, kToClient}) {
    if (!options_.directions[direction]) continue;
    send_turns(direction);
    flush(direction);
  }
}

// Until every flow has its window under way, or all of them together have enough.
void Traffic::send_turns(Direction direction) {
  Lane& lane = lanes_[direction];
  const std::size_t window = std::max(options_.window, options_.train);
  const auto in_flight = static_cast<std::int64_t>(std::max(options_.in_flight, options_.train));
  for (std::size_t full = 0; full < flows_.size();) {
    if (lane.under_way + static_cast<std::int64_t>(options_.train) > in_flight) return;
    const std::size_t flow = lane.next_flow;
    if (lane.sent[flow] - lane.expected[flow] + options_.train <= window) {
      send_train(direction);
      full = 0;
    } else {
      lane.next_flow = flow + 1 == flows_.size() ? 0 : flow + 1;
      ++full;
    }
  }
}

// What was sent before the last look and is not there is lost; if it comes yet, it is late.
void Traffic::forget_overdue(Lane& lane) {
  if (now_ - lane.looked_at < kOverdue) return;
  lane.looked_at = now_;
  for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
    if (lane.expected[flow] < lane.sent_before[flow]) {
      const std::uint32_t missing = lane.sent_before[flow] - lane.expected[flow];
      counts_.lost += missing;
      lane.under_way -= missing;
      lane.expected[flow] = lane.sent_before[flow];
    }
    lane.sent_before[flow] = lane.sent[flow];
  }
}

void Traffic::send_paced() {
  if (now_ > next_send_ + kCatchUp) next_send_ = now_ - kCatchUp;
  while (now_ >= next_send_) {
    next_send_ += static_cast<std::uint64_t>(1e9 / options_.rate * static_cast<double>(options_.train));
    if (!options_.directions[next_direction_]) next_direction_ = next_direction_ == kToPeer ? kToClient : kToPeer;
    now_ = now_ns();
    send_train(next_direction_);
    flush(next_direction_);
    next_direction_ = next_direction_ == kToPeer ? kToClient : kToPeer;
  }
}

void Traffic::send_train(Direction direction) {
  Lane& lane = lanes_[direction];
  const auto flow = static_cast<std::uint32_t>(lane.next_flow);
  lane.next_flow = lane.next_flow + 1 == flows_.size() ? 0 : lane.next_flow + 1;
  const std::size_t peer = peer_of(flow, flows_.size(), peers_.size());
  const int fd = direction == kToPeer ? flows_[flow].fd : peers_[peer].fd;
  if (fd != lane.fd || lane.filled == lane.batch.slots()) flush(direction);
  lane.fd = fd;
  const std::size_t slot = lane.filled++;
  if (direction == kToClient) lane.batch.address(slot) = flows_[flow].relayed;
  const MutableByteView data = lane.batch.data(slot);
  const std::size_t head = direction == kToPeer ? header_size_ : 0;
  const std::size_t step = data.size() / options_.train;
  for (std::size_t i = 0; i < options_.train; ++i) {
    const MutableByteView datagram = data.subspan(i * step, step);
    if (head > 0) write_headers(flow, datagram);
    const Stamp stamp{flow | (direction == kToClient ? kDirectionBit : 0), lane.sent[flow]++, now_};
    std::memcpy(&datagram[head], &stamp, sizeof stamp);
  }
  lane.under_way += static_cast<std::int64_t>(options_.train);
}

void Traffic::write_headers(std::uint32_t flow, MutableByteView datagram) {
  if (options_.framing == Framing::kSend) {
    const auto& header = send_headers_[peer_of(flow, flows_.size(), peers_.size())];
    std::memcpy(datagram.data(), header.data(), header.size());
    return;
  }
  datagram[0] = kChannelNumber >> 8;
  datagram[1] = kChannelNumber & 0xff;
  datagram[2] = static_cast<std::uint8_t>(options_.size >> 8);
  datagram[3] = static_cast<std::uint8_t>(options_.size);
}

void Traffic::flush(Direction direction) {
  Lane& lane = lanes_[direction];
  if (lane.filled > 0) lane.batch.send(lane.fd, 0, lane.filled, direction == kToClient);
  lane.filled = 0;
}

}  // namespace tidewire::bench
