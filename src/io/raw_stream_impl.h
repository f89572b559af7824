// The connection behind a RawStream. For raw_stream.cc and stream_splice.cc only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "io/raw_stream.h"

namespace tidewire::io {

struct RawStream::Impl {
  explicit Impl(boost::asio::ip::tcp::socket given) : socket(std::move(given)) {}

  boost::asio::ip::tcp::socket socket;
  SocketAddress remote;
  UniqueFunction<void(Result<>)> done;  // of one that is being made
};

}  // namespace tidewire::io
