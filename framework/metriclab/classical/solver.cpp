// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/solver.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>

namespace metriclab {

Solver::~Solver() = default;

std::int64_t SolverProblem::n_classes() const {
  return y.empty() ? 0 : std::max(classes, *std::max_element(y.begin(), y.end()) + std::int64_t{1});
}

Matrix SolverProblem::rows(std::int64_t begin, std::int64_t count) const {
  if (examples != nullptr) return examples->rows(begin, count);
  return X.middleRows(begin, count);
}

Matrix SolverProblem::rows(const Indices& indices) const {
  if (examples != nullptr) return examples->rows(indices);
  return X(indices, Eigen::all);
}

Solution Solver::solve(const SolverProblem& problem) {
  if (!kernel) return learn(problem);
  require_features(problem, "a kernel", 1);
  const KernelFeatures features(
      *kernel, problem.examples != nullptr ? problem.rows(0, problem.n()) : problem.X);
  SolverProblem mapped = problem;
  mapped.examples = nullptr;
  mapped.X = features.of_examples();
  Solution solution = learn(mapped);
  METRICLAB_CHECK(!solution.model, "a kernel for a solver whose distance is not ‖L(x − y)‖");
  solution.model =
      std::make_unique<KernelModel>(kernel, features.landmarks(), solution.L * features.T());
  return solution;
}

Fit Solver::fit(const Training& training) {
  const Data& data = training.data;
  SolverProblem problem{.X = {}, .random = training.random};
  if (reads_blocks())
    problem.examples = &data.examples;
  else
    problem.X = data.examples.as_double();
  if (!data.columns.empty()) {
    problem.y = data.labels();
    problem.classes = static_cast<std::int64_t>(data.columns.front().classes.size());
  }
  problem.targets =
      Eigen::Map<const Vector>(data.targets.data(), static_cast<Eigen::Index>(data.targets.size()));
  problem.pairs = data.constraints.pairs;
  problem.triplets = data.constraints.triplets;
  problem.quadruplets = data.constraints.quadruplets;
  problem.chunks = data.constraints.chunks;
  problem.threads = training.threads;
  problem.progress = training.progress;
  Solution solution = solve(problem);
  Fit fit;
  fit.report.set("objective", solution.objective);
  fit.report.set("iterations", solution.iterations);
  fit.report.set("stopped", solution.stopped);
  if (!solution.objectives.empty()) {
    Curve curve{"objective", "iteration", {}, std::move(solution.objectives)};
    for (std::size_t i = 0; i < curve.values.size(); ++i)
      curve.at.push_back(static_cast<double>(i));
    fit.curves.push_back(std::move(curve));
  }
  fit.model = solution.model ? std::move(solution.model)
                             : std::make_unique<LinearModel>(std::move(solution.L));
  return fit;
}

std::unique_ptr<Model> Solver::restore(const std::filesystem::path& folder) const {
  if (kernel) return KernelModel::restore(kernel, folder);
  return std::make_unique<LinearModel>(read_npy_matrix(folder / "L.npy"));
}

LinearModel::LinearModel(Matrix L, Distance distance) : L_(std::move(L)), distance_(distance) {}

MatrixF LinearModel::embed(const Examples& examples) const {
  METRICLAB_CHECK(examples.dimension() == L_.cols(),
                  "examples of another dimension than the model's");
  constexpr std::int64_t kBlock = 4096;  // examples that are held in double at a time
  MatrixF embeddings(examples.size(), L_.rows());
  for (std::int64_t begin = 0; begin < examples.size(); begin += kBlock) {
    const std::int64_t count = std::min(kBlock, examples.size() - begin);
    embeddings.middleRows(begin, count) =
        (examples.rows(begin, count) * L_.transpose()).cast<float>();
  }
  return embeddings;
}

void LinearModel::save(const std::filesystem::path& folder) const {
  write_npy(folder / "L.npy", L_);
}

}  // namespace metriclab
