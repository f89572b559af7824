// What the server answers to a plain HTTP request: the web page out of memory, and whether it is alive.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/assets.h"

namespace tidewire::server {

struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string_view host;           // the Host header
  std::string_view if_none_match;  // the header, may be empty
};

struct HttpResponse {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;  // of static storage, or of the assets
};

// A look-up in a table: no request can name anything that is not in it.
HttpResponse respond(const HttpRequest& request, std::span<const Asset> files);

// RFC 6454 §7, RFC 6455 §10.2: may a page of this origin open a WebSocket here? Programs send no origin.
bool origin_is_welcome(std::string_view origin, std::string_view host, std::span<const std::string> allowed);

}  // namespace tidewire::server
