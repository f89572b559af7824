// What the server answers to a plain HTTP request: the web page out of memory, and whether it is alive.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/http/assets.h"
#include "server/http/http_message.h"

namespace tidewire::server {

// A look-up in a table: no request can name anything that is not in it.
HttpResponse respond(const HttpRequest& request, std::span<const Asset> files);

// RFC 6454 §7, RFC 6455 §10.2: may a page of this origin open a WebSocket here? Programs send no origin.
bool origin_is_welcome(std::string_view origin, std::string_view host, std::span<const std::string> allowed);

}  // namespace tidewire::server
