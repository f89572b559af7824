// A bad line between two network namespaces: packets of one TUN device come out of the other one, later, and not all of
// them. What netem does where a kernel has it; here the choices come from a seed.
//
// usage: lab_link NAMESPACE DEVICE NAMESPACE DEVICE [OPTION=VALUE …]
//   delay=MS     how long the way is, each way                                     (0)
//   rate=MBIT    how much goes through, IP headers included                        (no limit)
//   queue=MS     how long a packet waits for its turn at most; then it is dropped  (50)
//   loss=PERCENT, reorder=PERCENT: how many never arrive, how many arrive late     (0)
//   late=MS      how much later those are                                          (3)
//   seed=NUMBER                                                                    (1)
//
// Says "ready", and at SIGTERM what became of the packets of both directions, as JSON. On standard input it takes
// "rate=MBIT", which holds from then on for what waits as well, and "tell", which it answers as it does SIGTERM.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tidewire::lab {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kLargestPacket = 65536;
constexpr int kPacketsAtOnce = 64;  // of one direction, before the other one has its turn

std::sig_atomic_t volatile g_ended = 0;

struct Options {
  Clock::duration delay{};
  Clock::duration queue{};
  Clock::duration late{};
  double rate = 0;  // bytes per second; 0: no limit
  double loss = 0;  // a share
  double reorder = 0;
  unsigned seed = 1;
};

struct Counts {
  std::uint64_t taken = 0;
  std::uint64_t lost = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t late = 0;
  std::uint64_t delivered = 0;
  std::uint64_t taken_bytes = 0;
  std::uint64_t bytes = 0;      // delivered, IP headers included
  Milliseconds longest_wait{};  // for its turn, of a packet since it was told last
};

double bytes_per_second(double megabits) { return megabits * 1e6 / 8; }

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

// One way through the line.
class Direction {
 public:
  Direction(int from, int to, const Options& options, unsigned seed)
      : from_(from), to_(to), options_(options), random_(seed) {}

  int from() const { return from_; }
  const Counts& counts() const { return counts_; }

  // Takes what is there. The time is asked for each packet: a slow reader must not make the line shorter.
  void take() {
    static std::array<std::uint8_t, kLargestPacket> buffer;
    for (int i = 0; i < kPacketsAtOnce; ++i) {
      const ssize_t size = read(from_, buffer.data(), buffer.size());
      if (size <= 0) return;
      ++counts_.taken;
      counts_.taken_bytes += static_cast<std::uint64_t>(size);
      send_on(std::vector<std::uint8_t>(buffer.begin(), buffer.begin() + size), Clock::now());
    }
  }

  void deliver(Time now) {
    for (Queue* queue : {&in_time_, &late_}) {
      for (; !queue->empty() && queue->front().due <= now; queue->pop_front()) {
        const auto& packet = queue->front().packet;
        // A device that takes no more has lost it: so does a network card.
        if (write(to_, packet.data(), packet.size()) > 0) {
          ++counts_.delivered;
          counts_.bytes += packet.size();
        }
      }
    }
  }

  // What waits for its turn leaves at the new pace, too.
  void set_rate(double rate, Time now) {
    if (options_.rate > 0 && rate > 0) {
      const auto stretch = [&](Time leaves) {
        return leaves <= now
                   ? leaves
                   : now + std::chrono::duration_cast<Clock::duration>((leaves - now) * (options_.rate / rate));
      };
      for (Waiting& packet : in_time_) packet.due = stretch(packet.due - options_.delay) + options_.delay;
      const auto lateness = options_.delay + options_.late;
      for (Waiting& packet : late_) packet.due = stretch(packet.due - lateness) + lateness;
      free_at_ = stretch(free_at_);
    }
    options_.rate = rate;
  }

  void forget_longest_wait() { counts_.longest_wait = {}; }

  Time next() const {
    const auto due = [](const Queue& queue) { return queue.empty() ? Time::max() : queue.front().due; };
    return std::min(due(in_time_), due(late_));
  }

 private:
  struct Waiting {
    Time due;
    std::vector<std::uint8_t> packet;
  };
  using Queue = std::deque<Waiting>;  // in the order of `due`, since all in one queue wait equally long

  void send_on(std::vector<std::uint8_t> packet, Time now) {
    free_at_ = std::max(free_at_, now);
    if (options_.rate > 0) {
      if (free_at_ - now > options_.queue) {
        ++counts_.overflowed;
        return;
      }
      counts_.longest_wait = std::max<Milliseconds>(counts_.longest_wait, free_at_ - now);
      const std::chrono::duration<double> takes(static_cast<double>(packet.size()) / options_.rate);
      free_at_ += std::chrono::duration_cast<Clock::duration>(takes);
    }
    if (share_(random_) < options_.loss) {
      ++counts_.lost;
    } else if (share_(random_) < options_.reorder) {
      ++counts_.late;
      late_.push_back({free_at_ + options_.delay + options_.late, std::move(packet)});
    } else {
      in_time_.push_back({free_at_ + options_.delay, std::move(packet)});
    }
  }

