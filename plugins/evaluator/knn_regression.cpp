// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/voting.hpp>

namespace {

using namespace metriclab;

/// k-nearest-neighbour regression of the test part's targets y by the training part's; where that
/// is empty, of each test example's by all others'. With N(i) the n_neighbors nearest of example i
/// (ties in distance: the smaller index),
///
///     ŷ_i = Σ_{j ∈ N(i)} w_ij y_j / Σ_{j ∈ N(i)} w_ij
///
/// `weights`: "uniform", w = 1; "distance", w_ij = 1 / d(x_i, x_j), d the embeddings' distance by
/// its name; where neighbours are at distance 0, the mean over these alone. Under dot, whose
/// distances may be negative, "distance" has no value.
///
///     r2    1 − Σ_i (y_i − ŷ_i)² / Σ_i (y_i − ȳ)², ȳ the mean over the test part: higher is
///     better,
///           1 at best, 0 for predicting ȳ, and below that without end
///     rmse  √((1/n) Σ_i (y_i − ŷ_i)²), in the targets' unit: lower is better
///     mae   (1/n) Σ_i |y_i − ŷ_i|, in the targets' unit: lower is better
///
/// sums over the n test examples. Without targets or with an empty test part: NaN; where all
/// targets of the test part are equal, r2 is. Throws Error where there are fewer than n_neighbors
/// examples to predict from, and for a target that is not finite. Cost: one search.
class KnnRegression final : public Evaluator {
 public:
  static void describe(Description<KnnRegression>& is) {
    is.summary("k-nearest-neighbour regression of real targets: R², RMSE, MAE");
    is.source(
        "Altman. An introduction to kernel and nearest-neighbor nonparametric regression. The "
        "American Statistician 1992");
    is.cost("O(n_test · n_train · d) time as a matrix product, O(n_test · n_neighbors) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_neighbors", &KnnRegression::n_neighbors,
                 "how many neighbours a target is predicted from")
        .at_least(1);
    describe_weights(is, &KnnRegression::weights);
  }

  bool needs_labels() const override { return false; }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (input.test.embeddings.rows() == 0) return without_values("the test part is empty");
    const Embedded& voters = voters_of(input);
    if (input.test.targets.empty() || voters.targets.empty())
      return without_values("the data set has no targets");
    require_targets(input.test, "test");
    require_targets(voters, "training");
    require_voters(input, n_neighbors, "knn_regression");
    if (const auto reason = unweighable(weights, input.distance)) return without_values(*reason);

    const Neighbors<float> found = nearest_voters(input, n_neighbors);
    std::vector<double> predicted;
    for (std::int64_t i = 0; i < input.test.embeddings.rows(); ++i) {
      const std::vector<double> counts = vote_weights(found, i, weights);
      double sum = 0, total = 0;
      for (std::int64_t rank = 0; rank < n_neighbors; ++rank) {
        const double weight = counts[static_cast<std::size_t>(rank)];
        sum += weight * voters.targets[static_cast<std::size_t>(found.indices(i, rank))];
        total += weight;
      }
      predicted.push_back(sum / total);
    }
    return metrics_of(input.test.targets, predicted);
  }

 private:
  static std::vector<Metric> without_values(const std::string& reason) {
    return {undefined("r2", reason), undefined("rmse", reason, Better::lower),
            undefined("mae", reason, Better::lower)};
  }

  static void require_targets(const Embedded& part, std::string_view what) {
    METRICLAB_CHECK(static_cast<std::int64_t>(part.targets.size()) == part.embeddings.rows(),
                    "a target for each example");
    for (std::size_t i = 0; i < part.targets.size(); ++i)
      if (!std::isfinite(part.targets[i]))
        throw Error(fmt::format("the target of {} example {} is {}; finite ones are needed", what,
                                i, part.targets[i]));
  }

  static std::vector<Metric> metrics_of(const std::vector<double>& truth,
                                        const std::vector<double>& predicted) {
    const auto n = static_cast<double>(truth.size());
    double mean = 0, squares = 0, absolute = 0, around_mean = 0;
    bool equal = true;
    for (double target : truth) {
      mean += target / n;
      equal = equal && target == truth.front();
    }
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const double error = truth[i] - predicted[i];
      squares += error * error;
      absolute += std::abs(error);
      around_mean += (truth[i] - mean) * (truth[i] - mean);
    }
    // Squares of targets beyond 1e±150 leave the range of double.
    if (!std::isfinite(squares) || !std::isfinite(around_mean) || (!equal && around_mean == 0))
      return without_values("the targets are too large or too small to be squared; scale them");
    Metric r2 = undefined("r2", "all targets of the test part are equal");
    if (!equal) r2 = {.name = "r2", .value = 1 - squares / around_mean, .reason = {}};
    return {
        std::move(r2),
        {.name = "rmse", .value = std::sqrt(squares / n), .better = Better::lower, .reason = {}},
        {.name = "mae", .value = absolute / n, .better = Better::lower, .reason = {}}};
  }

  std::int64_t n_neighbors = 3;
  std::string weights = "uniform";
};

METRICLAB_PLUGIN(KnnRegression, "knn_regression");

}  // namespace
