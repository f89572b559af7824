#include "io/udp_outbox.h"

#include <sys/uio.h>

#include <algorithm>

#include "io/socket_address.h"
#include "io/socket_options.h"

namespace tidewire::io {

// One call of sendmmsg. On the stack of the call: whatever the kernel does not take is put together anew.
struct UdpOutbox::Batch {
  static constexpr std::size_t kMaxMessages = 32;
  static constexpr std::size_t kMaxVectors = 4 * kMaxTrainSegments;

  std::size_t size = 0;
  std::size_t vectors_used = 0;
  std::array<mmsghdr, kMaxMessages> headers;
  std::array<SystemAddress, kMaxMessages> addresses;
  std::array<SegmentControl, kMaxMessages> controls;
  std::array<std::uint32_t, kMaxMessages> counts;  // datagrams of the message
  std::array<iovec, kMaxVectors> vectors;
};

SegmentTrain UdpOutbox::add_train(Batch& batch, std::size_t first, bool alone) {
  const auto append = [&batch](Packet& packet) {
    batch.vectors[batch.vectors_used++] = {packet.data(), packet.size()};
  };
  Outgoing& head = queue_.at(first);
  const std::size_t message = batch.size++;
  msghdr& header = batch.headers[message].msg_hdr;
  header = {};
  header.msg_name = &batch.addresses[message];
  header.msg_namelen = to_system(head.remote, batch.addresses[message]);
  header.msg_iov = &batch.vectors[batch.vectors_used];
  append(head.packet);
  SegmentTrain train(head.packet.size());
  for (std::size_t i = first + 1; !alone && i < queue_.size() && batch.vectors_used < Batch::kMaxVectors; ++i) {
    Outgoing& next = queue_.at(i);
    if (next.remote != head.remote || next.packet.fragmentation() != head.packet.fragmentation()) break;
    if (next.packet.ecn() != head.packet.ecn()) break;
    if (!train.take(next.packet.size())) break;
    append(next.packet);
  }
  header.msg_iovlen = train.count();
  batch.controls[message].attach(header, train, marks_ ? head.packet.ecn() : Ecn::kNotEct, head.remote.ip.is_v4());
  batch.counts[message] = train.count();
  return train;
}

// As many from the front as fit and are sent in the same way. What may go in fragments makes no trains.
void UdpOutbox::fill(Batch& batch) {
  batch.size = batch.vectors_used = 0;
  std::size_t next = 0;
  const Fragmentation fragmentation = queue_.at(0).packet.fragmentation();
  const bool trains = trains_ && fragmentation != Fragmentation::kAllowed;
  while (next < queue_.size() && batch.size < Batch::kMaxMessages && batch.vectors_used < Batch::kMaxVectors) {
    if (queue_.at(next).packet.fragmentation() != fragmentation) break;
    next += add_train(batch, next, !trains || next < alone_).count();
  }
}

// As sendmmsg(2).
int UdpOutbox::send(int fd, Batch& batch) {
  const Outgoing& head = queue_.at(0);
  int error = 0;
  int n = 0;
  {
    const FragmentationOf mode(fd, head.remote.ip.is_v4() ? AF_INET : AF_INET6, head.packet.fragmentation());
    n = sendmmsg(fd, batch.headers.data(), static_cast<unsigned>(batch.size), MSG_DONTWAIT);
    error = errno;
  }
  errno = error;
  return n;
}

bool UdpOutbox::flush(int fd) {
  Batch batch;
  while (!queue_.empty()) {
    fill(batch);
    const int n = send(fd, batch);
    if (n < 0) {
      if (errno == EAGAIN) return false;
      if (errno != EINTR) refused(batch.counts[0], errno);
      continue;
    }
    ++stats_.send_calls;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      stats_.datagrams_sent += batch.counts[i];
      if (batch.counts[i] > 1) ++stats_.segmented_sends;
      drop_front(batch.counts[i]);
    }
  }
  return true;
}

// sendmmsg(2): the error is that of the first message.
void UdpOutbox::refused(std::uint32_t datagrams, int error) {
  if (error == ECONNREFUSED && !refused_before_) {
    refused_before_ = true;  // what the kernel has kept of an earlier datagram comes once (udp(7))
  } else if (datagrams > 1 && refuses_train(error)) {
    ++stats_.segmentation_refused;
    if (error == EIO) trains_ = false;
    alone_ = datagrams;
  } else if (marks_ && queue_.at(0).packet.ecn() != Ecn::kNotEct && refuses_marks(error)) {
    marks_ = false;
  } else {
    stats_.dropped_error += datagrams;
    drop_front(datagrams);
  }
}

void UdpOutbox::drop_front(std::uint32_t datagrams) {
  for (std::uint32_t i = 0; i < datagrams; ++i) queue_.pop();
  alone_ -= std::min(alone_, datagrams);
  refused_before_ = false;
}

}  // namespace tidewire::io
