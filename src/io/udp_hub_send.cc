#include "io/udp_hub_send.h"

#include <cassert>
#include <cerrno>

namespace tidewire::io {
namespace {

constexpr std::array<std::uint8_t, UdpHub::kMaxPadding> kZeros{};
constexpr std::uint32_t kAll = 0xffff'ffff;

}  // namespace

UdpSendQueue::UdpSendQueue(UdpHub::Stats& stats) : stats_(stats), entries_(kMaxQueued) { packets_.reserve(kMaxQueued); }

void UdpSendQueue::push(Line& line, const SocketAddress& to, ByteView prefix, ByteView body, std::size_t padding) {
  assert(!full() && prefix.size() <= UdpHub::kMaxPrefix && padding <= UdpHub::kMaxPadding);
  const auto index = static_cast<std::uint32_t>(used_++);
  Entry& entry = entries_[index];
  entry.body = body.data();
  entry.body_size = static_cast<std::uint32_t>(body.size());
  entry.size = static_cast<std::uint32_t>(prefix.size() + body.size() + padding);
  entry.next = kNone;
  entry.remote_length = to_system(to, entry.remote);
  entry.prefix_size = static_cast<std::uint8_t>(prefix.size());
  entry.padding = static_cast<std::uint8_t>(padding);
  if (!prefix.empty()) std::memcpy(entry.prefix.data(), prefix.data(), prefix.size());
  entry.follows = false;
  if (line.empty()) {
    line.first = index;
  } else {
    Entry& before = entries_[line.last];
    before.next = index;
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): to_system() has zeros where the address says nothing
    entry.follows = std::memcmp(&before.remote, &entry.remote, sizeof entry.remote) == 0;
  }
  line.last = index;
}

void UdpSendQueue::push(Line& line, const SocketAddress& to, Packet packet) {
  push(line, to, {}, packet.bytes(), 0);
  packets_.push_back(std::move(packet));
}

void UdpSendQueue::append(const Entry& entry) {
  const auto piece = [this](const std::uint8_t* data, std::size_t size) {
    // The system's type is of both directions; sending writes nothing.
    if (size > 0) batch_.vectors[batch_.vectors_used++] = {const_cast<std::uint8_t*>(data), size};
  };
  piece(entry.prefix.data(), entry.prefix_size);
  piece(entry.body, entry.body_size);
  piece(kZeros.data(), entry.padding);
}

void UdpSendQueue::add_message(std::uint32_t entry, bool alone) {
  const std::size_t message = batch_.size++;
  const std::size_t first_vector = batch_.vectors_used;
  Entry& head = entries_[entry];
  append(head);
  std::uint32_t next = head.next;
  SegmentTrain train(head.size);
  while (!alone && next != kNone && batch_.vectors_used + kVectorsPerEntry <= kMaxVectors) {
    const Entry& other = entries_[next];
    if (!other.follows || !train.take(other.size)) break;
    append(other);
    next = other.next;
  }
  msghdr& header = batch_.headers[message].msg_hdr;
  header.msg_name = &head.remote;
  header.msg_namelen = head.remote_length;
  header.msg_iov = &batch_.vectors[first_vector];
  header.msg_iovlen = batch_.vectors_used - first_vector;
  batch_.controls[message].attach(header, train);
  batch_.counts[message] = train.count();
  batch_.next[message] = next;
}

void UdpSendQueue::fill(std::uint32_t entry, std::uint32_t alone) {
  batch_.size = 0;
  batch_.vectors_used = 0;
  while (entry != kNone && batch_.has_room()) {
    add_message(entry, alone > 0);
    if (alone > 0 && alone != kAll) --alone;
    entry = batch_.next[batch_.size - 1];
  }
}

void UdpSendQueue::count_sent(std::size_t messages) {
  ++stats_.send_calls;
  for (std::size_t i = 0; i < messages; ++i) {
    stats_.datagrams_sent += batch_.counts[i];
    if (batch_.counts[i] > 1) ++stats_.segmented_sends;
  }
}

std::uint32_t UdpSendQueue::length_from(std::uint32_t entry) const {
  std::uint32_t length = 0;
  for (; entry != kNone; entry = entries_[entry].next) ++length;
  return length;
}

void UdpSendQueue::advance(Progress& progress, std::size_t messages) const {
  progress.entry = batch_.next[messages - 1];
  progress.retried = false;
  for (std::size_t i = 0; i < messages && progress.alone > 0 && progress.alone != kAll; ++i) --progress.alone;
}

void UdpSendQueue::refused(Line& line, Progress& progress, int error) {
  if (error == EAGAIN) {
    stats_.dropped_no_room += length_from(progress.entry);
    progress.entry = kNone;
  } else if (error == ECONNREFUSED && !progress.retried) {
    progress.retried = true;  // what the kernel has kept of an earlier datagram comes once (udp(7))
  } else if (batch_.counts[0] > 1 && refuses_train(error)) {
    ++stats_.segmentation_refused;
    if (error == EIO) line.trains = false;
    progress.alone = line.trains ? batch_.counts[0] : kAll;
  } else {
    // sendmmsg(2): the error is that of the first message, which is given up.
    (error == ENOBUFS ? stats_.dropped_no_room : stats_.dropped_error) += batch_.counts[0];
    advance(progress, 1);
  }
}

void UdpSendQueue::flush(int fd, Line& line) {
  Progress progress{line.first, line.trains ? 0 : kAll};
  while (progress.entry != kNone) {
    fill(progress.entry, progress.alone);
    const int n = sendmmsg(fd, batch_.headers.data(), static_cast<unsigned>(batch_.size), MSG_DONTWAIT);
    if (n > 0) {
      count_sent(static_cast<std::size_t>(n));
      advance(progress, static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      refused(line, progress, errno);
    }
  }
  line.first = line.last = kNone;
}

void UdpSendQueue::clear() {
  used_ = 0;
  packets_.clear();
}

}  // namespace tidewire::io
