// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/regression_tree.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>

namespace {

using namespace metriclab;

/// x → Lx + Σ_t h_t(x).
class BoostedModel final : public Model {
 public:
  BoostedModel(Matrix L, RegressionTrees trees) : L_(std::move(L)), trees_(std::move(trees)) {}

  MatrixF embed(const Examples& examples) const override {
    constexpr std::int64_t kBlock = 4096;
    MatrixF embeddings(examples.size(), L_.rows());
    for (std::int64_t begin = 0; begin < examples.size(); begin += kBlock) {
      const std::int64_t count = std::min(kBlock, examples.size() - begin);
      const Matrix X = examples.rows(begin, count);
      Matrix Z = X * L_.transpose();
      trees_.add_to(Z, X);
      embeddings.middleRows(begin, count) = Z.cast<float>();
    }
    return embeddings;
  }
  void save(const std::filesystem::path& folder) const override {
    Matrix nodes(static_cast<std::int64_t>(trees_.nodes.size()), 3);
    for (std::size_t k = 0; k < trees_.nodes.size(); ++k) {
      const auto& node = trees_.nodes[k];
      nodes.row(static_cast<std::int64_t>(k)) << static_cast<double>(node.feature), node.threshold,
          static_cast<double>(node.child);
    }
    Matrix roots(static_cast<std::int64_t>(trees_.roots.size()), 1);
    for (std::size_t t = 0; t < trees_.roots.size(); ++t)
      roots(static_cast<std::int64_t>(t), 0) = static_cast<double>(trees_.roots[t]);
    write_npy(folder / "L.npy", L_);
    if (trees_.roots.empty()) return;
    write_npy(folder / "nodes.npy", nodes);
    write_npy(folder / "roots.npy", roots);
    write_npy(folder / "values.npy", trees_.values);
  }
  static std::unique_ptr<Model> restore(const std::filesystem::path& folder) {
    RegressionTrees trees;
    if (std::filesystem::exists(folder / "roots.npy")) {
      const Matrix nodes = read_npy_matrix(folder / "nodes.npy");
      for (std::int64_t k = 0; k < nodes.rows(); ++k)
        trees.nodes.push_back({static_cast<std::int64_t>(nodes(k, 0)), nodes(k, 1),
                               static_cast<std::int64_t>(nodes(k, 2))});
      const Matrix roots = read_npy_matrix(folder / "roots.npy");
      for (std::int64_t t = 0; t < roots.rows(); ++t)
        trees.roots.push_back(static_cast<std::int64_t>(roots(t, 0)));
      trees.values = read_npy_matrix(folder / "values.npy");
    }
    return std::make_unique<BoostedModel>(read_npy_matrix(folder / "L.npy"), std::move(trees));
  }

 private:
  Matrix L_;
  RegressionTrees trees_;
};

/// Gradient-boosted large-margin nearest neighbours: LMNN's transformation, bent by regression
/// trees,
///
///     φ(x) = Lx + Σ_t h_t(x)
///     minimise  (1 − μ)·Σ_{i, j in T(i)} d²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [1 + d²_ij −
///     d²_il]₊ d_ij = ‖φ(x_i) − φ(x_j)‖
///
/// T(i), μ = push_weight, and the sums as in lmnn. First L is lmnn's solution; then each tree h_t,
/// of r outputs, is fitted by least squares to the negative derivatives of the objective by the
/// φ(x_i) and added, times a step that begins at learning_rate and is halved for as long as the
/// objective would not fall. An iteration is one of lmnn's or a tree; the objective reported is the
/// sum above and never rises. Stopped "iterations" with n_trees trees, "converged" when no step
/// lowers the objective. Errors as lmnn's.
///
/// Differs from the paper: the halving of the step; μ as in lmnn; thresholds between 256 groups of
/// a feature's values at most.
class GbLmnn final : public TransformationSolver {
 public:
  GbLmnn() : TransformationSolver(1000, 1e-4) {}

