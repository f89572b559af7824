#include "session.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "datagram_batch.h"
#include "turn/channel_data.h"

namespace tidewire::bench {

using stun::AttributeType;
using stun::MessageBuilder;
using stun::MessageClass;
using stun::MessageView;
using stun::Method;

namespace {

constexpr double kRepeatAfter = 0.5;
constexpr int kMaxRepeats = 10;
constexpr int kMaxChallenges = 3;
constexpr std::uint32_t kUdp = 17u << 24;  // RFC 8656 §18.8: REQUESTED-TRANSPORT

}  // namespace

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Session::Session(const Account& account, Goal goal, const SocketAddress& peer, crypto::Random& random, double now)
    : account_(account), goal_(goal), peer_(peer), random_(random), fd_(open_udp({})) {
  connect_udp(fd_, system_address(account.server));
  send_request(now);
}

Session::~Session() {
  if (fd_ >= 0) close(fd_);
}

int Session::release() { return std::exchange(fd_, -1); }

Method Session::method() const {
  if (step_ == Step::kAllocate) return Method::kAllocate;
  if (step_ == Step::kRefresh) return Method::kRefresh;
  return goal_ == Goal::kChannel ? Method::kChannelBind : Method::kCreatePermission;
}

void Session::add_attributes(MessageBuilder& builder) const {
  if (step_ == Step::kAllocate) builder.add_u32(AttributeType::kRequestedTransport, kUdp);
  if (step_ == Step::kRefresh) builder.add_u32(AttributeType::kLifetime, 0);
  if (step_ != Step::kPeer) return;
  if (goal_ == Goal::kChannel) builder.add_u32(AttributeType::kChannelNumber, std::uint32_t{kChannelNumber} << 16);
  builder.add_xor_address(AttributeType::kXorPeerAddress, peer_);
}

void Session::send_request(double now) {
  random_.fill(id_);
  MessageBuilder builder(request_, MessageClass::kRequest, method(), id_);
  add_attributes(builder);
  if (!nonce_.empty()) {
    builder.add_text(AttributeType::kUsername, account_.user);
    builder.add_text(AttributeType::kRealm, realm_);
    builder.add_text(AttributeType::kNonce, nonce_);
    builder.add_integrity(key_.bytes());
  }
  const auto request = builder.finish();
  if (!request) give_up("a request does not fit its buffer; are the credentials that long?");
  request_size_ = request->size();
  repeats_ = 0;
  repeat(now);
}

void Session::repeat(double now) {
  sent_at_ = now;
  send(fd_, request_.data(), request_size_, 0);
}

void Session::handle_time(double now) {
  if (done() || port_is_taken() || now - sent_at_ < kRepeatAfter) return;
  if (++repeats_ > kMaxRepeats) give_up(account_.server.to_string() + " does not answer");
  repeat(now);
}

void Session::handle_readable(double now) {
  std::array<std::uint8_t, 2048> buffer;
  const auto size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size <= 0) return;
  const auto response = MessageView::parse(ByteView(buffer).first(static_cast<std::size_t>(size)));
  if (!response || response->transaction_id() != id_ || response->method() != method()) return;
  if (response->message_class() == MessageClass::kError) {
    refused(*response);
  } else {
    succeeded(*response);
  }
  if (step_ != Step::kTaken && !done()) send_request(now);
}

void Session::succeeded(const MessageView& response) {
  if (!response.verify_integrity(key_.bytes())) give_up("an answer of the server is not signed with our key");
  if (step_ != Step::kAllocate) {
    step_ = Step::kDone;
    return;
  }
  const auto relayed = response.find_xor_address(AttributeType::kXorRelayedAddress);
  if (!relayed) give_up("the answer to Allocate has no XOR-RELAYED-ADDRESS");
  relayed_ = *relayed;
  step_ = Step::kPeer;
  if (goal_ == Goal::kNothing) step_ = Step::kDone;
  if (goal_ == Goal::kRefreshToZero) step_ = Step::kRefresh;
}

// RFC 8489 §9.2.5: 401 and 438 bring the nonce with which the request is repeated.
void Session::refused(const MessageView& response) {
  const auto error = response.error_code();
  if (step_ == Step::kAllocate && error && error->code == 437) {
    step_ = Step::kTaken;
    return;
  }
  const auto realm = response.find_text(AttributeType::kRealm);
  const auto nonce = response.find_text(AttributeType::kNonce);
  const bool challenge = error && (error->code == 401 || error->code == 438) && nonce;
  if (!challenge || ++challenges_ > kMaxChallenges) {
    give_up("the server refuses a request" +
            (error ? " with " + std::to_string(error->code) + " " + std::string(error->reason) : std::string()));
  }
  nonce_ = *nonce;
  if (realm && *realm != realm_) {
    realm_ = *realm;
    key_ = turn::LongTermKey(account_.user, realm_, account_.password, turn::PasswordAlgorithm::kMd5);
  }
}

}  // namespace tidewire::bench
