// Sends a file, as fast as the network takes it and without ever holding more than a little of it.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "file_hash.h"
#include "signal_by_files.h"
#include "tidewire/detached.h"

using Channel = std::shared_ptr<tidewire::DataChannel>;

// Every co_await goes on when there is room: nobody polls, and no buffer fills.
tidewire::Detached send_file(Channel channel, std::string path) {
  constexpr std::size_t kPiece = 64 * 1024;
  const auto size = std::filesystem::file_size(path);
  std::ifstream file(path, std::ios::binary);
  FileHash hash;
  std::uintmax_t sent = 0;
  auto result = co_await channel->send_async(std::to_string(size));
  while (result && sent < size) {
    tidewire::Bytes piece(static_cast<std::size_t>(std::min<std::uintmax_t>(kPiece, size - sent)));
    if (!file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()))) {
      std::fprintf(stderr, "\n%s became shorter while it was sent\n", path.c_str());
      co_return channel->close();
    }
    hash.add(piece);
    sent += piece.size();
    result = co_await channel->send_async(std::move(piece));
    std::printf("\r%3ju %%", sent * 100 / size);
    std::fflush(stdout);
  }
  if (result) result = co_await channel->send_async(hash.text());
  if (!result) std::fprintf(stderr, "\n%s\n", result.error().message.c_str());
}

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: file_send MEETING FILE\n"), 2;
  const std::string path = argv[2];
  if (!std::filesystem::is_regular_file(path)) return std::fprintf(stderr, "%s is no file\n", path.c_str()), 2;

  tidewire::EventLoop loop;
  tidewire::PeerConnection connection(loop, {.include_loopback = true});
  const std::string name = std::filesystem::path(path).filename();
  const Channel channel = connection.create_data_channel(name, {.protocol = "file"}).value();
  bool confirmed = false;
  channel->on_message = [&](const tidewire::DataMessage& message) {
    confirmed = message.text() == "ok";
    std::printf("\nthe other side says: %s\n", std::string(message.text()).c_str());
    channel->close();
  };
  channel->on_error = [](const tidewire::RtcError& error) { std::fprintf(stderr, "\n%s\n", error.message.c_str()); };
  channel->on_close = [&] { loop.stop(); };
  send_file(channel, path);

  SignalByFiles signaling(loop, connection, argv[1]);
  signaling.offer();
  loop.run();
  return confirmed ? 0 : 1;
}
