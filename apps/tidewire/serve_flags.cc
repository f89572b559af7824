#include "serve_flags.h"

#include <fmt/format.h>

#include <fstream>

#include "durations.h"

namespace tidewire::app {
namespace {

CLI::Option* repeatable(CLI::App& serve, const std::string& flag, std::vector<std::string>& values, const char* type,
                        const char* help) {
  return serve.add_option(flag, values, help)->type_name(type)->allow_extra_args(false);
}

void add_turn(CLI::App& serve, ServeTurnOptions& turn) {
  const char* listening = "STUN and TURN: who is served, and where";
  const char* relaying = "STUN and TURN: what is relayed";
  repeatable(serve, "--turn-listen", turn.listen, "ADDR[:PORT]",
             "Serve STUN and TURN here, over UDP and TCP; repeat it. By default on port 3478 of the page's address "
             "unless that "
             "is loopback, and with --only turn on every address")
      ->group(listening);
  serve.add_option("--tls-cert", turn.tls_certificate, "Certificate and its chain, in PEM: serve TURN over TLS too")
      ->type_name("FILE")
      ->group(listening);
  serve.add_option("--tls-key", turn.tls_key, "Its private key in PEM, unless it is in the same file")
      ->type_name("FILE")
      ->group(listening);
  repeatable(serve, "--turn-tls-listen", turn.tls_listen, "ADDR[:PORT]",
             "Serve TURN over TLS here; repeat it. By default on port 5349 of the same addresses")
      ->group(listening);
  repeatable(serve, "--turn-user", turn.users, "NAME:PASSWORD", "Who may use the relay; repeat it")->group(listening);
  repeatable(
      serve, "--turn-secret", turn.secrets, "SECRET",
      "Shared with whoever makes time-limited credentials (TURN REST); repeat it while one replaces another. The page "
      "has a secret of its own without it")
      ->group(listening);
  serve.add_option("--realm", turn.realm, "The realm of users and passwords, 8 bytes at most")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(listening);
  serve
      .add_option("--turn-host", turn.host,
                  "The host in the URLs that callers are told; by default the one that they reached the page by")
      ->type_name("HOST")
      ->group(listening);
  add_duration_option(serve, "--credential-lifetime", turn.credential_lifetime,
                      "How long the credentials that callers get may begin a relay (12h)", listening);

  repeatable(
      serve, "--relay-ip", turn.relay_ips, "ADDR",
      "Where relayed ports are opened; one of each family. By default the most public address that is listened on")
      ->group(relaying);
  repeatable(serve, "--public-ip", turn.public_ips, "ADDR",
             "What the world sees instead of --relay-ip, behind a 1:1 NAT as clouds have it")
      ->group(relaying);
  serve.add_option("--relay-ports", turn.relay_ports, "Relayed ports, UDP: open them in the firewall")
      ->type_name("FIRST-LAST")
      ->capture_default_str()
      ->group(relaying);
  repeatable(serve, "--allow-peer", turn.allow_peers, "CIDR",
             "Relay to these addresses too, though they are not public; repeat it")
      ->group(relaying);
  repeatable(serve, "--deny-peer", turn.deny_peers, "CIDR",
             "Never relay to these, whatever --allow-peer says; repeat it")
      ->group(relaying);
  serve.add_option("--max-allocations", turn.max_allocations, "Relays at a time")
      ->capture_default_str()
      ->group(relaying);
  serve.add_option("--max-allocations-per-user", turn.max_allocations_per_user, "Relays of one user at a time")
      ->capture_default_str()
      ->group(relaying);
  serve
      .add_option("--max-kbps", turn.max_kbps,
                  "What one relay may carry, in kbit/s, both ways together; 0: all that comes")
      ->capture_default_str()
      ->group(relaying);
  serve.add_option("--threads", turn.threads, "Threads that serve STUN and TURN; 0: one for each core")
      ->capture_default_str()
      ->group(relaying);
}

void add_operation(CLI::App& serve, ServeOptions& options) {
  const char* group = "Operation";
  serve
      .add_option("--config", options.config_file,
                  "A file of NAME = VALUE lines with these flags' names; SIGHUP reads it again")
      ->type_name("FILE")
      ->group(group);
  serve.add_option("--metrics-listen", options.metrics_listen, "Serve /metrics, /healthz and /readyz here")
      ->type_name("ADDR:PORT")
      ->group(group);
  add_duration_option(serve, "--drain-timeout", options.drain_timeout,
                      "On Ctrl-C or SIGTERM, wait this long for relays to end (10s)", group);
  serve.add_option("--log-format", options.log_format, "Log lines for people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json")
      ->capture_default_str()
      ->group(group);
  serve.add_option("--log-level", options.log_level, "What is worth a log line")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->type_name("debug|info|warning|error|off")
      ->capture_default_str()
      ->group(group);
  serve.add_flag("--log-addresses", options.log_addresses, "Log clients' whole addresses, not just their networks")
      ->group(group);
}

Error in_file(const ServeOptions& options, const std::string& what) {
  return {ErrorCode::kSyntax, fmt::format("{}: {}", options.config_file, what)};
}

// Gives each flag that the command line has not set the value in the file.
Result<> read_config_file(CLI::App& serve, const ServeOptions& options) {
  if (options.config_file.empty()) return {};
  std::ifstream file(options.config_file);
  if (!file) {
    return Error{ErrorCode::kNotReadable, "cannot read " + options.config_file + ", which --config names"};
  }
  try {  // CLI11 reports by exceptions
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(file)) {
      if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of sections
      CLI::Option* option = serve.get_option_no_throw("--" + item.name);
      if (option == nullptr || !item.parents.empty() || item.name == "config" || item.name == "help") {
        return in_file(options, fmt::format("there is no option '{}'; `tidewire serve --help` lists them as --NAME",
                                            item.fullname()));
      }
      if (option->count() > 0) continue;  // the command line has the last word
      if (option->get_expected_min() == 0) {
        option->add_result(option->get_flag_value(item.name, item.inputs.empty() ? "true" : item.inputs.front()));
      } else {
        for (const std::string& value : item.inputs) option->add_result(value);
      }
      option->run_callback();
    }
  } catch (const CLI::Error& error) {
    return in_file(options, error.what());
  }
  return {};
}

}  // namespace

