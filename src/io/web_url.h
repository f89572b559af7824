// The URL of an HTTP or WebSocket server, taken apart (RFC 3986, RFC 6455 §3). For the files of src/io only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidewire::io {

struct WebUrl {
  bool secure = false;
  std::string host;  // IPv6 without brackets
  std::string port;
  std::string authority;  // as it goes into the Host header
  std::string target;     // "/" without a path
};

// Nothing for another scheme than these two (in small letters), and for what is malformed, without a host, or has a
// user.
std::optional<WebUrl> parse_web_url(std::string_view text, std::string_view plain_scheme,
                                    std::string_view secure_scheme);

}  // namespace tidewire::io
