#include "sctp/path_mtu.h"

#include <algorithm>

namespace tidewire::sctp {
namespace {

constexpr std::size_t rounded_down(std::size_t size) { return size & ~std::size_t{3}; }

// An IPv6 header has 20 bytes more than an IPv4 header (RFC 8200 §3, RFC 791 §3.1).
constexpr std::size_t kIpv6More = 20;

}  // namespace

PathMtu::PathMtu(std::size_t base, std::size_t max)
    : base_(rounded_down(base)), max_(std::max(rounded_down(max), base_)), mtu_(base_) {}

void PathMtu::start() {
  if (max_ > base_) enter_base();
}

void PathMtu::path_changed() {
  if (state_ == State::kDisabled) return;
  wanted_ = false;
  smallest_lost_ = kNoneLost;
  enter_base();
}

// RFC 8899 §5.2: the base size is confirmed first. Whatever is wrong with the path shows there, and not as a small MTU.
void PathMtu::enter_base() {
  state_ = State::kBase;
  mtu_ = probed_ = base_;
  probe_count_ = timeouts_ = 0;
  deadline_ = kNever;
  heard_ = true;
}

// RFC 8899 §4.3. The size is not tried again in the next search: what passes as a probe and not as data would have it
// go up and down.
void PathMtu::on_black_hole() {
  if (mtu_ > base_) smallest_lost_ = mtu_;
  enter_base();
}

std::optional<std::size_t> PathMtu::probe_due(Timestamp now) const {
  // RFC 8899 §5.1.1: nothing is probed when no data was sent. And not while nothing comes back: then a lost probe would
  // tell nothing of its size.
  if (state_ == State::kDisabled || !wanted_ || !heard_ || deadline_ != kNever) return std::nullopt;
  if ((state_ == State::kSearchComplete || state_ == State::kError) && now < again_at_) return std::nullopt;
  return probed_;
}

// RFC 8899 §3, item 7: one probe at a time, and the next one after an answer or more than a round trip.
void PathMtu::on_probe_sent(Timestamp now, Duration rto) {
  deadline_ = now + std::max<Duration>(rto, kMinProbeTimeout);
  heard_ = false;
}

void PathMtu::on_probe_acked(Timestamp now) {
  if (deadline_ == kNever) return;
  deadline_ = kNever;
  heard_ = true;
  timeouts_ = 0;
  if (state_ == State::kSearching) mtu_ = probed_;
  state_ = State::kSearching;
  search_on(now);
}

void PathMtu::handle_timeout(Timestamp now) {
  if (now < deadline_) return;
  deadline_ = kNever;
  // RFC 8899 §3, item 4: it may have been lost for other reasons. On a silent path it counts for nothing.
  if (!heard_ || ++probe_count_ < kMaxProbes) return;
  if (state_ == State::kSearching) {
    smallest_lost_ = probed_;
    search_on(now);
  } else if (state_ == State::kSearchComplete) {
    on_black_hole();
  } else {
    enter_error(now);
  }
}

void PathMtu::enter_error(Timestamp now) {
  state_ = State::kError;
  probed_ = base_;
  probe_count_ = 0;
  deadline_ = kNever;
  again_at_ = now + kErrorInterval;
}

// RFC 8899 §5.3. (Where §5.3.1 ends the search at the first size that was lost MAX_PROBES times, this one goes on below
// it, which §5.3.2 leaves to the algorithm.)
void PathMtu::search_on(Timestamp now) {
  probe_count_ = 0;
  if (mtu_ == max_ || smallest_lost_ - mtu_ <= kGranularity) return complete(now);
  if (smallest_lost_ == kNoneLost) {
    probed_ = max_;
  } else if (smallest_lost_ == max_ && mtu_ + kIpv6More < max_) {
    probed_ = max_ - kIpv6More;
  } else {
    probed_ = rounded_down(mtu_ + (smallest_lost_ - mtu_) / 2);
  }
}

void PathMtu::complete(Timestamp now) {
  state_ = State::kSearchComplete;
  smallest_lost_ = kNoneLost;
  // After the pause the size in use is asked for again before larger ones are: the system here, or a router, may have
  // begun to send it in fragments.
  probed_ = mtu_;
  again_at_ = now + kRaiseInterval;
  wanted_ = false;
}

void PathMtu::on_acked(std::size_t packet, Timestamp now) {
  heard_ = true;
  timeouts_ = 0;
  if (packet > base_) large_acked_at_ = now;
}

void PathMtu::on_data_timeout(Timestamp now) {
  if (state_ == State::kDisabled || ++timeouts_ < kBlackHoleTimeouts) return;
  if (mtu_ > base_) return on_black_hole();
  // Nothing larger is sent, and nothing comes back. Most likely the path is dead; if it is small, fragments help.
  enter_error(now);
}

void PathMtu::on_data_resent(const Resent& resent) {
  if (resent.packet <= base_ || resent.packet > mtu_ || resent.transmissions < kBlackHoleTransmissions) return;
  if (resent.now - large_acked_at_ >= kBlackHoleTransmissions * resent.rtt) on_black_hole();
}

}  // namespace tidewire::sctp