CLI::App* add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* serve =
      app.add_subcommand("serve", "Serve the call page, the signaling that brings callers together, and STUN and TURN");
  serve
      ->add_option("--listen", options.listen,
                   "Where page and signaling are; 0.0.0.0:8080 is every address of this machine, port 0 a free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  serve->add_option("--only", options.only, "Serve one of the two alone")
      ->check(CLI::IsMember({"turn", "signaling"}))
      ->type_name("turn|signaling");
  serve->add_flag("--json", options.json, "Print the addresses as JSON on standard output");
  repeatable(*serve, "--ice-server", options.ice_urls, "URL",
             "Another STUN or TURN server that callers are told to use; repeat it");
  serve->add_option("--ice-username", options.ice_username, "The name for every turn: and turns: URL of these")
      ->type_name("NAME");
  serve->add_option("--ice-credential", options.ice_credential, "The password for them; everybody who joins sees it")
      ->type_name("PASSWORD");
  add_turn(*serve, options.turn);
  add_operation(*serve, options);
  return serve;
}

Result<ServeOptions> parse_serve(int argc, const char* const* argv) {
  ServeOptions options;
  CLI::App app;
  CLI::App* serve = add_serve(app, options);
  try {  // CLI11 reports by exceptions
    app.parse(argc, argv);
  } catch (const CLI::Error& error) {
    return Error{ErrorCode::kSyntax, error.what()};
  }
  if (const auto read = read_config_file(*serve, options); !read) return read.error();
  return options;
}

}  // namespace tidewire::app
