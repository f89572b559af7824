#include "call_setup.h"
#include "io/event_loop.h"
#include "output.h"
#include "participant.h"
#include "server/signaling/signaling_server.h"
#include "signals.h"

namespace tidewire::app {
namespace {

// How long the two native peers talk before one leaves the room to the browser, when no duration is given.
constexpr Duration kDuet = std::chrono::seconds(10);
// With a bottleneck they talk for as long as its steps take, and a moment to see the last one.
constexpr Duration kMoment = std::chrono::seconds(1);

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
  const CallSetup& setup;
  std::unique_ptr<Participant> host;   // stays
  std::unique_ptr<Participant> guest;  // calls the host, and leaves
  int status = 0;

  // Ada lives behind the bottleneck, and so has it in common with all others. Then it is she who tells of the call.
  Result<> make_peers(const signaling::RoomUrl& url) {
    ParticipantOptions ada{.url = url,
                           .name = "Ada",
                           .video_height = setup.video_height,
                           .configuration = setup.configuration,
                           .ladder = setup.ladder,
                           .json = options.json,
                           .telling = setup.path ? Telling::kAll : Telling::kNothing};
    ParticipantOptions ben = ada;
    go_through(setup.path, ada.configuration);
    ben.name = "Ben";
    ben.telling = setup.path ? Telling::kQuality : Telling::kAll;
    auto made = Participant::make(loop, std::move(ada));
    if (!made) return made.error();
    host = std::move(*made);
    made = Participant::make(loop, std::move(ben));
    if (!made) return made.error();
    guest = std::move(*made);
    return {};
  }
  void log_rates(RateLog& log) {
    host->log_rates(log);
    if (guest) guest->log_rates(log);
  }
  void each_second() {
    loop.post_after(std::chrono::seconds(1), [this] {
      // The one who has been told to say nothing says nothing.
      if (guest) guest->print_figures();
      host->print_figures();
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
  const auto setup = set_up(options, loop);
  if (!setup) return fail(options.json, setup.error());
  auto server = start_server(loop, options.listen, options.json);
  if (!server) return fail(options.json, server.error());
  const std::string link = server->room_url(options.room);
  const auto url = signaling::RoomUrl::parse(link);
  if (!url) return fail(options.json, url.error());

  Demo demo{.loop = loop, .options = options, .setup = *setup};
  if (const auto made = demo.make_peers(*url); !made) return fail(options.json, made.error());
  const auto on_failed = [&](const Error& error) {
    demo.status = fail(options.json, error);
    loop.stop();
  };
  demo.host->join(on_failed);
  demo.guest->join(on_failed);

  say(options.json, "open {} in Chromium or Firefox: Ada is in the room", link);
  signals.run_on(loop, [&] { demo.finish(); });
  if (options.duration) {
    loop.post_after(*options.duration, [&] { demo.finish(); });
  } else {
    loop.post_after(setup->path ? setup->ladder->period() + kMoment : kDuet, [&] {
      say(options.json, "Ben leaves; Ada stays for you. Ctrl-C ends the demo.");
      demo.guest_leaves();
    });
  }
  demo.each_second();
  if (setup->log) log_rates_each_interval(loop, [&] { demo.log_rates(*setup->log); });
  loop.run();
  return demo.status;
}

}  // namespace tidewire::app
