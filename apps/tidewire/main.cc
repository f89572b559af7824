// The command line: what can be said, and which verb it calls.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "durations.h"
#include "serve_flags.h"
#include "tidewire/rtp_capabilities.h"

namespace {

using tidewire::app::add_duration_option;

void add_ice_options(CLI::App& verb, tidewire::app::IceOptions& options) {
  const char* group = "Connections";
  verb.add_option(
          "--ice-server", options.servers,
          "A STUN or TURN server: stun:HOST, turn:HOST?transport=udp|tcp, turns:HOST; may be given several times")
      ->type_name("URL")
      ->allow_extra_args(false)
      ->group(group);
  verb.add_option("--ice-username", options.username, "User of the TURN servers")->type_name("NAME")->group(group);
  verb.add_option("--ice-credential", options.credential, "Password of the TURN servers")
      ->type_name("PASSWORD")
      ->group(group);
  verb.add_option("--ice-transport-policy", options.transport_policy, "relay: send nothing but through TURN servers")
      ->check(CLI::IsMember({"all", "relay"}))
      ->type_name("all|relay")
      ->capture_default_str()
      ->group(group);
  verb.add_option("--port-range", options.port_range, "Local UDP ports to use")->type_name("FIRST-LAST")->group(group);
  verb.add_option("--udp-port", options.udp_port, "One local UDP port for all calls")->type_name("PORT")->group(group);
  verb.add_option("--public-ip", options.public_ip,
                  "This host's address outside of a 1:1 NAT; auto asks the STUN servers for it")
      ->type_name("ADDR|auto")
      ->group(group);
  verb.add_flag("--hide-addresses", options.hide_addresses, "Show .local names in place of this host's addresses")
      ->group(group);
  verb.add_flag("--no-tcp", options.no_tcp, "Offer no TCP candidates")->group(group);
  verb.add_option("--tls-ca", options.tls_ca, "Authorities that turns: servers are checked with, in PEM")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group(group);
}

CLI::App* add_doctor(CLI::App& app, tidewire::app::DoctorOptions& options) {
  CLI::App* doctor = app.add_subcommand("doctor", "Find out in advance whether calls from here will work, and why not");
  doctor->add_option("SERVER_URL", options.server_url,
                     "The room's server (http: or https:), or a STUN or TURN server (stun:, turn:, turns:)");
  doctor->add_option("--ice-server", options.ice_servers, "A STUN or TURN server to examine; may be repeated")
      ->type_name("URL")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  doctor->add_option("--ice-username", options.ice_username, "The name that TURN servers know you by");
  doctor->add_option("--ice-credential", options.ice_credential, "The password that goes with it");
  doctor->add_option("--tls-ca", options.tls_ca, "Trust these authorities (PEM) instead of the system's")
      ->type_name("FILE");
  add_duration_option(*doctor, "--timeout", options.timeout, "How long to wait for an answer (5s)");
  doctor->add_flag("--json", options.json, "Print the findings as JSON on standard output");
  return doctor;
}

// A wrong name is answered with those that there are.
void add_codec_option(CLI::App& verb, const std::string& flag, std::string& codec, tidewire::MediaKind kind) {
  std::vector<std::string> names;
  for (const tidewire::RtpCodec& known : tidewire::rtp_capabilities(kind).codecs) {
    std::string name = known.mime_type.substr(known.mime_type.find('/') + 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  verb.add_option(flag, codec, "The codec to prefer for " + std::string(to_string(kind)))
      ->transform(CLI::IsMember(names, CLI::ignore_case))
      ->type_name("CODEC");
}

constexpr const char* kJsonHelp = "Print a report as JSON on standard output";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Tidewire: WebRTC, whole. Calls with sound, picture and data, directly between two peers.\n\n"
      "  tidewire demo                                    see a call now\n"
      "  tidewire serve                                   let people call each other\n"
      "  tidewire call http://127.0.0.1:8080/r/tea        call whoever is in that room\n"
      "  tidewire doctor                                  learn whether calls from here will work",
      "tidewire"};
  app.set_version_flag("--version", "tidewire " TIDEWIRE_VERSION);
  app.require_subcommand(0, 1);
  app.footer("`tidewire VERB --help` tells the options of a verb.");

  tidewire::app::ServeOptions serve_options;
  const CLI::App* serve = tidewire::app::add_serve(app, serve_options);

  tidewire::app::CallOptions call_options;
  CLI::App* call = app.add_subcommand("call", "Join a room and call, or answer, whoever is there");
  call->add_option("ROOM_URL", call_options.room_url, "The room's link, e.g. http://127.0.0.1:8080/r/tea")->required();
  call->add_option("--name", call_options.name, "What the others see");
  call->add_option("--video", call_options.video, "What to show: synthetic (a test picture), none, or a media file")
      ->type_name("synthetic|FILE|none")
      ->capture_default_str();
  call->add_option("--audio", call_options.audio, "What to say: synthetic (a tone), none, or a media file")
      ->type_name("synthetic|FILE|none")
      ->capture_default_str();
  add_codec_option(*call, "--video-codec", call_options.video_codec, tidewire::MediaKind::kVideo);
  add_codec_option(*call, "--audio-codec", call_options.audio_codec, tidewire::MediaKind::kAudio);
  call->add_option(
          "--play", call_options.play,
          "Where to play what arrives: window (and loudspeaker) or none; by default a window if there is a display")
      ->check(CLI::IsMember({"window", "none"}))
      ->type_name("window|none");
  add_duration_option(*call, "--duration", call_options.duration,
                      "Hang up after this long; without it, stay until Ctrl-C");
  call->add_flag(
      "--interactive", call_options.interactive,
      "Take commands (/mute, /camera FILE, …; /help tells them) and chat from standard input, as from a terminal");
  call->add_flag("--json", call_options.json, kJsonHelp);
  add_ice_options(*call, call_options.ice);
  tidewire::app::add_rate_options(*call, call_options.rates);
  tidewire::app::add_path_options(*call, call_options.path);

  tidewire::app::DemoOptions demo_options;
  CLI::App* demo = app.add_subcommand(
      "demo", "Start a server and two peers that call each other; one stays in the room for your browser");
  demo->add_option("--listen", demo_options.listen, "Where the server listens; a free port if this one is taken")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  add_duration_option(*demo, "--duration", demo_options.duration, "End by itself after this long");
  demo->add_flag("--json", demo_options.json, kJsonHelp);
  add_ice_options(*demo, demo_options.ice);
  tidewire::app::add_rate_options(*demo, demo_options.rates);
  tidewire::app::add_path_options(*demo, demo_options.path);

  tidewire::app::DoctorOptions doctor_options;
  const CLI::App* doctor = add_doctor(app, doctor_options);

  tidewire::app::BenchDataChannelOptions bench_options;
  const auto bench = tidewire::app::add_bench(app, bench_options);

  tidewire::app::SimulateOptions simulate_options;
  const CLI::App* simulate = tidewire::app::add_simulate(app, simulate_options);

  CLI11_PARSE(app, argc, argv);
  if (app.get_subcommands().empty()) {
    std::cerr << app.help();
    return 2;
  }
  if (bench.data_channel->parsed()) return tidewire::app::bench_data_channel(bench_options);
  if (simulate->parsed()) return tidewire::app::simulate(simulate_options);
  if (doctor->parsed()) return tidewire::app::doctor(doctor_options);
  if (serve->parsed()) {
    // Read in the way in which SIGHUP reads it again.
    const auto options = tidewire::app::parse_serve(argc, argv);
    if (!options) {
      std::cerr << "tidewire: " << options.error().message << '\n';
      return 2;
    }
    return tidewire::app::serve(*options, [argc, argv] { return tidewire::app::parse_serve(argc, argv); });
  }
  if (call->parsed()) return tidewire::app::call(call_options);
  return tidewire::app::demo(demo_options);
}
