// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/online_draws.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// LogDet exact gradient online: a metric learned from one pair at a time, each step as near to the
/// metric before it as its pair's target lets it be,
///
///     M_{t+1} = argmin over M of D(M, M_t) + η·(d²_M − y)²/2,  D: the LogDet divergence, d²_M =
///     vᵀMv
///
/// v: the difference of the pair, y: its target. The minimum is closed: with ŷ = vᵀM_t v,
///
///     M_{t+1} = M_t − η(ȳ − y)·(M_t v)(M_t v)ᵀ/(1 + η(ȳ − y)·ŷ)
///     ȳ = [ηyŷ − 1 + √((ηyŷ − 1)² + 4ηŷ²)]/(2ηŷ) = vᵀM_{t+1}v
///
/// so M stays positive definite without projection. From M = I. The target of a similar pair is the
/// similar bound u, of a dissimilar one the dissimilar bound l; a pair that is within its bound
/// already changes nothing. η = learning_rate/y², which makes the step the same in any unit.
///
/// Pairs: the given ones, or of the labels one similar and one dissimilar in turn, each step
/// drawing one anew. The bounds, where not given, are percentiles of the squared distances of 2000
/// pairs of examples drawn at random. An iteration is 1000 steps, the objective the mean over these
/// of [d²/u − 1]₊ or [1 − d²/l]₊ before each step; it falls in the mean only.
///
/// Differs from the paper: pairs within their bounds are passed over, and η is relative to the
/// target, where the paper's analysis bounds it by the data's radius.
class Lego final : public IterativeSolver {
 public:
  Lego() : IterativeSolver(0, 0) {}

  static void describe(Description<Lego>& is) {
    is.summary("online LogDet steps, each pair drawn towards its bound in closed form");
    is.source(
        "Jain, Kulis, Dhillon, Grauman. Online metric learning and fast similarity search. NIPS "
        "2008");
    is.cost("O(d²) time a step, O(d²) memory; reads the examples it draws only");
    is.parameter("steps", &Lego::steps, "pairs to learn from").at_least(1);
    is.parameter("learning_rate", &Lego::learning_rate,
                 "how far a step goes towards its pair's bound: η·y²")
        .above(0);
    is.parameter("lower_percentile", &Lego::lower_percentile,
                 "of the squared distances: the bound for similar pairs")
        .at_least(0)
        .at_most(100);
    is.parameter("upper_percentile", &Lego::upper_percentile,
                 "of the squared distances: the bound for dissimilar pairs")
        .at_least(0)
        .at_most(100);
    is.parameter("similar_bound", &Lego::similar_bound,
                 "u, for the squared distance of similar pairs; null is the lower percentile")
        .above(0);
    is.parameter("dissimilar_bound", &Lego::dissimilar_bound,
                 "l, for the squared distance of dissimilar pairs; null is the upper percentile")
        .above(0);
    describe_time_limit(is);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lego");
    OnlinePairs pairs(problem, "lego");
    const auto [u, l] = bounds(problem);
    const std::int64_t d = problem.d();
    Matrix M = Matrix::Identity(d, d);
    Iterations iterations(problem, "lego", (steps + kIteration - 1) / kIteration, time_limit);
    for (std::int64_t rest = steps; iterations.go_on();) {
      const std::int64_t count = std::min(rest, kIteration);
      const OnlinePairs::Block block = pairs.draw(count);
      double loss = 0;
      for (std::int64_t s = 0; s < count; ++s)
        loss += step(block.differences.row(s).transpose(),
                     block.similar[static_cast<std::size_t>(s)], u, l, M);
      rest -= count;
      iterations.end_one(loss / static_cast<double>(count));
    }
    M = (M + M.transpose()).eval() / 2;
    if (!M.allFinite())
      throw Error("lego needs features whose inner products are finite; scale these down");
    return std::move(iterations).solution(factorize(project_psd(M), 1e-14));
  }

 private:
  static constexpr std::int64_t kIteration = 1000;

  /// Learns from one pair; its violation, relative to its bound.
  double step(const Vector& v, bool similar, double u, double l, Matrix& M) const {
    const Vector Mv = M * v;
    const double found = v.dot(Mv), y = similar ? u : l;
    const double violation = similar ? found / u - 1 : 1 - found / l;
    // A pair of equal examples stays at 0.
    if (violation <= 0 || found <= 0) return std::max(violation, 0.0);
    const double g = learning_rate, ratio = found / y;  // η·y², ŷ/y
    const double b = g * ratio - 1;
    const double root = std::sqrt(b * b + 4 * g * ratio * ratio);
    // ȳ/y, the positive root, without cancellation where b < 0.
    const double reached = b >= 0 ? (b + root) / (2 * g * ratio) : 2 * ratio / (root - b);
    const double change = g * (reached - 1) / y;  // η(ȳ − y)
    M.noalias() -= change / (1 + change * found) * Mv * Mv.transpose();
    return violation;
  }

  std::pair<double, double> bounds(const SolverProblem& problem) const {
    if (lower_percentile > upper_percentile)
      throw Error(
          fmt::format("{} is above upper_percentile, {}", lower_percentile, upper_percentile))
          .in("lower_percentile");
    std::pair<double, double> found{similar_bound.value_or(0), dissimilar_bound.value_or(0)};
    if (similar_bound && dissimilar_bound) return found;
    constexpr std::int64_t kPairs = 2000;
    const Random random = problem.random.child("bounds");
    const Vector squares = random_differences(problem, kPairs, random).rowwise().squaredNorm();
    std::vector<double> sorted(squares.data(), squares.data() + squares.size());
    std::sort(sorted.begin(), sorted.end());
    auto percentile = [&](double percent) {
      return sorted[static_cast<std::size_t>(
          std::lround(percent / 100 * static_cast<double>(sorted.size() - 1)))];
    };
    if (!similar_bound) found.first = percentile(lower_percentile);
    if (!dissimilar_bound) found.second = percentile(upper_percentile);
    if (found.second <= 0)
      throw Error("lego needs examples that differ; of those it draws no two do");
    // Where many examples are equal the lower percentile is 0, which no step reaches.
    found.first = std::max(found.first, 1e-9 * found.second);
    return found;
  }

  std::int64_t steps = 20000;
  double learning_rate = 0.1;
  double lower_percentile = 5, upper_percentile = 95;
  std::optional<double> similar_bound, dissimilar_bound;
};

METRICLAB_PLUGIN(Lego, "lego");

}  // namespace
