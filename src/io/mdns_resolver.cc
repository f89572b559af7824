#include "io/mdns_resolver.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <list>

#include "io/interfaces.h"
#include "io/mdns_packet.h"
#include "io/socket_address.h"

namespace tidewire::io {
namespace {

// RFC 6762 §5.2: at least one second between the first two queries, then at least twice as long each time.
constexpr Duration kFirstInterval = std::chrono::seconds{1};
constexpr int kPacketsPerTurn = 64;

struct Query {
  std::string name;
  Timestamp expires;
  Timestamp next_send;
  Duration interval = kFirstInterval;
  MdnsResolver::OnResolved on_resolved;
};

std::vector<IpAddress> multicast_interfaces() {
  std::vector<IpAddress> addresses;
  const auto interfaces = list_interfaces();
  if (!interfaces) return addresses;
  for (const NetworkInterface& interface : *interfaces) {
    const bool usable = interface.up && (interface.multicast || interface.kind == InterfaceKind::kLoopback);
    const auto first_v4 = std::find_if(interface.addresses.begin(), interface.addresses.end(),
                                       [](const IpAddress& ip) { return ip.is_v4(); });
    if (usable && first_v4 != interface.addresses.end()) addresses.push_back(*first_v4);
  }
  return addresses;
}

in_addr to_in_addr(const IpAddress& ip) {
  in_addr system{};
  std::memcpy(&system, ip.bytes().data(), sizeof system);
  return system;
}

// A UDP socket that shares the port with other resolvers and hears the group on the given interfaces.
Result<int> open_socket(const MdnsResolver::Options& options, const std::vector<IpAddress>& interfaces) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{ErrorCode::kNetwork, "cannot open the mDNS socket: " + system_message(errno)};
  const int yes = 1;
  const int no = 0;
  // RFC 6762 §15.1: the port is shared by all resolvers and responders of the machine.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &no, sizeof no);
  SystemAddress any;
  const socklen_t length = to_system({IpAddress(), options.port}, any);
  if (::bind(fd, &any.any, length) != 0) {
    Error error{ErrorCode::kNetwork,
                "cannot bind UDP port " + std::to_string(options.port) + " for mDNS: " + system_message(errno)};
    ::close(fd);
    return error;
  }
  for (const IpAddress& interface : interfaces) {
    ip_mreq membership{to_in_addr(options.group), to_in_addr(interface)};
    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership);
  }
  return fd;
}

}  // namespace