  static void describe(Description<GbLmnn>& is) {
    is.summary("large-margin nearest neighbours by a transformation and boosted regression trees");
    is.source("Kedem, Tyree, Sha, Lanckriet, Weinberger. Non-linear metric learning. NIPS 2012");
    is.cost(
        "as lmnn, and O(depth n d r + a r) time a tree with a near pairs of different classes; O(n "
        "d "
        "+ a + n_trees r 2^depth) memory");
    is.parameter("n_neighbors", &GbLmnn::n_neighbors, "target neighbours of each example")
        .at_least(1);
    is.parameter("push_weight", &GbLmnn::push_weight,
                 "weight of the impostors' part (the paper's mu); one less it is that of the "
                 "targets' part")
        .above(0)
        .below(1);
    is.parameter("n_trees", &GbLmnn::n_trees, "trees at most").at_least(1);
    is.parameter("depth", &GbLmnn::depth, "splits from a tree's root to a leaf at most")
        .at_least(1)
        .at_most(16);
    is.parameter("learning_rate", &GbLmnn::learning_rate, "the first trees' step").above(0);
    describe_start(is);
    describe_limits(is,
                    "lmnn's part stops when 5 iterations together better the objective by no more "
                    "than this part of it");
  }

  Solution learn(const SolverProblem& problem) override {
    constexpr int kHalvings = 12;
    require_features(problem, "gb_lmnn");
    const std::vector<Indices> members = require_classes(problem, "gb_lmnn");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error(
          "gb_lmnn needs a class with two examples to find target neighbours in; each of these is "
          "of "
          "a class of its own");
    LmnnObjective objective(problem.X, problem.y,
                            target_neighbors(problem.X, problem.y, n_neighbors), push_weight);
    Iterations iterations(problem, "gb_lmnn", max_iterations + n_trees, time_limit);
    Matrix L = start(problem, "gb_lmnn"), gradient(L.rows(), L.cols());
    iterations.begin(objective(L, gradient));
    L = minimize_lbfgs(std::ref(objective), std::move(L),
                       {.max_iterations = max_iterations,
                        .tolerance = tolerance,
                        .go_on =
                            [&](double value) {
                              iterations.end_one(value);
                              return !iterations.out_of_time();
                            }})
            .x;

    Matrix Z = problem.X * L.transpose(), moved, by_Z, next;
    double value = objective.at_embeddings(Z, by_Z);
    const RegressionTreeGrower grower(problem.X, depth);
    RegressionTrees trees;
    double step = learning_rate;
    for (std::int64_t tree = 0; tree < n_trees && iterations.go_on(); ++tree) {
      grower.grow(-by_Z, trees);
      Matrix change = Matrix::Zero(Z.rows(), Z.cols());
      trees.add_to(change, problem.X, trees.roots.size() - 1);
      bool lower = false;
      for (int halving = 0; halving < kHalvings && !lower; ++halving) {
        moved = Z + step * change;
        const double there = objective.at_embeddings(moved, next);
        lower = there < value;
        if (lower)
          value = there;
        else
          step /= 2;
      }
      if (!lower) {
        trees.drop_last();
        iterations.converged();
        break;
      }
      trees.scale_last(step);
      Z.swap(moved);
      by_Z.swap(next);
      iterations.end_one(value);
    }
    Solution solution = std::move(iterations).solution({});
    solution.model = std::make_unique<BoostedModel>(std::move(L), std::move(trees));
    return solution;
  }

  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override {
    return BoostedModel::restore(folder);
  }

 private:
  std::int64_t n_neighbors = 3;
  double push_weight = 0.5;
  std::int64_t n_trees = 200;
  std::int64_t depth = 4;
  double learning_rate = 1e-3;
};

METRICLAB_PLUGIN(GbLmnn, "gb_lmnn");

}  // namespace
