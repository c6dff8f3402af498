// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Large-margin nearest neighbours by mini-batches, for data that need not fit in memory: the
/// objective of lmnn,
///
///     (1 − μ)·Σ_{i, j in T(i)} d²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [1 + d²_ij − d²_il]₊
///
/// over batches of examples, target neighbours T(i) and impostors l both being of the batch, a mean
/// over its examples; μ = push_weight. A batch takes classes in proportion to their examples,
/// without repeats, and of each some examples at random: batch_size/C of C classes, and no fewer
/// than 2·(n_neighbors + 1), so that with many classes it holds some of them. Neighbours within a
/// batch are farther than within all, so the metric is that of a sparser sample: larger batches
/// come nearer to lmnn.
///
/// L by Adam, whose step is learning_rate times the root mean square of L's entries and falls
/// linearly to 0 over the steps. L begins at `init`, found on 4096 examples at most, times the
/// power of √2 that makes the first batch's objective least. An iteration is 10 steps, its
/// objective the mean over their batches before each step; it falls in the mean only.
class StochasticLmnn final : public TransformationSolver {
 public:
  StochasticLmnn() : TransformationSolver(0, 0) {}

  static void describe(Description<StochasticLmnn>& is) {
    is.summary("large-margin nearest neighbours by mini-batches of data of any size");
    is.source(
        "Weinberger, Saul. Distance metric learning for large margin nearest neighbor "
        "classification. Journal of Machine Learning Research 2009");
    is.source("Kingma, Ba. Adam: a method for stochastic optimization. ICLR 2015");
    is.cost(
        "O(b² r + b²/C d + b r d) time a step for batches of b and C classes, O(b d + b²) memory; "
        "reads the examples it draws only");
    is.parameter("n_neighbors", &StochasticLmnn::n_neighbors,
                 "target neighbours of each example, of its batch")
        .at_least(1);
    is.parameter("push_weight", &StochasticLmnn::push_weight,
                 "weight of the impostors' part (the paper's mu); one less it is that of the "
                 "targets' part")
        .above(0)
        .below(1);
    is.parameter("batch_size", &StochasticLmnn::batch_size, "examples of a batch").at_least(8);
    is.parameter("steps", &StochasticLmnn::steps, "batches to learn from").at_least(1);
    is.parameter("learning_rate", &StochasticLmnn::learning_rate,
                 "the first step, as a part of the size of L's entries")
        .above(0);
    describe_start(is);
    describe_time_limit(is);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "stochastic_lmnn");
    const std::vector<Indices> members = require_classes(problem, "stochastic_lmnn");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error(
          "stochastic_lmnn needs a class with two examples; each of these is of a class of its "
          "own");
    Batches batches(problem, members, batch_size, 2 * (n_neighbors + 1));
    Batch batch = batches.next();
    Matrix L = start(sample(problem), "stochastic_lmnn");
    L *= best_scale(batch, L);

