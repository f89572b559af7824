// The web page, compiled into the binary (tools/embed_assets.py makes the table from the folder web/).
#pragma once

#include <span>
#include <string_view>

namespace tidewire::server {

struct Asset {
  std::string_view path;  // as in the URL: "/index.html"
  std::string_view mime_type;
  std::string_view etag;  // with its quotation marks
  std::string_view content;
};

// Sorted by path. May be empty when the folder was.
std::span<const Asset> assets();

}  // namespace tidewire::server
