#include "server/http/tcp_endpoint.h"

namespace tidewire::server {

namespace ip = boost::asio::ip;

ip::tcp::endpoint to_endpoint(const SocketAddress& address) {
  boost::system::error_code ignored;
  return {ip::make_address(address.ip.to_string(), ignored), address.port};
}

SocketAddress from_endpoint(const ip::tcp::endpoint& endpoint) {
  const ip::address address = endpoint.address();
  if (address.is_v4()) return {IpAddress::v4(address.to_v4().to_bytes()), endpoint.port()};
  const ip::address_v6 v6 = address.to_v6();
  return {IpAddress::v6(v6.to_bytes(), static_cast<std::uint32_t>(v6.scope_id())).unmapped(), endpoint.port()};
}

SocketAddress remote_address(const ip::tcp::socket& socket) {
  boost::system::error_code error;
  const ip::tcp::endpoint endpoint = socket.remote_endpoint(error);
  return error ? SocketAddress{} : from_endpoint(endpoint);
}

}  // namespace tidewire::server
