// The multicast DNS socket in the hands of an event loop. For the .cc files of src/io only.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "io/mdns_socket.h"

namespace tidewire::io {

// The group's interfaces are looked up. Nothing happens when it is open.
Result<> open_mdns_socket(boost::asio::posix::stream_descriptor& descriptor, MdnsGroup& group);

}  // namespace tidewire::io
