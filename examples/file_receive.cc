// Receives a file from file_send, checks it, and says so.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "file_hash.h"
#include "signal_by_files.h"

using Channel = std::shared_ptr<tidewire::DataChannel>;

struct Incoming {
  Channel channel;
  std::ofstream file;
  FileHash hash;
  std::uintmax_t size = 0;
  std::uintmax_t received = 0;
  bool begun = false;
  bool ok = false;

  // A text with the size, then the bytes, then a text with the hash: an ordered channel keeps them so.
  void take(const tidewire::DataMessage& message) {
    if (!message.is_text) {
      file.write(reinterpret_cast<const char*>(message.payload.data()),
                 static_cast<std::streamsize>(message.payload.size()));
      hash.add(message.payload);
      received += message.payload.size();
      std::printf("\r%3ju %%", size > 0 ? received * 100 / size : 100);
      std::fflush(stdout);
    } else if (!begun) {
      begun = true;
      size = std::stoull("0" + std::string(message.text()));
    } else {
      ok = received == size && message.text() == hash.text() && file.flush();
      channel->send(ok ? "ok" : "it is not what was sent").value();
    }
  }
};

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: file_receive MEETING FOLDER\n"), 2;
  const std::filesystem::path folder = argv[2];
  tidewire::EventLoop loop;
  tidewire::PeerConnection connection(loop, {.include_loopback = true});
  Incoming incoming;
  connection.on_data_channel = [&](Channel channel) {
    incoming.channel = channel;
    // The name is the peer's to choose, the place is not.
    const std::filesystem::path path = folder / std::filesystem::path(channel->label()).filename();
    incoming.file.open(path, std::ios::binary);
    std::printf("receiving %s\n", path.c_str());
    channel->on_message = [&](const tidewire::DataMessage& message) { incoming.take(message); };
    channel->on_close = [&] { loop.stop(); };
  };

  SignalByFiles signaling(loop, connection, argv[1]);
  signaling.answer();
  loop.run();
  std::printf("\n%s\n", incoming.ok ? "complete" : "incomplete");
  return incoming.ok ? 0 : 1;
}
