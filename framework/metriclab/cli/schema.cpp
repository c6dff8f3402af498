// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/experiment/schema.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

void add_schema(CLI::App& app, Globals& globals, int&) {
  auto* command =
      app.add_subcommand("schema", "the JSON Schema of specs, made from the plugins, for editors");
  command->footer(
      "Example: metriclab schema --output spec.schema.json, and in the spec \"$schema\": "
      "\"spec.schema.json\"");
  auto output = std::make_shared<std::filesystem::path>();
  command->add_option("--output", *output, "a file to write instead of stdout")->type_name("FILE");
  command->callback([&globals, output] {
    Registry registry = globals.registry();
    const std::string text = to_json_text(spec_schema(registry)) + "\n";
    if (output->empty())
      fmt::print("{}", text);
    else
      write_file_whole(*output, text);
  });
}

}  // namespace metriclab
