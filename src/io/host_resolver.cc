#include "io/host_resolver.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

#include "io/socket_address.h"

namespace tidewire::io {
namespace {

using boost::asio::ip::udp;

std::vector<IpAddress> addresses_of(const udp::resolver::results_type& results) {
  std::vector<IpAddress> addresses;
  for (const auto& entry : results) {
    SystemAddress system{};
    const udp::endpoint endpoint = entry.endpoint();
    std::copy_n(reinterpret_cast<const char*>(endpoint.data()), std::min(endpoint.size(), sizeof system),
                reinterpret_cast<char*>(&system));
    const IpAddress ip = from_system(system).ip;
    if (std::find(addresses.begin(), addresses.end(), ip) == addresses.end()) addresses.push_back(ip);
  }
  return addresses;
}

}  // namespace

struct HostResolver::Impl : std::enable_shared_from_this<HostResolver::Impl> {
  explicit Impl(EventLoop& loop) : resolver(loop.context()) {}

  udp::resolver resolver;
  bool closed = false;
};

HostResolver::HostResolver(EventLoop& loop) : impl_(std::make_shared<Impl>(loop)) {}

HostResolver::~HostResolver() {
  impl_->closed = true;
  impl_->resolver.cancel();
}

void HostResolver::resolve(std::string host, OnResolved on_resolved) {
  if (const auto literal = IpAddress::parse(host)) {
    boost::asio::post(impl_->resolver.get_executor(),
                      [impl = impl_, ip = *literal, callback = std::move(on_resolved)]() mutable {
                        if (!impl->closed) callback(std::vector<IpAddress>{ip});
                      });
    return;
  }
  impl_->resolver.async_resolve(
      host, "",
      [impl = impl_, host, callback = std::move(on_resolved)](boost::system::error_code error,
                                                              const udp::resolver::results_type& results) mutable {
        if (impl->closed) return;
        std::vector<IpAddress> addresses = error ? std::vector<IpAddress>{} : addresses_of(results);
        if (!addresses.empty()) return callback(std::move(addresses));
        callback(Error{ErrorCode::kNotFound, "cannot find the host " + host +
                                                 (error ? ": " + error.message() : std::string(": no address"))});
      });
}

}  // namespace tidewire::io
