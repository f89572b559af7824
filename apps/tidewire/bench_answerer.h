// The end of `tidewire bench datachannel` that is called: it counts and checks what arrives, and returns pings.
#pragma once

#include <memory>

#include "bench_wire.h"

namespace tidewire::app {

inline constexpr const char* kBulkLabel = "bulk";
inline constexpr const char* kPingLabel = "ping";

// Writes the number of the message into its first bytes, as many as there are of eight.
void number_message(MutableByteView message, std::uint64_t number);

class BenchAnswerer {
 public:
  // `descriptor`: the wire to the caller. Messages of the transfer have `size` bytes.
  BenchAnswerer(int descriptor, std::size_t size);
  // Until the caller is gone.
  void run();

 private:
  void adopt(std::shared_ptr<DataChannel> channel);
  void count(ByteView payload);
  void handle(const boost::json::object& message);

  std::size_t size_;
  EventLoop loop_;
  PeerConnection connection_;
  BenchWire wire_;
  std::shared_ptr<DataChannel> bulk_;
  std::shared_ptr<DataChannel> ping_;
  std::uint64_t messages_ = 0;
  std::uint64_t damaged_ = 0;
};

}  // namespace tidewire::app
