// One client's talk with a TURN server until its allocation is what the load needs (RFC 8656): Allocate, 401, Allocate
// with long-term credentials, then a channel, a permission, or the end. Leaner than turn::Client, which keeps an
// allocation alive for hours; this one has to be cheaper than the server that it measures.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "stun/builder.h"
#include "stun/message.h"
#include "turn/long_term_credential.h"

namespace tidewire::bench {

struct Account {
  SocketAddress server;
  std::string user;
  std::string password;
};

// What follows the Allocate.
enum class Goal { kNothing, kChannel, kPermission, kRefreshToZero };

class Session {
 public:
  // `account` and `random` outlive it. Opens a socket and sends the first request.
  Session(const Account& account, Goal goal, const SocketAddress& peer, crypto::Random& random, double now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Reads an answer, if there is one, and sends what comes next.
  void handle_readable(double now);
  // Requests are repeated twice a second (RFC 8489 §6.2.1 would wait longer each time).
  void handle_time(double now);

  // RFC 8656 §7.4: 437, an allocation of our port still stands; another session has another port.
  bool port_is_taken() const { return step_ == Step::kTaken; }
  bool done() const { return step_ == Step::kDone; }
  int fd() const { return fd_; }
  // The socket is the caller's.
  int release();
  const SocketAddress& peer() const { return peer_; }
  const SocketAddress& relayed() const { return relayed_; }

 private:
  enum class Step { kAllocate, kPeer, kRefresh, kTaken, kDone };

  void send_request(double now);
  void repeat(double now);
  stun::Method method() const;
  void add_attributes(stun::MessageBuilder& builder) const;
  void succeeded(const stun::MessageView& response);
  void refused(const stun::MessageView& response);

  const Account& account_;
  Goal goal_;
  SocketAddress peer_;
  crypto::Random& random_;
  int fd_;
  Step step_ = Step::kAllocate;
  stun::TransactionId id_{};
  std::string realm_;
  std::string nonce_;
  turn::LongTermKey key_;
  int challenges_ = 0;
  int repeats_ = 0;
  double sent_at_ = 0;
  std::array<std::uint8_t, 512> request_{};
  std::size_t request_size_ = 0;
  SocketAddress relayed_;
};

// All data of the load goes through this channel: numbers are the allocation's own, so every flow has the same.
inline constexpr std::uint16_t kChannelNumber = 0x4000;

// Seconds of the monotonic clock.
double seconds_now();

}  // namespace tidewire::bench
