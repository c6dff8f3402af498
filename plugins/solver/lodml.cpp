// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/ordinal_triplets.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// The problem below in features of such a scale that the mean squared distance of the pairs is 1,
/// its hinges rounded off over a width at their kinks, as a function of A (d × d) with L = A·W,
///
///     W = (V + αI)^(−1/2),  V = mean over the pairs of (x_i − x_a)(x_i − x_a)ᵀ,
///
/// times a number: in these coordinates pairs differ alike in all directions in which triplets can
/// gain more than α costs, and L-BFGS needs few steps whatever the units of the features are.
/// Remembers the best L of all evaluated and the greatest lower bound.
class Objective {
 public:
  /// X (n × d) centred and scaled.
  Objective(const Matrix& X, const OrdinalTriplets& triplets, double alpha)
      : X_(X), triplets_(triplets), alpha_(alpha) {
    const auto pairs = static_cast<std::int64_t>(triplets.pairs().size());
    const Vector each = Vector::Constant(pairs, 1 / static_cast<double>(pairs));
    const SymmetricEigen scatter = symmetric_eigen(scatter_of_pairs(X, triplets.pairs(), each));
    const Vector values = scatter.values.cwiseMax(0);
    const Vector widths = (values.array() + alpha).sqrt().inverse();
    W_ = scatter.vectors.transpose() * widths.asDiagonal() * scatter.vectors;
    const double square = values.cwiseProduct(widths.cwiseAbs2()).sum();
    if (square > 0) W_ /= std::sqrt(square);
  }

  /// α‖L‖² + the mean of the rounded hinges, L = A·W; sets its derivative by A.
  double operator()(const Matrix& A, Matrix& gradient) {
    const Matrix L = A * W_;
    const Matrix Z = X_ * L.transpose();
    means_ = triplets_(pair_distances(Z, triplets_.pairs()), width_, slopes_);
    at_ = A;
    Matrix laplacian = Matrix::Zero(Z.rows(), Z.cols());
    add_laplacian(Z, triplets_.pairs(), slopes_, laplacian);
    Matrix slope = alpha_ * L;
    slope.noalias() += laplacian.transpose() * X_;
    gradient.noalias() = 2 * slope * W_;
    const double trace = alpha_ * L.squaredNorm();
    value_ = trace + means_.hinge;
    if (value_ < best_) {
      best_ = value_;
      best_L_ = L;
    }
    return trace + means_.smooth;
  }

  /// αI + Σ w (C of the triplet), w as at the last evaluation: the derivative by M.
  Matrix slope() const {
    Matrix S = scatter_of_pairs(X_, triplets_.pairs(), slopes_);
    S.diagonal().array() += alpha_;
    return S;
  }

  /// Raises the lower bound to what the weights at A say; gives how far the value there is above
  /// that.
  double gap_at(const Matrix& A) {
    Matrix gradient;
    if (at_.rows() != A.rows() || at_.cols() != A.cols() || at_ != A) (*this)(A, gradient);
    const double least = -leading_eigen(-slope(), 1).values[0];
    const double feasible = least < 0 ? alpha_ / (alpha_ - least) : 1;
    const double bound = feasible * means_.weight;
    bound_ = std::max(bound_, bound);
    return value_ - bound;
  }

  void set_width(double width) {
    width_ = width;
    at_.resize(0, 0);
  }
  double best() const { return best_; }
  const Matrix& best_L() const { return best_L_; }
  double bound() const { return bound_; }
  double slack() const { return means_.slack; }

 private:
  const Matrix& X_;
  const OrdinalTriplets& triplets_;
  double alpha_, width_ = 1;
  Matrix W_;  // (d × d), symmetric
  // Of the last evaluation.
  Matrix at_;
  Vector slopes_;
  OrdinalTriplets::Means means_;
  double value_ = 0;
  double best_ = std::numeric_limits<double>::infinity(), bound_ = 0;
  Matrix best_L_;
};

/// Linear ordinal distance metric learning: neighbours of farther classes are kept farther away
/// than those of nearer ones, by a large margin.
///
///     minimise over M ⪰ 0:  α·tr(M) + mean over T of [1 + d²_ia − d²_ib]₊
///     T = {(i, a, b): a, b in N(i), y_i ≤ y_a < y_b or y_i ≥ y_a > y_b}
///
/// d²_ij = (x_i − x_j)ᵀM(x_i − x_j); N(i): the k_genuine nearest of x_i's class and the k_impostor
/// nearest of all others together, in the input space, ties by index, fewer where there are not
/// that many. Classes are ordered by their numbers; only the order of the labels counts, and to
/// reverse it changes nothing. Two classes: only the triplets with a in x_i's class remain. One
/// class, and no triplet: an error. alpha has the unit of squared features: where it outweighs what
/// triplets gain, M = 0 is the solution, and all distances are 0.
///
/// The problem is convex. It is solved by L-BFGS on L (d × d), M = LᵀL, from the metric in which
/// pairs differ alike in all directions, for hinges rounded off at their kinks over a width that is
/// made ever smaller. Their derivatives w (0 ≤ w ≤ 1) at any M bound the minimum from below by
/// duality,
///
///     θ·mean(w),  θ the greatest in [0, 1] with  αI + θ·mean(w·C) ⪰ 0,
///
/// C = (x_i − x_a)(x_i − x_a)ᵀ − (x_i − x_b)(x_i − x_b)ᵀ. Stopped "converged" when the objective is
/// within tolerance of itself of this bound, or can't be lowered any more in double precision. The
/// objective reported is that of the best M so far; it never rises.
///
/// With a kernel this is kernel ordinal distance metric learning (KODML), the same problem in the
/// feature space: tr(M) there is ⟨A, K⟩ for M = Φᵀ·A·Φ. Neighbours are those in the feature space;
/// pyDML's KODML finds them by the distances between rows of K, and the authors' own program takes
/// these rows for the features.
///
/// Differs from the paper: solved to a certified precision instead of by projected gradient steps
/// from M = I; an example that is alone in its class has triplets of two others, there it has none.
class Lodml final : public IterativeSolver {
 public:
  Lodml() : IterativeSolver(1000, 1e-4) {}

