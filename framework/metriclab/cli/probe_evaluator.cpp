// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <metriclab/cli/probe.hpp>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

struct Options {
  std::string name, embeddings, labels, gallery, gallery_labels, parameters, distance = "euclidean";
};

/// The class column of `labels`, numbered by rising label over both parts.
LabelColumn column(const std::vector<std::int64_t>& labels,
                   const std::vector<std::int64_t>& classes) {
  LabelColumn column{.name = "class", .values = {}, .classes = {}};
  for (std::int64_t label : labels)
    column.values.push_back(static_cast<std::int32_t>(
        std::lower_bound(classes.begin(), classes.end(), label) - classes.begin()));
  for (std::int64_t label : classes) column.classes.push_back(std::to_string(label));
  return column;
}

Value probe(Registry& registry, const Options& options) {
  Value block = probe_block(options.name, options.parameters);
  // Whoever gives a gallery means it to be searched.
  if (!options.gallery.empty() && !block.find("gallery"))
    for (const ParameterDescription& is :
         registry.description("evaluator", options.name).parameters)
      if (is.name == "gallery") block.set("gallery", "train");
  const auto evaluator = registry.make<Evaluator>(block);
  const Distance distance = distance_from_string(options.distance);

  Embedded test{.embeddings = read_embeddings(options.embeddings), .columns = {}};
  const auto labels = read_labels(options.labels, test.embeddings.rows(), options.embeddings);
  Embedded train{.embeddings = MatrixF(0, test.embeddings.cols()), .columns = {}};
  std::vector<std::int64_t> gallery_labels;
  if (!options.gallery.empty()) {
    train.embeddings = read_embeddings(options.gallery);
    gallery_labels = read_labels(options.gallery_labels, train.embeddings.rows(), options.gallery);
    if (train.embeddings.cols() != test.embeddings.cols())
      throw Error(fmt::format("{}: has {} dimensions, {} has {}", options.gallery,
                              train.embeddings.cols(), options.embeddings, test.embeddings.cols()));
  }
  std::vector<std::int64_t> classes = labels;
  classes.insert(classes.end(), gallery_labels.begin(), gallery_labels.end());
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  test.columns = {column(labels, classes)};
  train.columns = {column(gallery_labels, classes)};

  Value metrics = Value::object();
  Value reasons = Value::object();
  const std::vector<Episode> no_episodes;
  const Evaluation input{.train = train,
                         .test = test,
                         .distance = distance,
                         .episodes = no_episodes,
                         .random = Random(0, "probe")};
  for (const Metric& metric : evaluator->measure(input)) {
    metrics.set(metric.name, metric.value);
    if (!std::isfinite(metric.value)) reasons.set(metric.name, metric.reason);
  }
  Value result = Value::object();
  result.set("metrics", std::move(metrics));
  if (!reasons.as_object().empty()) result.set("reasons", std::move(reasons));
  return result;
}

}  // namespace

void add_probe_evaluator(CLI::App& app, Globals& globals, int&) {
  auto* command = app.add_subcommand(
      "evaluator", "the metrics that an evaluator gives for embeddings and labels");
  command->footer(
      "Example: metriclab probe evaluator retrieval --embeddings E.npy --labels y.npy --parameters "
      "'{\"recall_at\": [1, 10]}'");
  auto options = std::make_shared<Options>();
  command->add_option("name", options->name, "the evaluator's name")->required();
  command->add_option("--embeddings", options->embeddings, "(n × d) array: the test part")
      ->required();
  command->add_option("--labels", options->labels, "(n) integers: their classes")->required();
  auto* gallery = command->add_option("--gallery", options->gallery,
                                      "(m × d) array: the training part, and what is searched");
  auto* gallery_labels = command->add_option("--gallery-labels", options->gallery_labels,
                                             "(m) integers: their classes");
  gallery->needs(gallery_labels);
  gallery_labels->needs(gallery);
  command->add_option("--parameters", options->parameters, "JSON of the evaluator's parameters");
  command->add_option("--distance", options->distance,
                      "euclidean, squared_euclidean, cosine or dot");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    fmt::print("{}\n", to_json_text(probe(registry, *options)));
  });
}

}  // namespace metriclab
