#include "server/turn/turn_service.h"

#include <algorithm>
#include <future>
#include <thread>

#include "server/turn/shared_ledger.h"
#include "server/turn/turn_worker.h"

namespace tidewire::server {
namespace {

// One that ends by itself when it goes: its worker goes first, on its own thread.
class WorkerThread {
 public:
  WorkerThread() = default;
  ~WorkerThread() {
    if (worker_) ask([this](TurnWorker&) { worker_.reset(); });
  }

  // Runs the function on the worker's thread and waits for it.
  template <typename Function>
  void ask(Function function) {
    on_thread([&] { function(*worker_); });
  }

  Result<> listen(const TurnOptions& options, turn::Ledger& ledger, Log* log) {
    Result<> result;
    on_thread([&] {
      worker_ = std::make_unique<TurnWorker>(thread_.loop(), options, ledger, log);
      result = worker_->listen();
    });
    return result;
  }

 private:
  template <typename Function>
  void on_thread(Function function) {
    std::promise<void> promise;
    const std::future<void> done = promise.get_future();
    // The promise goes along: it is still at work when the one who waits goes on.
    thread_.loop().post([&function, promise = std::move(promise)]() mutable {
      function();
      promise.set_value();
    });
    done.wait();
  }

  std::unique_ptr<TurnWorker> worker_;
  io::LoopThread thread_;
};

}  // namespace

class TurnService::Impl {
 public:
  Impl(TurnOptions options, Log* log) : options_(std::move(options)), log_(log), ledger_(options_.machine) {}

  Result<> start() {
    if (auto valid = check(options_); !valid) return valid;
    auto found = with_free_ports(options_);
    if (!found) return found.error();
    options_ = *std::move(found);
    std::size_t threads = options_.threads;
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < threads; ++i) {
      auto worker = std::make_unique<WorkerThread>();
      if (auto listens = worker->listen(options_of_worker(threads), ledger_, log_); !listens) return listens;
      workers_.push_back(std::move(worker));
    }
    // Not before all are there: until then the kernel's choice for a client changes.
    for (const auto& worker : workers_) worker->ask([](TurnWorker& each) { each.start(); });
    return {};
  }

  const TurnOptions& options() const { return options_; }

  Result<> reconfigure(TurnOptions options) {
    if (auto same = check_unchanged(options); !same) return same;
    // A port that the system chose stays.
    options.udp = options_.udp;
    options.tcp = options_.tcp;
    options.tls = options_.tls;
    options.machine.alternate = options_.machine.alternate;
    Result<> result;
    for (const auto& worker : workers_) {
      worker->ask([&](TurnWorker& each) {
        if (result) result = each.reconfigure(options);
      });
      // What the first one takes, all take.
      if (!result) return result;
    }
    options_ = std::move(options);
    return {};
  }

  void drain() {
    for (const auto& worker : workers_) worker->ask([](TurnWorker& each) { each.drain(); });
  }

  std::size_t allocations() const { return ledger_.allocations(); }

  TurnStats stats() const {
    TurnStats sum;
    for (const auto& worker : workers_) {
      worker->ask([&sum](TurnWorker& each) { sum += each.stats(); });
    }
    return sum;
  }

 private:
  // Each is told how many they are: so they share the connections (io::MessageListener::Options::steer_among).
  TurnOptions options_of_worker(std::size_t threads) const {
    TurnOptions options = options_;
    options.threads = threads;
    return options;
  }
  static bool same(const std::vector<SocketAddress>& open, const std::vector<SocketAddress>& wanted) {
    return std::equal(open.begin(), open.end(), wanted.begin(), wanted.end(),
                      [](const SocketAddress& is, const SocketAddress& is_to_be) {
                        return is.ip == is_to_be.ip && (is_to_be.port == 0 || is.port == is_to_be.port);
                      });
  }
  Result<> check_unchanged(const TurnOptions& options) const {
    if (!same(options_.udp, options.udp) || !same(options_.tcp, options.tcp) || !same(options_.tls, options.tls)) {
      return Error{ErrorCode::kInvalidModification,
                   "the addresses that clients are served on change with a restart only"};
    }
    if (options.threads != options_.threads) {
      return Error{ErrorCode::kInvalidModification, "the number of threads changes with a restart only"};
    }
    return {};
  }

  TurnOptions options_;
  Log* log_;
  SharedLedger ledger_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
};

Result<TurnService> TurnService::start(TurnOptions options, Log* log) {
  auto impl = std::make_unique<Impl>(std::move(options), log);
  if (const auto started = impl->start(); !started) return started.error();
  return TurnService(std::move(impl));
}

TurnService::TurnService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TurnService::~TurnService() = default;
TurnService::TurnService(TurnService&&) noexcept = default;
TurnService& TurnService::operator=(TurnService&&) noexcept = default;

const std::vector<SocketAddress>& TurnService::udp_addresses() const { return impl_->options().udp; }
const std::vector<SocketAddress>& TurnService::tcp_addresses() const { return impl_->options().tcp; }
const std::vector<SocketAddress>& TurnService::tls_addresses() const { return impl_->options().tls; }
Result<> TurnService::reconfigure(const TurnOptions& options) { return impl_->reconfigure(options); }
void TurnService::drain() { impl_->drain(); }
std::size_t TurnService::allocations() const { return impl_->allocations(); }
TurnStats TurnService::stats() const { return impl_->stats(); }

}  // namespace tidewire::server