bool is_mdns_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  constexpr std::string_view kSuffix = ".local";
  if (name.size() <= kSuffix.size()) return false;
  const std::string_view end = name.substr(name.size() - kSuffix.size());
  return std::equal(end.begin(), end.end(), kSuffix.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

struct MdnsResolver::Impl : std::enable_shared_from_this<MdnsResolver::Impl> {
  Impl(EventLoop& event_loop, Options given)
      : loop(event_loop),
        options(std::move(given)),
        descriptor(event_loop.context()),
        timer(event_loop, [this](Timestamp now) { serve_queries(now); }) {}

  Result<> open() {
    if (descriptor.is_open()) return {};
    interfaces = options.interfaces.empty() ? multicast_interfaces() : options.interfaces;
    const Result<int> fd = open_socket(options, interfaces);
    if (!fd) return fd.error();
    boost::system::error_code failure;
    descriptor.assign(*fd, failure);
    if (failure) {
      ::close(*fd);
      return Error{ErrorCode::kNetwork, "cannot watch the mDNS socket: " + failure.message()};
    }
    wait_readable();
    return {};
  }

  void wait_readable() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!error && !self->closed) self->receive();
                          });
  }

  void receive() {
    for (int i = 0; i < kPacketsPerTurn && !closed; ++i) {
      std::array<std::uint8_t, 9000> buffer;  // RFC 6762 §17
      SystemAddress from{};
      socklen_t size = sizeof from;
      const ssize_t n = recvfrom(descriptor.native_handle(), buffer.data(), buffer.size(), 0, &from.any, &size);
      if (n < 0 && errno == EAGAIN) break;
      // RFC 6762 §6: responses from another port than 5353 are ignored.
      if (n <= 0 || from_system(from).port != options.port) continue;
      for (const MdnsAddress& found : parse_mdns_response({buffer.data(), static_cast<std::size_t>(n)})) {
        answer(found);
      }
    }
    if (!closed) wait_readable();
  }

  void answer(const MdnsAddress& found) {
    for (auto query = queries.begin(); !closed && query != queries.end();) {
      if (query->name != found.name) {
        ++query;
        continue;
      }
      OnResolved on_resolved = std::move(query->on_resolved);
      query = queries.erase(query);
      // The callback may ask for another name: a list keeps this iterator valid.
      on_resolved(found.ip);
    }
  }

  void serve_queries(Timestamp now) {
    // The callbacks may destroy the resolver.
    const std::shared_ptr<Impl> self = shared_from_this();
    for (auto query = queries.begin(); !closed && query != queries.end();) {
      if (now >= query->expires) {
        OnResolved on_resolved = std::move(query->on_resolved);
        Error error{ErrorCode::kNotFound, "nobody answered for " + query->name + " by multicast DNS"};
        query = queries.erase(query);
        on_resolved(std::move(error));
        continue;
      }
      if (now >= query->next_send) send(*query, now);
      ++query;
    }
    if (!closed) schedule();
  }

  void send(Query& query, Timestamp now) {
    query.next_send = now + query.interval;
    query.interval *= 2;
    const Bytes packet = build_mdns_query(query.name);
    SystemAddress to;
    const socklen_t length = to_system({options.group, options.port}, to);
    for (const IpAddress& interface : interfaces) {
      const in_addr out = to_in_addr(interface);
      setsockopt(descriptor.native_handle(), IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
      // A failure on one interface is silence on it; the timeout covers it.
      static_cast<void>(
          sendto(descriptor.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT, &to.any, length));
    }
  }

  void schedule() {
    Timestamp next = kNever;
    for (const Query& query : queries) next = std::min({next, query.expires, query.next_send});
    timer.set(next);
  }

  void fail(Error error, OnResolved on_resolved) {
    boost::asio::post(loop.context(), [self = shared_from_this(), error = std::move(error),
                                       callback = std::move(on_resolved)]() mutable {
      if (!self->closed) callback(std::move(error));
    });
  }

  EventLoop& loop;
  Options options;
  boost::asio::posix::stream_descriptor descriptor;
  std::vector<IpAddress> interfaces;
  std::list<Query> queries;
  Timer timer;
  bool closed = false;
};

MdnsResolver::MdnsResolver(EventLoop& loop) : MdnsResolver(loop, Options()) {}
MdnsResolver::MdnsResolver(EventLoop& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

MdnsResolver::~MdnsResolver() {
  impl_->closed = true;
  impl_->timer.cancel();
  boost::system::error_code ignored;
  impl_->descriptor.close(ignored);
}

void MdnsResolver::resolve(std::string name, Duration timeout, OnResolved on_resolved) {
  const std::optional<std::string> host = normalized_host_name(name);
  if (!host || !is_mdns_name(*host)) {
    return impl_->fail({ErrorCode::kSyntax, "not a .local host name: " + name.substr(0, 80)}, std::move(on_resolved));
  }
  if (impl_->queries.size() >= impl_->options.max_queries) {
    return impl_->fail({ErrorCode::kOperation, "too many .local names are being resolved"}, std::move(on_resolved));
  }
  if (const Result<> opened = impl_->open(); !opened) return impl_->fail(opened.error(), std::move(on_resolved));
  const Timestamp now = EventLoop::now();
  impl_->queries.push_back({*host, now + timeout, now, kFirstInterval, std::move(on_resolved)});
  impl_->schedule();
}

}  // namespace tidewire::io
