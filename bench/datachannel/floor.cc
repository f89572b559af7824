// What no data channel over UDP and DTLS can undercut on this machine: two ends that seal records of 1200 bytes with
// AES-128-GCM, pass them through the kernel in trains (UDP_SEGMENT, UDP_GRO) and open them again, and do nothing else.
// Beside it a ping-pong of 100 bytes over a bare UDP socket. Its report has the keys of `tidewire bench datachannel`.
//
// There is no retransmission and no congestion control: the sender keeps a fixed number of records under way, which is
// what the receiver's socket holds, and the receiver says how far it is.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRecord = 1200;
constexpr std::size_t kHeader = 13 + 8;  // RFC 6347 §4.1 and the explicit nonce (RFC 5288 §3)
constexpr std::size_t kTag = 16;
constexpr std::size_t kPayload = kRecord - kHeader - kTag;
constexpr std::size_t kTrain = 50;        // records of one sendmsg(): under 64 KiB
constexpr std::size_t kBatch = 2;         // trains of one sendmmsg()
constexpr std::uint64_t kUnderWay = 400;  // records
constexpr std::size_t kPing = 100;
constexpr int kWait = 50;  // ms: then what was under way counts as lost, and ends look whether they are to stop

[[noreturn]] void die(const char* what) {
  fmt::print(stderr, "datachannel_floor: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

// What both ends share, be they threads or processes.
struct Shared {
  std::atomic<std::uint64_t> opened{0};   // records
  std::atomic<std::uint64_t> damaged{0};  // records that did not open
  std::atomic<bool> over{false};
};

struct Socket {
  Socket() {
    const sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) die("bind");
    const int size = 4 << 20;
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
  }
  void connect_to(const Socket& other) const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    if (::getsockname(other.fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) die("getsockname");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) die("connect");
  }
  void set(int option, int value) const {
    if (::setsockopt(fd, IPPROTO_UDP, option, &value, sizeof value) != 0) die("setsockopt");
  }

  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

struct Link {
  Link() {
    here.connect_to(there);
    there.connect_to(here);
  }
  Socket here;
  Socket there;
};

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

class Cipher {
 public:
  explicit Cipher(bool seals) : context_(EVP_CIPHER_CTX_new()) {
    constexpr std::array<std::uint8_t, 16> kKey{};
    if (EVP_CipherInit_ex(context_.get(), EVP_aes_128_gcm(), nullptr, kKey.data(), nullptr, seals) != 1) die("EVP");
  }

  void seal(std::uint8_t* record, std::uint64_t number) {
    std::memset(record, 0, kHeader);
    std::memcpy(record + 13, &number, sizeof number);
    std::memset(record + kHeader, 0x5a, kPayload);
    int length = 0;
    begin(record);
    EVP_CipherUpdate(context_.get(), record + kHeader, &length, record + kHeader, kPayload);
    EVP_CipherFinal_ex(context_.get(), record + kHeader, &length);
    EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_GET_TAG, kTag, record + kHeader + kPayload);
  }

  bool open(std::uint8_t* record, std::uint64_t& number) {
    std::memcpy(&number, record + 13, sizeof number);
    int length = 0;
    begin(record);
    EVP_CipherUpdate(context_.get(), record + kHeader, &length, record + kHeader, kPayload);
    EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_SET_TAG, kTag, record + kHeader + kPayload);
    return EVP_CipherFinal_ex(context_.get(), record + kHeader, &length) == 1;
  }

 private:
  void begin(const std::uint8_t* record) {
    std::array<std::uint8_t, 12> nonce{};
    std::memcpy(nonce.data() + 4, record + 13, 8);
    EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce.data(), -1);
    int length = 0;
    EVP_CipherUpdate(context_.get(), nullptr, &length, record, 13);
  }

  std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter> context_;
};

// --- The end that receives. ---

