// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <metriclab/cli/probe.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

struct Options {
  std::string name, embeddings, labels, targets, gallery, gallery_labels, gallery_targets,
      parameters, distance = "euclidean";
};

/// One part: what was given of it, its class column not yet numbered.
struct Part {
  Embedded embedded;
  std::vector<std::int64_t> labels;
};

Part read_part(const std::string& embeddings, const std::string& labels,
               const std::string& targets) {
  Part part{.embedded = {.embeddings = read_embeddings(embeddings), .columns = {}}, .labels = {}};
  const std::int64_t n = part.embedded.embeddings.rows();
  if (!labels.empty()) part.labels = read_labels(labels, n, embeddings);
  if (targets.empty()) return part;
  part.embedded.targets = read_npy(targets).as_double();
  if (const auto given = static_cast<std::int64_t>(part.embedded.targets.size()); given != n)
    throw Error(
        fmt::format("{}: has {} values for the {} examples of {}", targets, given, n, embeddings));
  return part;
}

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

/// What is known of the test part must be known of the gallery too.
void require_complete(const Options& options) {
  if (options.labels.empty() && options.targets.empty())
    throw Error("nothing is known of the embeddings; give --labels, or --targets, or both");
  const bool gallery = !options.gallery.empty();
  const auto require = [&](const std::string& of_test, const std::string& of_gallery,
                           const char* what) {
    const bool needed = gallery && !of_test.empty();
    if (needed == of_gallery.empty())
      throw Error(fmt::format("--gallery-{0} goes with --gallery and --{0}; give {1}", what,
                              needed ? "all of them" : "the others too, or leave it out"));
  };
  require(options.labels, options.gallery_labels, "labels");
  require(options.targets, options.gallery_targets, "targets");
}

Value probe(Registry& registry, const Options& options) {
  require_complete(options);
  Value block = probe_block(options.name, options.parameters);
  // Whoever gives a gallery means it to be searched.
  if (!options.gallery.empty() && !block.find("gallery"))
    for (const ParameterDescription& is :
         registry.description("evaluator", options.name).parameters)
      if (is.name == "gallery") block.set("gallery", "train");
  const auto evaluator = registry.make<Evaluator>(block);
  const Distance distance = distance_from_string(options.distance);

  Part test = read_part(options.embeddings, options.labels, options.targets);
  Part train{.embedded = {.embeddings = MatrixF(0, test.embedded.embeddings.cols()), .columns = {}},
             .labels = {}};
  if (!options.gallery.empty()) {
    train = read_part(options.gallery, options.gallery_labels, options.gallery_targets);
    if (train.embedded.embeddings.cols() != test.embedded.embeddings.cols())
      throw Error(fmt::format("{}: has {} dimensions, {} has {}", options.gallery,
                              train.embedded.embeddings.cols(), options.embeddings,
                              test.embedded.embeddings.cols()));
  }
  if (!options.labels.empty()) {
    std::vector<std::int64_t> classes = test.labels;
    classes.insert(classes.end(), train.labels.begin(), train.labels.end());
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    test.embedded.columns = {column(test.labels, classes)};
    train.embedded.columns = {column(train.labels, classes)};
  }

  Value metrics = Value::object();
  Value reasons = Value::object();
  const std::vector<Episode> no_episodes;
  const Evaluation input{.train = train.embedded,
                         .test = test.embedded,
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
      "evaluator", "the metrics that an evaluator gives for embeddings with labels or targets");
  command->footer(
      "Example: metriclab probe evaluator retrieval --embeddings E.npy --labels y.npy --parameters "
      "'{\"recall_at\": [1, 10]}'");
  auto options = std::make_shared<Options>();
  command->add_option("name", options->name, "the evaluator's name")->required();
  command->add_option("--embeddings", options->embeddings, "(n × d) array: the test part")
      ->required();
  command->add_option("--labels", options->labels, "(n) integers: their classes");
  command->add_option("--targets", options->targets, "(n) numbers: their real labels");
  command->add_option("--gallery", options->gallery,
                      "(m × d) array: the training part, and what is searched");
  command->add_option("--gallery-labels", options->gallery_labels, "(m) integers: their classes");
  command->add_option("--gallery-targets", options->gallery_targets,
                      "(m) numbers: their real labels");
  command->add_option("--parameters", options->parameters, "JSON of the evaluator's parameters");
  command->add_option("--distance", options->distance,
                      "euclidean, squared_euclidean, cosine, dot, bilinear, by_class, chi_squared, "
                      "manhattan or poincare");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    fmt::print("{}\n", to_json_text(probe(registry, *options)));
  });
}

}  // namespace metriclab
