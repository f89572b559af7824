#include <boost/json.hpp>

#include "commands.h"
#include "output.h"
#include "server/signaling_server.h"
#include "signals.h"

namespace tidewire::app {
namespace {

// The browsers that are told these refuse the whole list for one that is wrong, so it is looked at here.
Result<std::vector<IceServer>> ice_servers(const ServeOptions& options) {
  std::vector<IceServer> servers;
  for (const std::string& url : options.ice_urls) {
    const std::string scheme = url.substr(0, url.find(':'));
    const bool relay = scheme == "turn" || scheme == "turns";
    const bool known = relay || scheme == "stun" || scheme == "stuns";
    if (!known || url.size() <= scheme.size() + 1 || url.compare(scheme.size(), 3, "://") == 0) {
      return Error{ErrorCode::kSyntax, "'" + url + "' names no ICE server; try stun:HOST:PORT, turn:HOST:PORT or " +
                                           "turns:HOST:PORT (no slashes)"};
    }
    if (!relay) {
      servers.push_back({{url}, "", ""});
    } else if (options.ice_username.empty() || options.ice_credential.empty()) {
      return Error{ErrorCode::kSyntax, "'" + url + "' wants credentials: add --ice-username and --ice-credential"};
    } else {
      servers.push_back({{url}, options.ice_username, options.ice_credential});
    }
  }
  return servers;
}

}  // namespace

int serve(const ServeOptions& options) {
  const auto listen = SocketAddress::parse(options.listen);
  if (!listen) {
    return fail(options.json,
                {ErrorCode::kSyntax, "'" + options.listen + "' is no ADDR:PORT; try 127.0.0.1:8080 or 0.0.0.0:8080"});
  }
  auto told = ice_servers(options);
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