class Receiver {
 public:
  Receiver(const Socket& bulk, const Socket& ping, Shared& shared) : bulk_(bulk), ping_(ping), shared_(shared) {
    bulk_.set(UDP_GRO, 1);
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors_[i] = {buffers_.data() + i * kBuffer, kBuffer};
      headers_[i].msg_hdr = {};
      headers_[i].msg_hdr.msg_iov = &vectors_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void run() {
    std::array<pollfd, 2> wanted{{{bulk_.fd, POLLIN, 0}, {ping_.fd, POLLIN, 0}}};
    while (!shared_.over) {
      if (::poll(wanted.data(), wanted.size(), kWait) <= 0) continue;
      if (wanted[1].revents & POLLIN) answer();
      if (wanted[0].revents & POLLIN) take();
    }
  }

 private:
  static constexpr std::size_t kBuffer = 65536;

  void answer() const {
    std::array<std::uint8_t, kPing> message;
    const ssize_t size = ::recv(ping_.fd, message.data(), message.size(), MSG_DONTWAIT);
    if (size > 0) ::send(ping_.fd, message.data(), static_cast<std::size_t>(size), 0);
  }

  void take() {
    const int count = ::recvmmsg(bulk_.fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(i);
      // All records have one size, so the size of the segments need not be asked for.
      for (std::size_t at = 0; at + kRecord <= headers_[index].msg_len; at += kRecord) {
        if (cipher_.open(buffers_.data() + index * kBuffer + at, newest_)) {
          ++shared_.opened;
        } else {
          ++shared_.damaged;
        }
      }
    }
    if (count > 0) ::send(bulk_.fd, &newest_, sizeof newest_, 0);
  }

  const Socket& bulk_;
  const Socket& ping_;
  Shared& shared_;
  Cipher cipher_{false};
  std::vector<std::uint8_t> buffers_ = std::vector<std::uint8_t>(kBatch * kBuffer);
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::uint64_t newest_ = 0;
};

// --- The end that sends. ---

struct RoundTrips {
  double p50_us = 0;
  double p99_us = 0;
};

class Sender {
 public:
  Sender(const Socket& bulk, const Socket& ping) : bulk_(bulk), ping_(ping) {
    bulk_.set(UDP_SEGMENT, kRecord);
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors_[i] = {buffers_.data() + i * kTrain * kRecord, kTrain * kRecord};
      headers_[i].msg_hdr.msg_iov = &vectors_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  RoundTrips ping_idle(Clock::duration time) {
    std::array<std::uint8_t, kPing> message{};
    round_trips_.clear();
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
      send_ping();
      if (::recv(ping_.fd, message.data(), message.size(), 0) > 0) round_trips_.push_back(Clock::now() - ping_sent_);
    }
    return percentiles();
  }

  void transfer(Clock::duration time) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) step(false);
  }

  RoundTrips ping_busy(Clock::duration time) {
    round_trips_.clear();
    send_ping();
    for (const auto end = Clock::now() + time; Clock::now() < end;) step(true);
    return percentiles();
  }

 private:
  void send_ping() {
    constexpr std::array<std::uint8_t, kPing> kMessage{};
    ping_sent_ = Clock::now();
    ::send(ping_.fd, kMessage.data(), kMessage.size(), 0);
  }

  void step(bool pings) {
    if (sent_ - arrived_ + kBatch * kTrain <= kUnderWay) send_batch();
    const bool full = sent_ - arrived_ + kBatch * kTrain > kUnderWay;
    std::array<pollfd, 2> wanted{{{bulk_.fd, POLLIN, 0}, {ping_.fd, POLLIN, 0}}};
    const int ready = ::poll(wanted.data(), pings ? 2 : 1, full ? kWait : 0);
    if (ready == 0 && full) arrived_ = sent_;
    if (wanted[0].revents & POLLIN) {
      while (::recv(bulk_.fd, &arrived_, sizeof arrived_, MSG_DONTWAIT) > 0) {
      }
    }
    if (!pings || !(wanted[1].revents & POLLIN)) return;
    std::array<std::uint8_t, kPing> message;
    ::recv(ping_.fd, message.data(), message.size(), MSG_DONTWAIT);
    round_trips_.push_back(Clock::now() - ping_sent_);
    send_ping();
  }

  void send_batch() {
    for (std::size_t i = 0; i < kBatch * kTrain; ++i) cipher_.seal(buffers_.data() + i * kRecord, ++sent_);
    if (::sendmmsg(bulk_.fd, headers_.data(), kBatch, 0) < 0) die("sendmmsg");
  }

  RoundTrips percentiles() {
    if (round_trips_.empty()) return {};
    std::sort(round_trips_.begin(), round_trips_.end());
    const auto at = [this](std::size_t percent) {
      const auto value = round_trips_[(round_trips_.size() - 1) * percent / 100];
      return std::chrono::duration<double, std::micro>(value).count();
    };
    return {at(50), at(99)};
  }

  const Socket& bulk_;
  const Socket& ping_;
  Cipher cipher_{true};
  std::vector<std::uint8_t> buffers_ = std::vector<std::uint8_t>(kBatch * kTrain * kRecord);
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::uint64_t sent_ = 0;
  std::uint64_t arrived_ = 0;
  Clock::time_point ping_sent_{};
  std::vector<Clock::duration> round_trips_;
};

