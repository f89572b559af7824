// A message while its end is missing.
#pragma once

#include <cstddef>
#include <vector>

#include "tidewire/bytes.h"
#include "tidewire/bytes_pool.h"

namespace tidewire::sctp {

// A large one lies in blocks, which are given back one by one as they are put together: it never takes its memory
// twice, as a growing vector would.
class PartialMessage {
 public:
  static constexpr std::size_t kBlock = 1024 * 1024;

  std::size_t size() const { return size_; }
  // `expected`: how large the message may become, when something is known of it.
  void append(ByteView bytes, std::size_t expected, BytesPool& pool);
  // The whole, and nothing is left.
  Bytes take(BytesPool& pool);
  // Gives the memory back.
  void clear(BytesPool& pool);

 private:
  void make_room(std::size_t size, std::size_t expected, BytesPool& pool);

  std::size_t size_ = 0;
  std::vector<Bytes> blocks_;
  Bytes last_;
};

}  // namespace tidewire::sctp
