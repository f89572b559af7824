// One HTTP request and its answer, as values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidewire::server {

struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string_view host;           // the Host header
  std::string_view if_none_match;  // the header, may be empty
  std::string_view origin;         // the header, may be empty
  bool wants_websocket = false;    // RFC 6455 §4.1: it asks for an upgrade
};

struct HttpResponse {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;  // of static storage, or of the assets
  std::string made;       // made for this answer: sent instead of `body` when not empty

  std::string_view content() const { return made.empty() ? body : std::string_view(made); }
};

// A text that no cache keeps and no browser takes for anything else. It is of static storage.
HttpResponse plain_response(unsigned status, std::string_view text);
// For whatever is neither GET nor HEAD.
HttpResponse method_not_allowed();

}  // namespace tidewire::server