double cpu_seconds(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) die("clock_gettime");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void measure(Sender& sender, Shared& shared, double duration, int processes, pid_t child) {
  const auto time = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(duration));
  clockid_t other = CLOCK_PROCESS_CPUTIME_ID;
  if (processes == 2 && ::clock_getcpuclockid(child, &other) != 0) die("clock_getcpuclockid");
  const auto cpu = [&] { return cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) + (processes == 2 ? cpu_seconds(other) : 0); };
  const RoundTrips idle = sender.ping_idle(time / 4);
  sender.transfer(std::min<Clock::duration>(1s, time));
  const double cpu_before = cpu();
  const std::uint64_t opened_before = shared.opened;
  const auto begin = Clock::now();
  sender.transfer(time);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double cpu_used = cpu() - cpu_before;
  const double bytes = static_cast<double>((shared.opened - opened_before) * kPayload);
  const RoundTrips busy = sender.ping_busy(time / 4);
  if (shared.damaged > 0 || bytes <= 0) die("records did not open");
  fmt::print(R"({{"size":{},"processes":{},"duration_s":{},"goodput_mbps":{:.1f},"cpu_s_per_gib":{:.4f},)", kPayload,
             processes, duration, bytes * 8 / 1e6 / seconds, cpu_used / (bytes / (1 << 30)));
  fmt::print(R"("rtt_us":{{"p50":{:.1f},"p99":{:.1f}}},"rtt_busy_us":{{"p50":{:.1f},"p99":{:.1f}}}}})"
             "\n",
             idle.p50_us, idle.p99_us, busy.p50_us, busy.p99_us);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures what the kernel and AES-128-GCM take for a transfer over UDP, and prints it as JSON"};
  double duration = 10;
  int processes = 2;
  app.add_option("--duration", duration, "Seconds to transfer; the round-trip times take half as long again");
  app.add_option("--processes", processes, "Two processes, or two threads of one")->check(CLI::Range(1, 2));
  CLI11_PARSE(app, argc, argv);

  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  Shared& shared = *new (memory) Shared;
  const Link bulk;
  const Link ping;
  const auto receive = [&] { Receiver(bulk.there, ping.there, shared).run(); };
  Sender sender(bulk.here, ping.here);
  if (processes == 1) {
    std::thread receiver(receive);
    measure(sender, shared, duration, processes, 0);
    shared.over = true;
    receiver.join();
    return 0;
  }
  const pid_t child = ::fork();
  if (child < 0) die("fork");
  if (child == 0) {
    receive();
    ::_exit(0);
  }
  measure(sender, shared, duration, processes, child);
  shared.over = true;
  ::waitpid(child, nullptr, 0);
  return 0;
}
