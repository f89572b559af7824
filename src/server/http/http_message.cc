#include "server/http/http_message.h"

namespace tidewire::server {

HttpResponse plain_response(unsigned status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = text;
  return response;
}

HttpResponse method_not_allowed() {
  HttpResponse response = plain_response(405, "This server answers GET and HEAD.\n");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

}  // namespace tidewire::server