  static void describe(Description<Lodml>& is) {
    is.summary("neighbours ranked by how far their labels are, by a large margin");
    is.source(
        "Nguyen, Morell, De Baets. Distance metric learning for ordinal classification based on "
        "triplet constraints. Knowledge-Based Systems 2018");
    is.cost(
        "O((n + d) d² + n k d + t) time an iteration for k neighbours in t triplets, of which "
        "there are "
        "n k²/2 at most; once O(n² d); O(n (d + k) + d²) memory");
    is.property("labels_are_ordered");
    is.parameter("k_genuine", &Lodml::k_genuine,
                 "neighbours of its class in an example's triplets (the paper's k)")
        .at_least(1);
    is.parameter("k_impostor", &Lodml::k_impostor,
                 "neighbours of other classes in an example's triplets (the paper's v)")
        .at_least(1);
    is.parameter("alpha", &Lodml::alpha, "weight of the trace of M").above(0);
    describe_limits(is, "stops when the objective is proven to be within this part of the least");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lodml");
    const std::vector<Indices> members = require_classes(problem, "lodml");
    Matrix X = problem.X.rowwise() - mean(problem.X).transpose();
    const OrdinalTriplets triplets(X, problem.y, members, k_genuine, k_impostor);
    if (triplets.count() == 0)
      throw Error(fmt::format(
          "lodml finds no triplet: none of the {} classes has two examples, and no example has "
          "two classes on one side of its own; give more examples of a class",
          members.size()));
    const double square = pair_distances(X, triplets.pairs()).mean();
    const double scale = square > 0 ? std::sqrt(square) : 1;
    X /= scale;
    Objective objective(X, triplets, alpha / (scale * scale));
    Solution solution = minimize(problem, objective);
    solution.L /= scale;
    return solution;
  }

 private:
  Solution minimize(const SolverProblem& problem, Objective& objective) const {
    constexpr double kNarrower = 0.1, kNarrowest = 1e-8;
    constexpr int kCheckEvery = 4;   // a bound costs about what an iteration does
    constexpr double kNone = 1e-12;  // of the greatest eigenvalue of M, below which there is none
    const std::int64_t d = problem.d();
    Iterations iterations(problem, "lodml", max_iterations, time_limit);
    // At M = 0 all hinges are 1 and their derivatives are known.
    Matrix gradient;
    objective(Matrix::Zero(d, d), gradient);
    if (objective.gap_at(Matrix::Zero(d, d)) <= 0) {
      iterations.begin(objective.best());
      iterations.converged();
      return std::move(iterations).solution(Matrix::Zero(1, d));
    }
    Matrix A = Matrix::Identity(d, d);
    objective(A, gradient);
    iterations.begin(objective.best());
    for (double width = 1; iterations.go_on(); width *= kNarrower) {
      objective.set_width(width);
      bool close = false;
      const LbfgsOptions options{.max_iterations = max_iterations - iterations.count(),
                                 .converged =
                                     [&](const Matrix& at, const Matrix& /*gradient*/) {
                                       if (iterations.count() % kCheckEvery != 0) return false;
                                       const double gap = objective.gap_at(at);
                                       close = objective.best() - objective.bound() <=
                                               tolerance * objective.best();
                                       // What is left is mostly due to the width.
                                       return close || gap <= 2 * objective.slack();
                                     },
                                 .memory = 20,
                                 .go_on =
                                     [&](double /*value*/) {
                                       iterations.end_one(objective.best());
                                       return !iterations.out_of_time();
                                     }};
      A = minimize_lbfgs(std::ref(objective), std::move(A), options).x;
      if (close || width < kNarrowest) iterations.converged();
    }
    const Matrix M = objective.best_L().transpose() * objective.best_L();
    return std::move(iterations).solution(factorize(M, kNone));
  }

  std::int64_t k_genuine = 5;
  std::int64_t k_impostor = 15;
  double alpha = 0.01;
};

METRICLAB_PLUGIN(Lodml, "lodml");

}  // namespace
