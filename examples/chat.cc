// Two people type lines to each other.
#include <cstdio>
#include <iostream>
#include <thread>

#include "signal_by_files.h"

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: chat MEETING YOUR_NAME\n"), 2;
  const std::string name = argv[2];
  tidewire::EventLoop loop;
  tidewire::PeerConnection connection(loop, {.include_loopback = true});
  // Both sides make the same channel: nobody has to announce it.
  const auto channel = connection.create_data_channel("chat", {.negotiated = true, .id = 0}).value();

  const auto read_lines = [&] {
    // The keyboard has a thread of its own; everything of Tidewire happens on the loop.
    std::thread([&loop, &channel, name] {
      for (std::string line; std::getline(std::cin, line);) {
        loop.post([&channel, text = name + ": " + line] {
          if (auto sent = channel->send(text); !sent) std::printf("%s\n", sent.error().message.c_str());
        });
      }
      loop.post([&channel] { channel->close(); });
    }).detach();
  };
  channel->on_open = [&] { std::puts("connected; type, and end with Ctrl-D"), read_lines(); };
  channel->on_message = [](const tidewire::DataMessage& message) {
    std::printf("%.*s\n", static_cast<int>(message.text().size()), message.text().data());
  };
  channel->on_close = [&] {
    std::puts("the chat is over");
    connection.close();
    // The farewell leaves first.
    loop.post_after(std::chrono::milliseconds(100), [&] { loop.stop(); });
  };

  SignalByFiles signaling(loop, connection, argv[1]);
  signaling.offer_or_answer();
  loop.run();
  std::fflush(stdout);
  // The keyboard's thread may still wait for a line.
  std::_Exit(0);
}
