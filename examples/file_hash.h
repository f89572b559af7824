// A checksum of what goes by (FNV-1a). DTLS already guards against changes on the way: this shows that the program
// itself lost nothing.
#pragma once

#include <cstdint>
#include <string>

#include "tidewire/bytes.h"

class FileHash {
 public:
  void add(tidewire::ByteView bytes) {
    for (const std::uint8_t byte : bytes) hash_ = (hash_ ^ byte) * 1099511628211U;
  }
  std::string text() const { return std::to_string(hash_); }

 private:
  std::uint64_t hash_ = 14695981039346656037U;
};
