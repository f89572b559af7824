// Two terminals with one canvas: draw with the mouse. Strokes go over a reliable, ordered channel, for none may be
// missing; where the other one's pointer is goes over one that forgets, for only the newest place counts.
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "signal_by_files.h"

namespace {

// The terminal shows single key presses and reports the mouse while this lives.
class Screen {
 public:
  Screen() {
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    // Another screen, no cursor, all mouse moves in the SGR form.
    write("\033[?1049h\033[?25l\033[?1003h\033[?1006h");
    clear();
  }
  ~Screen() {
    write("\033[?1003l\033[?1006l\033[?25h\033[?1049l");
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void clear() { write("\033[2J\033[H drag to draw, c clears for both, q quits"); }
  void put(int x, int y, const char* what) {
    std::printf("\033[%d;%dH%s", y, x, what);
    std::fflush(stdout);
  }

 private:
  static void write(const char* text) { std::fputs(text, stdout), std::fflush(stdout); }

  termios before_{};
};

struct Place {
  int x = 0, y = 0;
  bool drawing = false;
};

class Drawing {
 public:
  Drawing(tidewire::DataChannel& strokes, tidewire::DataChannel& pointer) : strokes_(strokes), pointer_(pointer) {
    strokes_.on_message = [this](const tidewire::DataMessage& message) { take_stroke(std::string(message.text())); };
    pointer_.on_message = [this](const tidewire::DataMessage& message) { take_pointer(std::string(message.text())); };
  }

  // Of this side.
  void move(Place place) {
    const std::string text = std::to_string(place.x) + " " + std::to_string(place.y);
    (void)pointer_.send(text);
    if (!place.drawing) return;
    take_stroke(text);
    (void)strokes_.send(text);
  }
  void clear() {
    take_stroke("clear");
    (void)strokes_.send("clear");
  }

 private:
  // Of either side.
  void take_stroke(const std::string& text) {
    Place place;
    if (text == "clear") return drawn_.clear(), screen_.clear();
    if (!parse(text, place)) return;
    drawn_.insert({place.x, place.y});
    screen_.put(place.x, place.y, "\033[7m \033[0m");
  }
  void take_pointer(const std::string& text) {
    Place place;
    if (!parse(text, place)) return;
    screen_.put(other_.x, other_.y, drawn_.contains({other_.x, other_.y}) ? "\033[7m \033[0m" : " ");
    screen_.put(place.x, place.y, "+");
    other_ = place;
  }
  static bool parse(const std::string& text, Place& place) {
    return std::sscanf(text.c_str(), "%d %d", &place.x, &place.y) == 2 && place.x > 0 && place.x < 1000 &&
           place.y > 1 && place.y < 1000;
  }

  tidewire::DataChannel& strokes_;
  tidewire::DataChannel& pointer_;
  Screen screen_;
  std::set<std::pair<int, int>> drawn_;
  Place other_{.x = 1, .y = 2};
};

// Keys and "\033[<BUTTON;X;YM": bit 32 of the button says that it moves, the low two bits are 0 for the left one.
void read_terminal(tidewire::EventLoop& loop, const std::function<void(char)>& on_key,
                   const std::function<void(Place)>& on_mouse) {
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    int button = 0;
    Place place;
    char end = 0;
    if (c != '\033') {
      loop.post([on_key, key = static_cast<char>(c)] { on_key(key); });
    } else if (std::scanf("[<%d;%d;%d%c", &button, &place.x, &place.y, &end) == 4) {
      place.drawing = (button & ~32) == 0 && end == 'M';
      loop.post([on_mouse, place] { on_mouse(place); });
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: shared_drawing MEETING\n"), 2;
  if (isatty(STDIN_FILENO) == 0) return std::fprintf(stderr, "shared_drawing needs a terminal\n"), 2;
  tidewire::EventLoop loop;
  tidewire::PeerConnection connection(loop, {.include_loopback = true});
  const auto strokes = connection.create_data_channel("strokes", {.negotiated = true, .id = 0}).value();
  const auto pointer =
      connection.create_data_channel("pointer", {.ordered = false, .max_retransmits = 0, .negotiated = true, .id = 1})
          .value();

  std::unique_ptr<Drawing> drawing;
  strokes->on_open = [&] {
    drawing = std::make_unique<Drawing>(*strokes, *pointer);
    const auto on_key = [&](char key) {
      if (key == 'c') drawing->clear();
      if (key == 'q') strokes->close();
    };
    std::thread([&loop, on_key, &drawing] {
      read_terminal(loop, on_key, [&drawing](Place place) { drawing->move(place); });
    }).detach();
  };
  strokes->on_close = [&] {
    connection.close();
    // The farewell leaves first.
    loop.post_after(std::chrono::milliseconds(100), [&] { loop.stop(); });
  };

  SignalByFiles signaling(loop, connection, argv[1]);
  signaling.offer_or_answer();
  loop.run();
  drawing.reset();
  std::fflush(stdout);
  // The keyboard's thread still waits for a key.
  std::_Exit(0);
}
