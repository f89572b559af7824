#include "io/socket_address.h"

#include <system_error>

namespace tidewire::io {

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace tidewire::io
