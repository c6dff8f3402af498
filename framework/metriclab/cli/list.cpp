// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <metriclab/cli/command.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

void add_list(CLI::App& app, Globals& globals, int& exit_code) {
  auto* command = app.add_subcommand("list", "plugins, one line each");
  command->footer("Example: metriclab list loss");
  struct Options {
    std::string kind;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("kind", options->kind, "dataset, solver, architecture, loss, miner, sampler, transform or evaluator");
  command->add_flag("--json", options->json, "a JSON list on stdout");
  command->callback([&globals, &exit_code, options] {
    Registry registry = globals.registry();
    std::vector<std::string> kinds = registry.kinds();
    if (!options->kind.empty()) {
      if (registry.names(options->kind).empty())
        throw Error(fmt::format("there are no plugins of kind \"{}\"{}", options->kind, suggestion(options->kind, kinds)));
      kinds = {options->kind};
    }
    Value::List rows;
    for (const std::string& kind : kinds)
      for (const std::string& name : registry.names(kind)) {
        std::string summary;
        try {
          summary = registry.description(kind, name).summary;
        } catch (const Error& error) {
          summary = std::string("can't be used: ") + error.what();
          exit_code = 1;
        }
        if (!options->json) {
          fmt::print("{:<13} {:<20} {}\n", kind, name, summary);
          continue;
        }
        Value row = Value::object();
        row.set("kind", kind);
        row.set("name", name);
        row.set("summary", summary);
        rows.push_back(std::move(row));
      }
    if (options->json) fmt::print("{}\n", to_json_text(Value(std::move(rows))));
    for (const PluginFailure& failure : registry.failures())
      fmt::print(stderr, "warning: {}: {}\n", failure.library.string(), failure.reason);
  });
}

}  // namespace metriclab
