// SPDX-License-Identifier: BSD-3-Clause
#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/experiment/worker.hpp>

namespace metriclab {

void add_worker(CLI::App& app, Globals& globals, int& exit_code) {
  auto* command = app.add_subcommand("worker", "makes one run; started by metriclab run");
  command->group("");  // not in --help
  auto options = std::make_shared<WorkerOptions>();
  command->add_option("--threads", options->threads);
  command->add_option("--memory-limit", options->memory_limit);
  command->add_option("--parent", options->parent);
  command->add_option("--result", options->result)->required();
  command->add_option("--checkpoints", options->checkpoints);
  command->add_option("--model", options->model);
  command->add_option("--exhibit", options->exhibit);
  command->callback([&globals, &exit_code, options] {
    Registry registry = globals.registry();
    exit_code = work(*options, registry);
  });
}

}  // namespace metriclab
