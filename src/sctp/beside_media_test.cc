// Data while media shares the path: the queue stays short, and the path is filled all the same.
#include <gtest/gtest.h>

#include "sctp/path_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Video at a constant rate through the same link.
class Media : public Path::Neighbour {
 public:
  Media(Path& path, std::uint64_t bits_per_second) : path_(path) {
    path_.neighbour = this;
    interval_ =
        Duration(seconds(1)) * static_cast<std::int64_t>(kPacket * 8) / static_cast<std::int64_t>(bits_per_second);
    next_ = path.now;
  }
  ~Media() override { path_.neighbour = nullptr; }

  Timestamp next() const override { return next_; }
  void step(Timestamp now) override {
    for (; next_ <= now; next_ += interval_) {
      ++sent;
      const std::uint64_t before = path_.there.stats().lost + path_.there.stats().overflowed;
      path_.send_other(kPacket);
      lost += path_.there.stats().lost + path_.there.stats().overflowed - before;
    }
  }
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;

 private:
  static constexpr std::size_t kPacket = 1200;

  Path& path_;
  Duration interval_{};
  Timestamp next_{};
};

struct Scene {
  std::uint64_t megabits;
  int rtt_ms;
  double queue;  // in bandwidth-delay products
};

TEST(SctpBesideMedia, TheQueueStaysShortAndThePathIsFilled) {
  for (const Scene scene : {Scene{5, 40, 6}, Scene{20, 40, 4}, Scene{30, 100, 2}}) {
    PathOptions options;
    options.bits_per_second = scene.megabits * 1'000'000;
    options.rtt = milliseconds(scene.rtt_ms);
    options.queue_bytes =
        static_cast<std::size_t>(static_cast<double>(scene.megabits * 125) * scene.rtt_ms * scene.queue);
    Path path(options);
    path.a.set_beside_media(true);
    path.connect();
    Media media(path, 2'000'000);
    path.measure(seconds(4));
    media.lost = media.sent = 0;
    const PathReport report = path.measure(seconds(6));
    const double left = static_cast<double>(scene.megabits) - 2;
    EXPECT_LT(report.mean_queue, milliseconds(25)) << scene.megabits;
    EXPECT_EQ(media.lost, 0U) << scene.megabits;
    EXPECT_GT(report.goodput / 1e6, 0.8 * left) << scene.megabits;
    // When the media has ended, data goes after all that there is.
    path.a.set_beside_media(false);
    const PathReport after = path.measure(seconds(6));
    EXPECT_GT(after.goodput / 1e6, 0.85 * left) << scene.megabits;
    EXPECT_GT(after.mean_queue, report.mean_queue);
  }
}

TEST(SctpBesideMedia, ASmallPathLosesAndJittersAndDataGoesOn) {
  PathOptions options;
  options.bits_per_second = 3'000'000;
  options.rtt = milliseconds(60);
  options.queue_bytes = 200'000;
  options.loss = 0.01;
  options.jitter = milliseconds(10);
  Path path(options);
  path.a.set_beside_media(true);
  path.connect();
  Media media(path, 1'500'000);
  path.measure(seconds(5));
  const PathReport report = path.measure(seconds(30));
  EXPECT_GT(report.goodput, 0.4e6);
  EXPECT_LT(report.mean_queue, milliseconds(45));
}

}  // namespace
}  // namespace tidewire::sctp
