// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/check_plugin.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/probe.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

struct Options {
  std::string kind, name, parameters;
  bool all = false, json = false;
};

Value to_value(const Checks& checks) {
  Value::List laws;
  for (const Check& check : checks.all()) {
    Value law = Value::object();
    law.set("law", check.law);
    law.set("status", !check.failure.empty()  ? "broken"
                      : !check.reason.empty() ? "not checked"
                                              : "kept");
    if (!check.failure.empty()) law.set("failure", check.failure);
    if (!check.reason.empty()) law.set("reason", check.reason);
    laws.push_back(std::move(law));
  }
  return Value(std::move(laws));
}

void print(const Checks& checks, const Options& options) {
  int kept = 0, broken = 0, unchecked = 0;
  for (const Check& check : checks.all()) {
    if (!check.failure.empty()) {
      ++broken;
      fmt::print("broken       {}: {}\n", check.law, check.failure);
    } else if (!check.reason.empty()) {
      ++unchecked;
      fmt::print("not checked  {}: {}\n", check.law, check.reason);
    } else {
      ++kept;
      if (options.all) fmt::print("kept         {}\n", check.law);
    }
  }
  fmt::print("{} {}: {} laws kept, {} broken", options.kind, options.name, kept, broken);
  if (unchecked > 0) fmt::print(", {} not checked", unchecked);
  fmt::print("\n");
}

}  // namespace

void add_test(CLI::App& app, Globals& globals, int& exit_code) {
  auto* command = app.add_subcommand(
      "test", "the conformance suite on one plugin: what any of its kind must do");
  command->footer("Example: metriclab --plugin-path my_loss/build test loss my_loss");
  auto options = std::make_shared<Options>();
  command->add_option("kind", options->kind, "the plugin's kind")->required();
  command->add_option("name", options->name, "its name")->required();
  command
      ->add_option("--parameters", options->parameters,
                   "JSON of the plugin's parameters; needed where one is required and names a file")
      ->type_name("JSON");
  command->add_flag("--all", options->all, "the laws that are kept as well, one a line");
  command->add_flag("--json", options->json, "a JSON list of the laws on stdout");
  command->callback([&globals, &exit_code, options] {
    Registry registry = globals.registry();
    const Checks checks = check_plugin(
        registry, options->kind, options->name,
        options->parameters.empty() ? Value() : probe_block(options->name, options->parameters));
    if (options->json)
      fmt::print("{}\n", to_json_text(to_value(checks)));
    else
      print(checks, *options);
    if (!checks.kept()) exit_code = 1;
  });
}

}  // namespace metriclab
