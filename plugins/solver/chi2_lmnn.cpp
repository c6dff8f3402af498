// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/classical/chi_squared_objective.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/neighbors/search.hpp>

namespace {

using namespace metriclab;

/// x → L·x/Σx, compared by the χ² distance.
class HistogramModel final : public Model {
 public:
  explicit HistogramModel(Matrix L) : L_(std::move(L)) {}
  MatrixF embed(const Examples& examples) const override {
    constexpr std::int64_t kBlock = 4096;
    MatrixF embeddings(examples.size(), L_.rows());
    for (std::int64_t begin = 0; begin < examples.size(); begin += kBlock) {
      const std::int64_t count = std::min(kBlock, examples.size() - begin);
      embeddings.middleRows(begin, count) =
          (normalized(examples.rows(begin, count), begin) * L_.transpose()).cast<float>();
    }
    return embeddings;
  }
  Distance distance() const override { return Distance::chi_squared; }
  void save(const std::filesystem::path& folder) const override { write_npy(folder / "L.npy", L_); }

  /// Each row to sum 1; messages count rows from `first`.
  static Matrix normalized(Matrix X, std::int64_t first) {
    for (std::int64_t i = 0; i < X.rows(); ++i) {
      for (std::int64_t j = 0; j < X.cols(); ++j)
        if (X(i, j) < 0)
          throw Error(
              fmt::format("chi2_lmnn takes histograms, whose values are 0 or above; example {} has "
                          "{} in feature "
                          "{}",
                          first + i, X(i, j), j));
      const double sum = X.row(i).sum();
      if (!(sum > 0) || !std::isfinite(sum))
        throw Error(fmt::format(
            "chi2_lmnn takes histograms, whose values are scaled to sum 1; those of example {} sum "
            "to {}",
            first + i, sum));
      X.row(i) /= sum;
    }
    return X;
  }

 private:
  Matrix L_;
};

/// χ²-LMNN: large-margin nearest neighbours of histograms.
///
///     minimise over L (r × d), L ≥ 0, columns of sum 1:
///     (1 − μ)·Σ_{i, j in T(i)} χ²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [margin + χ²_ij − χ²_il]₊
///     χ²_ij = ½ Σ_k (z_ik − z_jk)²/(z_ik + z_jk),  z = L·x
///
/// x: an example scaled to sum 1, which L takes to such another; a value below 0, and an example of
/// zeros, is an error. χ² is at most 1, so the margin matters, other than in lmnn. T(i): the
/// n_neighbors nearest of the same class by χ² of the examples, ties by index; sums, μ =
/// push_weight, and lone examples as in lmnn. L is the softmax of each column of A, from A =
/// sharpness·I: nearly the identity. By L-BFGS on A; the objective never rises. Stopped "converged"
/// when 5 iterations together lower it by no more than tolerance of it. The model is compared by
/// χ².
///
/// Differs from the paper: L-BFGS in place of gradient steps; μ as in lmnn.
class Chi2Lmnn final : public IterativeSolver {
 public:
  Chi2Lmnn() : IterativeSolver(500, 1e-4) {}

  static void describe(Description<Chi2Lmnn>& is) {
    is.summary("large-margin nearest neighbours of histograms under the χ² distance");
    is.source("Kedem, Tyree, Sha, Lanckriet, Weinberger. Non-linear metric learning. NIPS 2012");
    is.cost(
        "O(n² d + i (n r d + a r)) time for i iterations with a near pairs of different classes, "
        "now "
        "and then O(n² r) for a new list of these; O(n d + a) memory");
    is.property("non_negative_features");
    is.parameter("components", &Chi2Lmnn::components, "rows of L; null is as many as features")
        .at_least(2);
    is.parameter("n_neighbors", &Chi2Lmnn::n_neighbors, "target neighbours of each example")
        .at_least(1);
    is.parameter("push_weight", &Chi2Lmnn::push_weight,
                 "weight of the impostors' part; one less it is that of the targets' part")
        .above(0)
        .below(1);
    is.parameter("margin", &Chi2Lmnn::margin,
                 "by how much impostors are to be farther than targets; χ² is at most 1")
        .above(0)
        .at_most(1);
    is.parameter("sharpness", &Chi2Lmnn::sharpness,
                 "A begins as this times the identity: the larger, the nearer L is to it, and the "
                 "slower it leaves it")
        .above(0);
    describe_limits(is,
                    "stops when 5 iterations together better the objective by no more than this "
                    "part of it");
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "chi2_lmnn");
    const std::vector<Indices> members = require_classes(problem, "chi2_lmnn");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error(
          "chi2_lmnn needs a class with two examples to find target neighbours in; each of these "
          "is "
          "of a class of its own");
    const std::int64_t r = require_components(components, problem.d(), "the number of features");
    const Matrix X = HistogramModel::normalized(problem.X, 0);
    ChiSquaredObjective objective(X, problem.y, targets(X, members), push_weight, margin);
    // Features beyond the r-th begin in the bins in turn.
    Matrix A = Matrix::Zero(r, problem.d());
    for (std::int64_t j = 0; j < problem.d(); ++j) A(j % r, j) = sharpness;
    Solution solution = minimize_with(problem, objective, std::move(A));
    solution.model = std::make_unique<HistogramModel>(column_softmax(solution.L));
    solution.L.resize(0, 0);
    return solution;
  }

  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override {
    return std::make_unique<HistogramModel>(read_npy_matrix(folder / "L.npy"));
  }

 private:
  std::vector<Indices> targets(const Matrix& X, const std::vector<Indices>& members) const {
    std::vector<Indices> found(static_cast<std::size_t>(X.rows()));
    for (const Indices& of : members) {
      const std::int64_t k = std::min(n_neighbors, static_cast<std::int64_t>(of.size()) - 1);
      const Matrix own = X(of, Eigen::all);
      const Neighbors<double> near = nearest_neighbors(own, k, Distance::chi_squared);
      for (std::size_t i = 0; i < of.size(); ++i)
        for (std::int64_t j = 0; j < k; ++j)
          found[static_cast<std::size_t>(of[i])].push_back(
              of[static_cast<std::size_t>(near.indices(static_cast<Eigen::Index>(i), j))]);
    }
    return found;
  }

  Solution minimize_with(const SolverProblem& problem, ChiSquaredObjective& objective,
                         Matrix A) const {
    Iterations iterations(problem, "chi2_lmnn", max_iterations, time_limit);
    Minimum minimum = minimize_lbfgs(
        std::ref(objective), std::move(A),
        {.max_iterations = max_iterations, .tolerance = tolerance, .go_on = [&](double value) {
           iterations.end_one(value);
           return !iterations.out_of_time();
         }});
    return {.L = std::move(minimum.x),
            .objective = minimum.value,
            .iterations = minimum.iterations,
            .stopped = std::move(minimum.stopped),
            .objectives = std::move(minimum.values)};
  }

  std::optional<std::int64_t> components;
  std::int64_t n_neighbors = 3;
  double push_weight = 0.5;
  double margin = 0.1;
  double sharpness = 5;
};

METRICLAB_PLUGIN(Chi2Lmnn, "chi2_lmnn");

}  // namespace
