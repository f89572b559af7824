#include "io/web_url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace tidewire::io {
namespace {

// RFC 3986 §3.1: schemes are compared without regard to case.
bool is_scheme(std::string_view text, std::string_view scheme) {
  return std::equal(text.begin(), text.end(), scheme.begin(), scheme.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

std::optional<WebUrl> parse_web_url(std::string_view text, std::string_view plain_scheme,
                                    std::string_view secure_scheme) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed || parsed->host().empty() || parsed->has_userinfo()) return std::nullopt;
  const std::string scheme(parsed->scheme());
  WebUrl url;
  url.secure = is_scheme(scheme, secure_scheme);
  if (!url.secure && !is_scheme(scheme, plain_scheme)) return std::nullopt;
  url.host = parsed->host_address();
  url.port = parsed->has_port() ? std::string(parsed->port()) : (url.secure ? "443" : "80");
  url.authority = std::string(parsed->encoded_host_and_port());
  url.target = std::string(parsed->encoded_path());
  if (url.target.empty()) url.target = "/";
  if (parsed->has_query()) url.target += "?" + std::string(parsed->encoded_query());
  return url;
}

}  // namespace tidewire::io
