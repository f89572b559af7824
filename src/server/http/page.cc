#include "server/http/page.h"

#include <algorithm>

#include "signaling/room_url.h"

namespace tidewire::server {
namespace {

const Asset* find(std::span<const Asset> files, std::string_view path) {
  const auto found = std::find_if(files.begin(), files.end(), [&](const Asset& a) { return a.path == path; });
  return found == files.end() ? nullptr : &*found;
}

// A Host header goes into another header only when it is nothing but a host and a port.
bool is_plain_host(std::string_view host) {
  constexpr std::string_view kPunctuation = ".-_:[]";
  return !host.empty() && host.size() <= 260 && std::all_of(host.begin(), host.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

// Scripts, styles and pictures of our own files only. Browsers differ in whether 'self' covers WebSockets.
std::string content_security_policy(std::string_view host) {
  std::string sockets;
  if (is_plain_host(host)) sockets = " ws://" + std::string(host) + " wss://" + std::string(host);
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
         "media-src 'self' blob:; connect-src 'self'" +
         sockets +
         "; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

// RFC 9110 §13.1.2: a list of tags, or "*".
bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

HttpResponse serve(const Asset& file, const HttpRequest& request) {
  HttpResponse response;
  response.headers = {{"Content-Type", std::string(file.mime_type)},
                      {"ETag", std::string(file.etag)},
                      {"Cache-Control", "no-cache"},  // keep it, and ask whether it is still the same
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  if (file.mime_type.starts_with("text/html")) {
    response.headers.emplace_back("Content-Security-Policy", content_security_policy(request.host));
    // The link is what lets people into the room: it is told to nobody.
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    response.headers.emplace_back("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)");
  }
  if (etag_matches(request.if_none_match, file.etag)) {
    response.status = 304;
  } else {
    response.body = file.content;
  }
  return response;
}

}  // namespace

HttpResponse respond(const HttpRequest& request, std::span<const Asset> files) {
  if (request.method != "GET" && request.method != "HEAD") return method_not_allowed();
  const std::string_view path = request.target.substr(0, request.target.find_first_of("?#"));
  if (path == "/healthz") return plain_response(200, "ok\n");
  if (path == "/ws") {
    if (request.wants_websocket) return plain_response(403, "Pages of another origin may not use this server.\n");
    HttpResponse response = plain_response(426, "This address is for WebSockets (docs/signaling.md).\n");
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  const bool is_page = path == "/" || (path.starts_with("/r/") && signaling::is_room_name(path.substr(3)));
  if (const Asset* file = find(files, is_page ? "/index.html" : path)) return serve(*file, request);
  if (is_page) return plain_response(503, "This server was built without its web page.\n");
  if (path.starts_with("/r/")) {
    return plain_response(404, "No such room: a name is 1 to 64 letters, digits, \"_\" or \"-\".\n");
  }
  return plain_response(404, "Not found.\n");
}

bool origin_is_welcome(std::string_view origin, std::string_view host, std::span<const std::string> allowed) {
  if (origin.empty()) return true;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme) && origin.substr(scheme.size()) == host) return true;
  }
  return false;
}

}  // namespace tidewire::server
