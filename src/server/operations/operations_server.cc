#include "server/operations/operations_server.h"

#include <utility>

#include "server/http/http_listener.h"

namespace tidewire::server {
namespace {

// A few scrapers and probes, and nobody else.
constexpr std::size_t kMaxConnections = 64;

std::string_view text_of(Readiness readiness) {
  switch (readiness) {
    case Readiness::kStarting: return "starting\n";
    case Readiness::kReady: return "ready\n";
    case Readiness::kDraining: return "draining\n";
  }
  return "";
}

}  // namespace

class OperationsServer::Impl : public HttpHandler {
 public:
  explicit Impl(Options options) : snapshot_(std::move(options.snapshot)) {}

  HttpResponse respond(const HttpRequest& request) override {
    if (request.method != "GET" && request.method != "HEAD") return method_not_allowed();
    const std::string_view path = request.target.substr(0, request.target.find('?'));
    if (path == "/healthz") return plain_response(200, "ok\n");
    if (path == "/readyz") return plain_response(readiness == Readiness::kReady ? 200 : 503, text_of(readiness));
    if (path == "/metrics") return metrics();
    return plain_response(404, "Not found; there are /metrics, /healthz and /readyz.\n");
  }

  Readiness readiness = Readiness::kStarting;

 private:
  HttpResponse metrics() {
    ServerSnapshot snapshot = snapshot_ ? snapshot_() : ServerSnapshot{};
    snapshot.ready = readiness == Readiness::kReady;
    snapshot.process = read_process_stats();
    HttpResponse response = plain_response(200, "");
    response.headers.front().second = kMetricsContentType;
    response.made = to_prometheus(snapshot);
    return response;
  }

  UniqueFunction<ServerSnapshot()> snapshot_;
};

Result<OperationsServer> OperationsServer::start(io::EventLoop& loop, Options options) {
  const HttpListener::Options listen{.listen = options.listen, .max_connections = kMaxConnections};
  auto impl = std::make_shared<Impl>(std::move(options));
  auto listener = std::make_shared<HttpListener>(loop, impl, listen);
  if (const Result<> listening = listener->start(); !listening) return listening.error();
  return OperationsServer(std::move(impl), std::move(listener));
}

OperationsServer::OperationsServer(std::shared_ptr<Impl> impl, std::shared_ptr<HttpListener> listener)
    : impl_(std::move(impl)), listener_(std::move(listener)) {}
OperationsServer::OperationsServer(OperationsServer&&) noexcept = default;

OperationsServer& OperationsServer::operator=(OperationsServer&& other) noexcept {
  std::swap(impl_, other.impl_);
  std::swap(listener_, other.listener_);
  return *this;
}

OperationsServer::~OperationsServer() {
  if (listener_) listener_->stop();
}

SocketAddress OperationsServer::local_address() const { return listener_->local_address(); }
void OperationsServer::set_readiness(Readiness readiness) { impl_->readiness = readiness; }

}  // namespace tidewire::server
