// Resolves the .local names that browsers put into their host candidates (RFC 6762; the names are those of
// draft-ietf-mmusic-mdns-ice-candidates).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/event_loop.h"
#include "tidewire/address.h"
#include "tidewire/result.h"

namespace tidewire::io {

// True when the name ends in ".local" (or ".local."), in any case of letters.
bool is_mdns_name(std::string_view name);

class MdnsResolver {
 public:
  struct Options {
    // QUIRK chrome: it answers by multicast to 224.0.0.251:5353 only, so the socket must sit on that port.
    std::uint16_t port = 5353;
    IpAddress group = IpAddress::v4({224, 0, 0, 251});
    // IPv4 addresses of the interfaces to ask on; empty means each one that is up, loopback included.
    std::vector<IpAddress> interfaces;
    // Queries that wait for an answer at the same time. More fail at once.
    std::size_t max_queries = 64;
  };
  using OnResolved = UniqueFunction<void(Result<IpAddress> address)>;

  explicit MdnsResolver(EventLoop& loop);
  MdnsResolver(EventLoop& loop, Options options);
  // Outstanding queries end without a callback. Legal in a callback.
  ~MdnsResolver();
  MdnsResolver(const MdnsResolver&) = delete;
  MdnsResolver& operator=(const MdnsResolver&) = delete;

  // Asks for the address of `name` (the first that is told, of either family), again after 1, 3, 7 ... seconds until
  // `timeout`. The socket is opened by the first query. Calls back once, never inside this call.
  void resolve(std::string name, Duration timeout, OnResolved on_resolved);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
