// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/solver.hpp>
#include <metriclab/data/npy.hpp>

namespace metriclab {

Solver::~Solver() = default;

std::int64_t SolverProblem::n_classes() const {
  return y.empty() ? 0 : *std::max_element(y.begin(), y.end()) + std::int64_t{1};
}

Fit Solver::fit(const Training& training) {
  SolverProblem problem{.X = training.data.examples.as_double(), .random = training.random};
  if (!training.data.columns.empty()) problem.y = training.data.labels();
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
  fit.model = std::make_unique<LinearModel>(std::move(solution.L));
  return fit;
}

std::unique_ptr<Model> Solver::restore(const std::filesystem::path& folder) const {
  return std::make_unique<LinearModel>(read_npy_matrix(folder / "L.npy"));
}

LinearModel::LinearModel(Matrix L) : L_(std::move(L)) {}

MatrixF LinearModel::embed(const Examples& examples) const {
  METRICLAB_CHECK(examples.dimension() == L_.cols(),
                  "examples of another dimension than the model's");
  return (examples.as_double() * L_.transpose()).cast<float>();
}

void LinearModel::save(const std::filesystem::path& folder) const {
  write_npy(folder / "L.npy", L_);
}

}  // namespace metriclab
