// Gives this machine's addresses random names under .local and answers for them (RFC 6762), so that host candidates
// need not tell the addresses (draft-ietf-mmusic-mdns-ice-candidates).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/random.h"
#include "io/event_loop.h"
#include "io/mdns_socket.h"
#include "tidewire/result.h"

namespace tidewire::io {

class MdnsResponder {
 public:
  struct Options {
    MdnsGroup group;
    std::size_t max_names = 64;  // more are refused
  };

  MdnsResponder(EventLoop& loop, crypto::Random random);
  MdnsResponder(EventLoop& loop, crypto::Random random, Options options);
  // Withdraws all names.
  ~MdnsResponder();
  MdnsResponder(const MdnsResponder&) = delete;
  MdnsResponder& operator=(const MdnsResponder&) = delete;

  // A new name for the address, as in "1f4712db-ea17-4bcf-a596-105139dfd8bf.local". It is announced in the loop's next
  // turn and a second later, and answered for until it is withdrawn. The socket is opened by the first name; its
  // interfaces stay those of that moment.
  Result<std::string> publish(const IpAddress& ip);
  // Nothing happens when there is no such name.
  void withdraw(std::string_view name);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