    Adam adam(L);
    Iterations iterations(problem, "stochastic_lmnn", (steps + kIteration - 1) / kIteration,
                          time_limit);
    Matrix gradient(L.rows(), L.cols());
    for (std::int64_t done = 0; iterations.go_on();) {
      double loss = 0;
      const std::int64_t count = std::min(kIteration, steps - done);
      for (std::int64_t k = 0; k < count; ++k, ++done) {
        if (done > 0) batch = batches.next();
        loss += value(batch, L, gradient);
        const double size = L.norm() / std::sqrt(static_cast<double>(L.size()));
        const double rest = 1 - static_cast<double>(done) / static_cast<double>(steps);
        adam.step(learning_rate * rest * size, gradient, L);
      }
      iterations.end_one(loss / static_cast<double>(count));
    }
    return std::move(iterations).solution(std::move(L));
  }

 private:
  static constexpr std::int64_t kIteration = 10;

  struct Batch {
    Matrix X;
    std::vector<std::int32_t> y;
  };

  class Batches {
   public:
    Batches(const SolverProblem& problem, const std::vector<Indices>& members, std::int64_t size,
            std::int64_t least)
        : problem_(problem), members_(members), random_(problem.random.child("batches")) {
      const auto n_classes = static_cast<std::int64_t>(members.size());
      of_each_ = std::max(least, size / n_classes);
      classes_ = std::clamp<std::int64_t>(size / of_each_, 2, n_classes);
      place_.resize(static_cast<std::size_t>(problem.n_classes()));
      for (std::size_t c = 0; c < members.size(); ++c)
        place_[static_cast<std::size_t>(problem.y[static_cast<std::size_t>(members[c][0])])] = c;
    }

    Batch next() {
      Indices chosen;
      for (const std::size_t c : classes()) {
        const Indices& of = members_[c];
        const auto size = static_cast<std::int64_t>(of.size());
        if (size <= of_each_) {
          chosen.insert(chosen.end(), of.begin(), of.end());
          continue;
        }
        for (const std::int64_t k : random_.sample(size, of_each_))
          chosen.push_back(of[static_cast<std::size_t>(k)]);
      }
      std::sort(chosen.begin(), chosen.end());
      Batch batch{problem_.rows(chosen), {}};
      for (const std::int64_t i : chosen)
        batch.y.push_back(problem_.y[static_cast<std::size_t>(i)]);
      return batch;
    }

   private:
    /// Those of examples drawn at random, until there are enough; the first of two examples or
    /// more, without which there would be nothing to learn.
    std::vector<std::size_t> classes() {
      std::vector<std::size_t> chosen;
      std::vector<bool> taken(members_.size(), false);
      while (static_cast<std::int64_t>(chosen.size()) < classes_) {
        const auto example = static_cast<std::size_t>(random_.below(problem_.n()));
        const std::size_t c = place_[static_cast<std::size_t>(problem_.y[example])];
        if (taken[c] || (chosen.empty() && members_[c].size() == 1)) continue;
        taken[c] = true;
        chosen.push_back(c);
      }
      return chosen;
    }

    const SolverProblem& problem_;
    const std::vector<Indices>& members_;
    Random random_;
    std::int64_t of_each_ = 0, classes_ = 0;
    std::vector<std::size_t> place_;  // of each label among the classes that have examples
  };

  class Adam {
   public:
    explicit Adam(const Matrix& L) : mean_(Matrix::Zero(L.rows(), L.cols())), square_(mean_) {}

    void step(double size, const Matrix& gradient, Matrix& L) {
      constexpr double kMean = 0.9, kSquare = 0.999;
      ++count_;
      mean_ = kMean * mean_ + (1 - kMean) * gradient;
      square_ = kSquare * square_ + (1 - kSquare) * gradient.cwiseAbs2();
      const double by_mean = 1 - std::pow(kMean, count_), by_square = 1 - std::pow(kSquare, count_);
      // Relative to the largest, a gradient that is 0 but for rounding moves nothing.
      const double least = 1e-8 * std::sqrt(square_.maxCoeff() / by_square);
      if (!(least > 0)) return;
      L.array() -= size * mean_.array() / by_mean / ((square_ / by_square).array().sqrt() + least);
    }

   private:
    Matrix mean_, square_;
    int count_ = 0;
  };

  /// The mean of the objective over a batch's examples.
  double value(const Batch& batch, const Matrix& L, Matrix& gradient) const {
    LmnnObjective objective(batch.X, batch.y, target_neighbors(batch.X, batch.y, n_neighbors),
                            push_weight);
    const auto n = static_cast<double>(batch.y.size());
    const double sum = objective(L, gradient);
    gradient /= n;
    return sum / n;
  }

  /// Some of the examples, in memory, for a start to be found on.
  static SolverProblem sample(const SolverProblem& problem) {
    constexpr std::int64_t kMost = 4096;
    SolverProblem some{.X = {}, .random = problem.random};
    Indices chosen = problem.random.child("start").permutation(problem.n());
    chosen.resize(static_cast<std::size_t>(std::min(kMost, problem.n())));
    std::sort(chosen.begin(), chosen.end());
    some.X = problem.rows(chosen);
    for (const std::int64_t i : chosen) some.y.push_back(problem.y[static_cast<std::size_t>(i)]);
    return some;
  }

  /// The power of √2 by which L makes the objective least, between those that make the mean
  /// distance to a target neighbour 10⁻³ and 10³.
  double best_scale(const Batch& batch, const Matrix& L) const {
    const std::vector<Indices> targets = target_neighbors(batch.X, batch.y, n_neighbors);
    const Matrix Z = batch.X * L.transpose();
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < targets.size(); ++i)
      for (const std::int64_t j : targets[i]) {
        sum += (Z.row(static_cast<Eigen::Index>(i)) - Z.row(j)).squaredNorm();
        ++count;
      }
    if (!(sum > 0)) return 1;
    const auto middle = static_cast<int>(std::lround(-std::log2(sum / count)));
    double best = 1, least = std::numeric_limits<double>::infinity();
    Matrix ignored(L.rows(), L.cols());
    for (int power = middle - 20; power <= middle + 20; ++power) {
      const double scale = std::exp2(power / 2.0);
      const double found = value(batch, scale * L, ignored);
      if (found >= least) continue;
      least = found;
      best = scale;
    }
    return best;
  }

  std::int64_t n_neighbors = 3;
  double push_weight = 0.5;
  std::int64_t batch_size = 512;
  std::int64_t steps = 500;
  double learning_rate = 0.05;
};

METRICLAB_PLUGIN(StochasticLmnn, "stochastic_lmnn");

}  // namespace
