// Between our addresses and those of Boost.Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "tidewire/address.h"

namespace tidewire::server {

boost::asio::ip::tcp::endpoint to_endpoint(const SocketAddress& address);
SocketAddress from_endpoint(const boost::asio::ip::tcp::endpoint& endpoint);
// Who is at the other end; 0.0.0.0:0 when nobody is any more.
SocketAddress remote_address(const boost::asio::ip::tcp::socket& socket);

}  // namespace tidewire::server