  int from_;
  int to_;
  Options options_;
  std::mt19937 random_;
  std::uniform_real_distribution<double> share_{0, 1};
  Time free_at_{};  // when the line has sent all that it has taken
  Queue in_time_;
  Queue late_;
  Counts counts_;
};

// The device has to be there: this only gives it an end. It stays in its namespace, and the descriptor works from here.
int open_device(const std::string& space, const std::string& name) {
  const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const int there = open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) fail("namespace " + space);
  const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(device, TUNSETIFF, &request) != 0) fail("device " + name + " in " + space);
  if (setns(home, CLONE_NEWNET) != 0) fail("the way back");
  close(there);
  close(home);
  return device;
}

Options parse(int count, char** words) {
  std::map<std::string, double> values{{"delay", 0},   {"rate", 0}, {"queue", 50}, {"loss", 0},
                                       {"reorder", 0}, {"late", 3}, {"seed", 1}};
  for (int i = 0; i < count; ++i) {
    const std::string word = words[i];
    const auto found = values.find(word.substr(0, word.find('=')));
    if (found == values.end()) throw std::runtime_error("no such option: " + word);
    found->second = std::stod(word.substr(word.find('=') + 1));
  }
  const auto time = [&](const char* key) {
    return std::chrono::duration_cast<Clock::duration>(Milliseconds(values[key]));
  };
  return {.delay = time("delay"),
          .queue = time("queue"),
          .late = time("late"),
          .rate = bytes_per_second(values["rate"]),
          .loss = values["loss"] / 100,
          .reorder = values["reorder"] / 100,
          .seed = static_cast<unsigned>(values["seed"])};
}

std::string json(const Counts& counts) {
  return fmt::format(
      R"({{"taken":{},"lost":{},"overflowed":{},"late":{},"delivered":{},"takenBytes":{},"bytes":{},"longestWait":{:.1f}}})",
      counts.taken, counts.lost, counts.overflowed, counts.late, counts.delivered, counts.taken_bytes, counts.bytes,
      counts.longest_wait.count());
}

using Ways = std::array<Direction, 2>;

void tell(Ways& ways) {
  fmt::print("[{},{}]\n", json(ways[0].counts()), json(ways[1].counts()));
  std::fflush(stdout);
  for (Direction& way : ways) way.forget_longest_wait();
}

// Commands, as they come; false at the end of them.
bool obey(Ways& ways) {
  static std::string typed;
  std::array<char, 256> buffer;
  const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (size <= 0) return false;
  typed.append(buffer.data(), static_cast<std::size_t>(size));
  for (std::size_t end = typed.find('\n'); end != std::string::npos; end = typed.find('\n')) {
    const std::string line = typed.substr(0, end);
    typed.erase(0, end + 1);
    if (line == "tell") {
      tell(ways);
    } else if (line.starts_with("rate=")) {
      for (Direction& way : ways) way.set_rate(bytes_per_second(std::stod(line.substr(5))), Clock::now());
    } else {
      throw std::runtime_error("no such command: " + line);
    }
  }
  return true;
}

void run(Ways& ways) {
  // Signals come only while it waits, so that none comes between the look at the flag and the wait.
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  std::signal(SIGTERM, [](int) { g_ended = 1; });
  int commands = STDIN_FILENO;
  while (!g_ended) {
    const Time next = std::min(ways[0].next(), ways[1].next());
    const auto wait =
        std::clamp<Clock::duration>(next - Clock::now(), Clock::duration::zero(), std::chrono::seconds(1));
    const timespec timeout{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count(),
                           .tv_nsec = (wait % std::chrono::seconds(1)).count()};
    std::array<pollfd, 3> files{pollfd{ways[0].from(), POLLIN, 0}, pollfd{ways[1].from(), POLLIN, 0},
                                pollfd{commands, POLLIN, 0}};
    const int ready = ppoll(files.data(), files.size(), &timeout, &before);
    if (ready < 0 && errno != EINTR) fail("ppoll");
    if (ready > 0 && files[2].revents != 0 && !obey(ways)) commands = -1;
    for (Direction& way : ways) {
      way.take();
      way.deliver(Clock::now());
    }
  }
}

int main(int argc, char** argv) {
  if (argc < 5) throw std::runtime_error("usage: lab_link NAMESPACE DEVICE NAMESPACE DEVICE [OPTION=VALUE …]");
  const Options options = parse(argc - 5, argv + 5);
  const int one = open_device(argv[1], argv[2]);
  const int other = open_device(argv[3], argv[4]);
  Ways ways{Direction(one, other, options, options.seed), Direction(other, one, options, options.seed + 1)};
  std::puts("ready");
  std::fflush(stdout);
  run(ways);
  tell(ways);
  return 0;
}

}  // namespace
}  // namespace tidewire::lab

int main(int argc, char** argv) {
  try {
    return tidewire::lab::main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lab_link: %s\n", error.what());
    return 1;
  }
}
