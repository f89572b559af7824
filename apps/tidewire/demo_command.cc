#include "commands.h"
#include "ice_options.h"
#include "io/event_loop.h"
#include "output.h"
#include "participant.h"
#include "server/signaling/signaling_server.h"
#include "signals.h"

namespace tidewire::app {
namespace {

// How long the two native peers talk before one leaves the room to the browser, when no duration is given.
constexpr Duration kDuet = std::chrono::seconds(10);

Result<server::SignalingServer> start_server(EventLoop& loop, const std::string& listen, bool json) {
  const auto address = SocketAddress::parse(listen);
  if (!address) return Error{ErrorCode::kSyntax, "'" + listen + "' is no ADDR:PORT; try 127.0.0.1:8080"};
  auto server = server::SignalingServer::start(loop.impl(), {.listen = *address});
  if (server || address->port == 0) return server;
  say(json, "{}; taking a free port", server.error().message);
  return server::SignalingServer::start(loop.impl(), {.listen = {address->ip, 0}});
}

struct Demo {
  EventLoop& loop;
  const DemoOptions& options;
  std::unique_ptr<Participant> host;   // stays
  std::unique_ptr<Participant> guest;  // calls the host, and leaves
  int status = 0;

  void each_second() {
    loop.post_after(std::chrono::seconds(1), [this] {
      (guest ? *guest : *host).print_figures();
      each_second();
    });
  }
  void guest_leaves() {
    if (!guest) return;
    guest->leave();
    loop.post_after(std::chrono::milliseconds(100), [this] { guest.reset(); });
  }
  void finish() {
    if (options.json && guest) {
      boost::json::object report = guest->report();
      report["other_side"] = host->report();
      print_result(boost::json::serialize(report));
    }
    const bool connected = host->ever_connected();
    if (!connected)
      status = fail(false, {ErrorCode::kNetwork, "the two peers did not connect: " + host->failure_reason()});
    if (guest) guest->leave();
    host->leave();
    loop.post_after(std::chrono::milliseconds(100), [this] { loop.stop(); });
  }
};

}  // namespace

int demo(const DemoOptions& options) {
  Signals signals;
  EventLoop loop;
  const auto configuration = to_configuration(options.ice, loop);
  if (!configuration) return fail(options.json, configuration.error());
  auto server = start_server(loop, options.listen, options.json);
  if (!server) return fail(options.json, server.error());
  const std::string link = server->room_url(options.room);
  const auto url = signaling::RoomUrl::parse(link);
  if (!url) return fail(options.json, url.error());

  Demo demo{.loop = loop, .options = options};
  auto host = Participant::make(
      loop, {.url = *url, .name = "Ada", .configuration = *configuration, .json = options.json, .quiet = true});
  if (!host) return fail(options.json, host.error());
  demo.host = std::move(*host);
  const auto on_failed = [&](const Error& error) {
    demo.status = fail(options.json, error);
    loop.stop();
  };
  demo.host->join(on_failed);
  auto guest =
      Participant::make(loop, {.url = *url, .name = "Ben", .configuration = *configuration, .json = options.json});
  if (!guest) return fail(options.json, guest.error());
  demo.guest = std::move(*guest);
  demo.guest->join(on_failed);

  say(options.json, "open {} in Chromium or Firefox: Ada is in the room", link);
  signals.run_on(loop, [&] { demo.finish(); });
  if (options.duration) {
    loop.post_after(*options.duration, [&] { demo.finish(); });
  } else {
    loop.post_after(kDuet, [&] {
      say(options.json, "Ben leaves; Ada stays for you. Ctrl-C ends the demo.");
      demo.guest_leaves();
    });
  }
  demo.each_second();
  loop.run();
  return demo.status;
}

}  // namespace tidewire::app
