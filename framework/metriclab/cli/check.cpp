// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/progress.hpp>
#include <metriclab/cli/spec_argument.hpp>
#include <metriclab/experiment/tuner.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

void add_check(CLI::App& app, Globals& globals, int& exit_code) {
  auto* command = app.add_subcommand(
      "check", "all mistakes of a spec, or the list of its runs; nothing is run");
  command->footer("Example: metriclab check experiments/quickstart.json --set /seeds=[1,2,3]");
  struct Options {
    std::vector<std::filesystem::path> files;
    std::vector<std::string> settings;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("SPEC", options->files, "spec files")->required();
  command->add_option("--set", options->settings, "changes the spec: POINTER=VALUE")
      ->type_name("SETTING")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "the plan as JSON on stdout");
  command->callback([&globals, &exit_code, options] {
    Registry registry = globals.registry();
    auto specs = plan_specs(options->files, options->settings, registry);
    if (specs.empty()) exit_code = 2;
    for (PlannedSpec& one : specs) {
      // What is known before there are results: the first trials.
      if (one.spec->settings.tune) Tuner(one.plan, nullptr, registry).advance();
      if (options->json) {
        fmt::print("{}\n", to_json_text(to_value(one.plan)));
        continue;
      }
      for (const PlannedRun& run : one.plan.runs)
        fmt::print("{}  {}\n", run.id, run_text(one.plan, run));
      fmt::print("{}: {} runs: {} data sets, {} methods, {} seeds\n", one.spec->settings.name,
                 one.plan.runs.size(), one.spec->datasets.size(), one.spec->methods.size(),
                 one.spec->settings.seeds.size());
      if (!one.plan.pending.empty())
        fmt::print("and {} runs of searched methods, whose values their trials tell\n",
                   one.plan.pending.size());
    }
  });
}

}  // namespace metriclab
