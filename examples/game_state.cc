// Two players tell each other where they are, 60 times a second. Late positions are worth nothing: the channel is
// unordered and sends nothing twice, so that a lost message delays no other.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "signal_by_files.h"

using namespace std::chrono_literals;

namespace {

constexpr tidewire::Duration kTick = tidewire::Duration(1s) / 60;

// What goes over the wire: both ends are this program on the same kind of processor.
struct State {
  std::uint32_t number = 0;
  float x = 0, y = 0;
  std::int64_t sent_at = 0;  // microseconds of the sender's clock
};

std::int64_t microseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(tidewire::EventLoop::now().time_since_epoch()).count();
}

class Game {
 public:
  Game(tidewire::EventLoop& loop, tidewire::DataChannel& channel, int seconds)
      : loop_(loop), channel_(channel), seconds_(seconds) {}

  void tick() {
    State state{.number = number_, .sent_at = microseconds()};
    state.x = std::cos(static_cast<float>(number_) / 60);
    state.y = std::sin(static_cast<float>(number_) / 60);
    std::array<std::uint8_t, sizeof(State)> bytes{};
    std::memcpy(bytes.data(), &state, sizeof state);
    // A full buffer means that the network is slower than the game: this position is skipped, the next one is newer.
    (void)channel_.send(tidewire::ByteView(bytes));
    if (++number_ % 60 == 0) report();
    if (seconds_ > 0 && number_ >= static_cast<std::uint32_t>(seconds_) * 60) return channel_.close();
    next_ += kTick;
    loop_.post_after(next_ - tidewire::EventLoop::now(), [this] {
      if (channel_.ready_state() == tidewire::DataChannelState::kOpen) tick();
    });
  }

  void take(tidewire::ByteView bytes) {
    if (bytes.size() != sizeof(State)) return;
    State state;
    std::memcpy(&state, bytes.data(), sizeof state);
    ++received_;
    highest_ = std::max(highest_, state.number);
    // RFC 3550 §6.4.1: how unevenly the messages travel; the offset between the clocks cancels out.
    const std::int64_t transit = microseconds() - state.sent_at;
    if (received_ > 1) jitter_ += (std::abs(static_cast<double>(transit - last_transit_)) - jitter_) / 16;
    last_transit_ = transit;
    other_ = state;
  }

  void report() const {
    const std::uint32_t expected = received_ > 0 ? highest_ + 1 : 0;
    std::printf("the other one is at %5.2f %5.2f   received %u   lost %u   jitter %.2f ms\n", other_.x, other_.y,
                received_, expected > received_ ? expected - received_ : 0, jitter_ / 1000);
  }

 private:
  tidewire::EventLoop& loop_;
  tidewire::DataChannel& channel_;
  int seconds_;
  tidewire::Timestamp next_ = tidewire::EventLoop::now();
  std::uint32_t number_ = 0;
  std::uint32_t received_ = 0;
  std::uint32_t highest_ = 0;
  std::int64_t last_transit_ = 0;
  double jitter_ = 0;
  State other_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: game_state MEETING [SECONDS]\n"), 2;
  tidewire::EventLoop loop;
  tidewire::PeerConnection connection(loop, {.include_loopback = true});
  const auto channel = connection
                           .create_data_channel("state", {.ordered = false,
                                                          .max_retransmits = 0,
                                                          .negotiated = true,
                                                          .id = 0,
                                                          .priority = tidewire::Priority::kHigh})
                           .value();
  std::unique_ptr<Game> game;
  channel->on_open = [&] {
    game = std::make_unique<Game>(loop, *channel, argc > 2 ? std::atoi(argv[2]) : 0);
    game->tick();
  };
  channel->on_message = [&](const tidewire::DataMessage& message) { game->take(message.payload); };
  channel->on_close = [&] { loop.stop(); };

  SignalByFiles signaling(loop, connection, argv[1]);
  signaling.offer_or_answer();
  loop.run();
  if (game) game->report();
}
