#include "simulate_options.h"

namespace tidewire::app {

const CLI::App* add_simulate(CLI::App& app, SimulateOptions& options) {
  CLI::App* simulate = app.add_subcommand(
      "simulate",
      "See how calls share a network that you describe: real sessions with their pacing, feedback and retransmission, "
      "over a simulated bottleneck, minutes in a second");
  simulate->add_option("SCENARIO", options.scenario,
                       "A scenario's name (--list tells them), or a file of your own (docs/adaptive-bitrate.md)");
  simulate
      ->add_option(
          "--controller", options.controller,
          "What decides how much is sent: tidewire, a model of Google's, or none; both: the first two, side by "
          "side")
      ->check(CLI::IsMember({"tidewire", "google", "none", "both"}))
      ->type_name("tidewire|google|none|both")
      ->capture_default_str();
  simulate
      ->add_option("--seeds", options.seeds,
                   "Run it so many times with other random numbers, and tell the median and the range")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  simulate->add_option("--first-seed", options.first_seed, "The first of them: the same seed repeats a run exactly")
      ->type_name("N")
      ->capture_default_str();
  simulate
      ->add_option("--plot", options.plot,
                   "Draw the run of the first seed: rates, queue and pictures over time, as SVG")
      ->type_name("FILE.svg");
  simulate->add_flag("--list", options.list, "List the scenarios that have names");
  simulate->add_flag("--json", options.json, "Print the figures as JSON on standard output");
  return simulate;
}

}  // namespace tidewire::app
