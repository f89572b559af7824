#include "io/mdns_resolver.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <list>

#include "io/mdns_descriptor.h"
#include "io/mdns_packet.h"
#include "io/mdns_socket.h"

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
        max_queries(given.max_queries),
        group{given.port, given.group, std::move(given.interfaces)},
        descriptor(event_loop.context()),
        timer(event_loop, [this](Timestamp now) { serve_queries(now); }) {}

  Result<> open() {
    if (descriptor.is_open()) return {};
    if (auto opened = open_mdns_socket(descriptor, group); !opened) return opened;
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
      std::array<std::uint8_t, kMaxMdnsPacket> buffer;
      const std::optional<ByteView> packet = receive_mdns(descriptor.native_handle(), group, buffer);
      if (!packet) break;
      for (const MdnsAddress& found : parse_mdns_response(*packet)) {
        answer(found);
      }
    }
    if (!closed) wait_readable();
  }

  void answer(const MdnsAddress& found) {
    // RFC 8445 §5.1.1.1: of no use without the interface, which nobody has told.
    if (found.ip.is_v6() && found.ip.is_link_local()) return;
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
    // QUIRK chrome: it ignores a packet with more than one question.
    for (const MdnsType type : {MdnsType::kA, MdnsType::kAaaa}) {
      send_mdns(descriptor.native_handle(), group, build_mdns_query(query.name, type));
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
  std::size_t max_queries;
  MdnsGroup group;
  boost::asio::posix::stream_descriptor descriptor;
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
  if (impl_->queries.size() >= impl_->max_queries) {
    return impl_->fail({ErrorCode::kOperation, "too many .local names are being resolved"}, std::move(on_resolved));
  }
  if (const Result<> opened = impl_->open(); !opened) return impl_->fail(opened.error(), std::move(on_resolved));
  const Timestamp now = EventLoop::now();
  impl_->queries.push_back({*host, now + timeout, now, kFirstInterval, std::move(on_resolved)});
  impl_->schedule();
}

}  // namespace tidewire::io
