// A client of the crudest kind, for tests of servers: one connection, bytes out, bytes in.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>

#include "io/event_loop.h"
#include "tidewire/address.h"

namespace tidewire::server {

// Sends the text from a thread of its own while the loop runs, and gives the answer up to the end of the connection.
inline std::string talk_to(io::EventLoop& loop, const SocketAddress& server, const std::string& text) {
  std::string answer;
  std::atomic<bool> done = false;
  std::thread client([&] {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    boost::system::error_code error;
    socket.connect({boost::asio::ip::make_address(server.ip.to_string()), server.port}, error);
    boost::asio::write(socket, boost::asio::buffer(text), error);
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    done = true;
    loop.post([] {});
  });
  loop.run_until([&] { return done.load(); }, io::EventLoop::now() + std::chrono::seconds{20});
  client.join();
  return answer;
}

}  // namespace tidewire::server
