// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/data_argument.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

void add_embed(CLI::App& app, Globals& globals, int&) {
  auto* command = app.add_subcommand("embed", "a saved model applied to data: embeddings out");
  command->footer(
      "Example: metriclab embed results/quickstart/models/ID digits --output E.npy --labels y.npy");
  struct Options {
    std::filesystem::path model, output = "embeddings.npy", labels;
    std::string data;
  };
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "a folder that `metriclab run --save-models` wrote")
      ->required();
  command->add_option("DATA", options->data, kDataHelp)->required();
  command
      ->add_option("--output", options->output,
                   "(n × d) float32, an example a row, in the order of the data")
      ->capture_default_str()
      ->type_name("E.npy");
  command->add_option("--labels", options->labels, "writes the data's classes here, (n) int64")
      ->type_name("y.npy");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    const SavedModel model = load_model(options->model, registry);
    const Data data = read_data(options->data, registry);
    if (!options->labels.empty() && data.columns.empty())
      throw Error(fmt::format("{}: has no labels that --labels could write", options->data));
    const MatrixF E = model.embed(data.examples, options->data);
    write_npy(options->output, E);
    Value result = Value::object();
    result.set("n", static_cast<std::int64_t>(E.rows()));
    result.set("d", static_cast<std::int64_t>(E.cols()));
    result.set("distance", std::string(to_string(model.distance)));
    result.set("file", options->output.string());
    if (!options->labels.empty()) {
      write_npy(options->labels, {data.size()},
                std::vector<std::int64_t>(data.labels().begin(), data.labels().end()));
      result.set("labels", options->labels.string());
    }
    fmt::print("{}\n", to_json_text(result));
  });
}

}  // namespace metriclab
