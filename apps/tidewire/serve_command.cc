#include <boost/json.hpp>

#include "commands.h"
#include "ice_options.h"
#include "output.h"
#include "server/signaling/signaling_server.h"
#include "signals.h"

namespace tidewire::app {
int serve(const ServeOptions& options) {
  const auto listen = SocketAddress::parse(options.listen);
  if (!listen) {
    return fail(options.json,
                {ErrorCode::kSyntax, "'" + options.listen + "' is no ADDR:PORT; try 127.0.0.1:8080 or 0.0.0.0:8080"});
  }
  auto told = parse_ice_servers(options.ice_urls, options.ice_username, options.ice_credential);
  if (!told) return fail(options.json, told.error());
  Signals signals;
  EventLoop loop;
  auto server = server::SignalingServer::start(loop.impl(), {.listen = *listen, .ice_servers = std::move(*told)});
  if (!server)
    return fail(options.json, {server.error().code, server.error().message + "; choose another address with --listen"});

  const std::string url = server->room_url("tea");
  const std::string base = url.substr(0, url.find("/r/"));
  if (options.json) {
    print_result(boost::json::serialize(boost::json::object{
        {"listening", server->local_address().to_string()}, {"url", base + "/"}, {"room_example", url}}));
  } else {
    say(false, "serving on {}\nopen {}/ in a browser, or share a room: {}\nCtrl-C ends the server; calls go on",
        server->local_address().to_string(), base, url);
  }
  signals.run_on(loop, [&] { server->shutdown([&] { loop.stop(); }); });
  loop.run();
  return 0;
}

}  // namespace tidewire::app
