// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <metriclab/classical/solver.hpp>
#include <metriclab/cli/probe.hpp>
#include <metriclab/data/constraint_file.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

struct Options {
  std::string name, features, labels, targets, pairs, triplets, quadruplets, chunks, parameters,
      metric, transform;
};

/// `features` holds the examples of a solver that reads blocks.
SolverProblem read_problem(const Options& options, bool in_blocks, Examples& features) {
  const Shape shape = read_npy_shape(options.features);
  if (shape.size() != 2)
    throw Error(fmt::format("{}: has {} axes; features have two, (examples, features)",
                            options.features, shape.size()));
  SolverProblem problem{.X = {}, .random = Random(0, "probe")};
  std::optional<Examples> mapped = in_blocks ? map_npy_examples(options.features) : std::nullopt;
  if (mapped) {
    features = std::move(*mapped);
    problem.examples = &features;
  } else {
    problem.X = read_npy_matrix(options.features);
  }
  if (!options.labels.empty()) {
    const auto labels = read_labels(options.labels, problem.n(), options.features);
    std::vector<std::int64_t> classes = labels;
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    for (std::int64_t label : labels)
      problem.y.push_back(static_cast<std::int32_t>(
          std::lower_bound(classes.begin(), classes.end(), label) - classes.begin()));
  }
  if (!options.targets.empty()) {
    const Matrix targets = read_npy_matrix(options.targets);
    if (targets.size() != problem.n())
      throw Error(fmt::format("{}: has {} values for {} examples", options.targets, targets.size(),
                              problem.n()));
    problem.targets = Eigen::Map<const Vector>(targets.data(), targets.size());
  }
  if (!options.pairs.empty()) problem.pairs = read_pairs(options.pairs, problem.n());
  if (!options.triplets.empty()) problem.triplets = read_triplets(options.triplets, problem.n());
  if (!options.quadruplets.empty())
    problem.quadruplets = read_quadruplets(options.quadruplets, problem.n());
  if (!options.chunks.empty()) problem.chunks = read_chunks(options.chunks, problem.n());
  return problem;
}

Value probe(Registry& registry, const Options& options) {
  const auto solver = registry.make<Solver>(probe_block(options.name, options.parameters));
  Examples features;
  const SolverProblem problem = read_problem(options, solver->reads_blocks(), features);
  const std::clock_t cpu = std::clock();
  const auto wall = std::chrono::steady_clock::now();
  const Solution solution = solver->solve(problem);
  const std::chrono::duration<double> wall_seconds = std::chrono::steady_clock::now() - wall;
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;

  if (solution.L.size() == 0 && (!options.metric.empty() || !options.transform.empty()))
    throw Error(
        fmt::format("{} learns no linear transformation that could be written", options.name));
  if (!options.metric.empty())
    write_npy(options.metric, Matrix(solution.L.transpose() * solution.L));
  if (!options.transform.empty()) write_npy(options.transform, solution.L);
  Value seconds = Value::object();
  seconds.set("cpu", cpu_seconds);
  seconds.set("wall", wall_seconds.count());
  Value result = Value::object();
  result.set("objective", solution.objective);
  result.set("iterations", solution.iterations);
  result.set("stopped", solution.stopped);
  result.set("seconds", std::move(seconds));
  return result;
}

}  // namespace

void add_probe_solver(CLI::App& app, Globals& globals, int&) {
  auto* command =
      app.add_subcommand("solver", "the metric that a solver learns from features and labels");
  command->footer(
      "Example: metriclab probe solver lmnn --features X.npy --labels y.npy --parameters "
      "'{\"n_neighbors\": 5}' --metric M.npy");
  auto options = std::make_shared<Options>();
  command->add_option("name", options->name, "the solver's name")->required();
  command->add_option("--features", options->features, "(n × d) array")->required();
  command->add_option("--labels", options->labels, "(n) integers: their classes");
  auto* pairs = command->add_option("--pairs", options->pairs,
                                    "CSV of i,j,kind: 1 for similar examples, -1 for dissimilar");
  command->add_option("--targets", options->targets, "(n) numbers: their real labels");
  auto* triplets = command->add_option("--triplets", options->triplets,
                                       "CSV of i,j,l: d(i, j) is to be below d(i, l)");
  auto* quadruplets = command->add_option("--quadruplets", options->quadruplets,
                                          "CSV of a,b,c,d: d(a, b) is to be below d(c, d)");
  auto* chunks = command->add_option("--chunks", options->chunks,
                                     "a line for each example: its chunk, or -1 for none");
  pairs->excludes(triplets)->excludes(quadruplets)->excludes(chunks);
  triplets->excludes(quadruplets)->excludes(chunks);
  quadruplets->excludes(chunks);
  command->add_option("--parameters", options->parameters, "JSON of the solver's parameters");
  command->add_option("--metric", options->metric, "writes M = LᵀL here, (d × d)");
  command->add_option("--transform", options->transform, "writes L here, (r × d)");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    fmt::print("{}\n", to_json_text(probe(registry, *options)));
  });
}

}  // namespace metriclab
