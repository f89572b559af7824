#include "io/mdns_descriptor.h"

#include <unistd.h>

#include <utility>

namespace tidewire::io {

Result<> open_mdns_socket(boost::asio::posix::stream_descriptor& descriptor, MdnsGroup& group) {
  if (descriptor.is_open()) return {};
  group = with_interfaces(std::move(group));
  const Result<int> fd = open_mdns_socket(group);
  if (!fd) return fd.error();
  boost::system::error_code failure;
  descriptor.assign(*fd, failure);
  if (!failure) return {};
  ::close(*fd);
  return Error{ErrorCode::kNetwork, "cannot watch the mDNS socket: " + failure.message()};
}

}  // namespace tidewire::io
