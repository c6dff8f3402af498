// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <metriclab/cli/probe.hpp>
#include <metriclab/data/constraint_file.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

struct Options {
  std::string name, embeddings, labels, targets, pairs, ratings, gallery, gallery_labels,
      gallery_targets, gallery_pairs, parameters, distance = "euclidean";
  std::vector<std::string> columns, gallery_columns;  // NAME=FILE.npy
};

const std::string kNoRatings;

/// The options of one part.
struct PartOptions {
  const std::string &embeddings, &labels, &targets, &pairs, &ratings;
  const std::vector<std::string>& columns;
};

/// One part: what was given of it, its label columns not yet numbered; the class first.
struct Part {
  Embedded embedded;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> columns;
};

Part read_part(const PartOptions& options) {
  Part part{.embedded = {.embeddings = read_embeddings(options.embeddings), .columns = {}},
            .columns = {}};
  const std::int64_t n = part.embedded.embeddings.rows();
  if (!options.labels.empty())
    part.columns.push_back({"class", read_labels(options.labels, n, options.embeddings)});
  for (const std::string& column : options.columns) {
    const std::size_t sign = column.find('=');
    if (sign == 0 || sign == std::string::npos || sign + 1 == column.size())
      throw Error(fmt::format(
          "--column {}: give the column's name and its file, as in camera=c.npy", column));
    part.columns.push_back(
        {column.substr(0, sign), read_labels(column.substr(sign + 1), n, options.embeddings)});
  }
  if (!options.pairs.empty()) part.embedded.constraints.pairs = read_pairs(options.pairs, n);
  if (!options.ratings.empty())
    part.embedded.constraints.ratings = read_ratings(options.ratings, n);
  if (options.targets.empty()) return part;
  part.embedded.targets = read_npy(options.targets).as_double();
  if (const auto given = static_cast<std::int64_t>(part.embedded.targets.size()); given != n)
    throw Error(fmt::format("{}: has {} values for the {} examples of {}", options.targets, given,
                            n, options.embeddings));
  return part;
}

LabelColumn column(const std::string& name, const std::vector<std::int64_t>& labels,
                   const std::vector<std::int64_t>& classes) {
  LabelColumn column{.name = name, .values = {}, .classes = {}};
  for (std::int64_t label : labels)
    column.values.push_back(static_cast<std::int32_t>(
        std::lower_bound(classes.begin(), classes.end(), label) - classes.begin()));
  for (std::int64_t label : classes) column.classes.push_back(std::to_string(label));
  return column;
}

/// The columns of both parts, each numbered by rising label over both.
void number_columns(Part& test, Part& train) {
  for (std::size_t c = 0; c < test.columns.size(); ++c) {
    const auto& [name, labels] = test.columns[c];
    static const std::vector<std::int64_t> none;
    const auto& others = train.columns.empty() ? none : train.columns[c].second;
    std::vector<std::int64_t> classes = labels;
    classes.insert(classes.end(), others.begin(), others.end());
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    test.embedded.columns.push_back(column(name, labels, classes));
    train.embedded.columns.push_back(column(name, others, classes));
  }
}

/// What is known of the test part must be known of the gallery too.
void require_complete(const Options& options) {
  if (options.labels.empty() && options.targets.empty() && options.pairs.empty() &&
      options.ratings.empty())
    throw Error(
        "nothing is known of the embeddings; give --labels, --targets, --pairs or --ratings");
  if (options.labels.empty() && !options.columns.empty())
    throw Error("--column goes with --labels: the class is the first column");
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
  const auto names = [](const std::vector<std::string>& columns) {
    std::vector<std::string> result;
    for (const std::string& is : columns) result.push_back(is.substr(0, is.find('=')));
    return result;
  };
  if (gallery ? names(options.columns) != names(options.gallery_columns)
              : !options.gallery_columns.empty())
    throw Error("--gallery-column goes with --gallery: the same columns, in the same order");
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

  Part test = read_part({options.embeddings, options.labels, options.targets, options.pairs,
                         options.ratings, options.columns});
  Part train{.embedded = {.embeddings = MatrixF(0, test.embedded.embeddings.cols()), .columns = {}},
             .columns = {}};
  if (!options.gallery.empty()) {
    train = read_part({options.gallery, options.gallery_labels, options.gallery_targets,
                       options.gallery_pairs, kNoRatings, options.gallery_columns});
    if (train.embedded.embeddings.cols() != test.embedded.embeddings.cols())
      throw Error(fmt::format("{}: has {} dimensions, {} has {}", options.gallery,
                              train.embedded.embeddings.cols(), options.embeddings,
                              test.embedded.embeddings.cols()));
  }
  number_columns(test, train);

  Value metrics = Value::object();
  Value reasons = Value::object();
  const std::vector<Episode> no_episodes;
  const Evaluation input{.train = train.embedded,
                         .test = test.embedded,
                         .distance = distance,
                         .episodes = no_episodes,
                         .random = Random(0, "probe")};
  const Measurement measured = evaluator->measure(input);
  for (const Metric& metric : measured.metrics) {
    metrics.set(metric.name, metric.value);
    if (!std::isfinite(metric.value)) reasons.set(metric.name, metric.reason);
  }
  Value result = Value::object();
  result.set("metrics", std::move(metrics));
  if (!reasons.as_object().empty()) result.set("reasons", std::move(reasons));
  Value::List curves;
  for (const Curve& curve : measured.curves) curves.push_back(to_value(curve));
  if (!curves.empty()) result.set("curves", Value(std::move(curves)));
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
  command->add_option("--column", options->columns, "a further column of labels, as camera=c.npy")
      ->type_name("NAME=FILE");
  command->add_option("--pairs", options->pairs,
                      "CSV of i,j,kind: 1 for similar, -1 for dissimilar");
  command->add_option("--ratings", options->ratings, "CSV of i,j,similarity");
  command->add_option("--gallery", options->gallery,
                      "(m × d) array: the training part, and what is searched");
  command->add_option("--gallery-labels", options->gallery_labels, "(m) integers: their classes");
  command->add_option("--gallery-targets", options->gallery_targets,
                      "(m) numbers: their real labels");
  command->add_option("--gallery-column", options->gallery_columns, "as --column")
      ->type_name("NAME=FILE");
  command->add_option("--gallery-pairs", options->gallery_pairs, "as --pairs");
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
