#include <metriclab/evaluation/checks.hpp>
#include <metriclab/neighbors/search.hpp>

namespace {

using namespace metriclab;

/// How pure neighbourhoods are.
///
///     purity = mean over the test part of (how many of the n_neighbors nearest others have the
///              example's own class) / n_neighbors
///
/// Neighbours are searched within the test part, an example never being its own (ties: the smaller
/// index). In 0 … 1. Fewer than n_neighbors + 1 examples: NaN, with that reason. Cost: one search.
class MyEvaluator final : public Evaluator {
 public:
  static void describe(Description<MyEvaluator>& is) {
    is.summary("purity: the part of an example's nearest neighbours that have its class");
    is.source("yours: authors, title, venue, year; the number of the equation");
    is.cost("O(n² d) time as a matrix product, O(n · n_neighbors) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_neighbors", &MyEvaluator::n_neighbors, "how many neighbours are looked at")
        .at_least(1);
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    const std::int64_t n = input.test.embeddings.rows();
    if (n <= n_neighbors)
      return {undefined("purity", "the test part has " + std::to_string(n) +
                                      " examples, too few for " + std::to_string(n_neighbors) +
                                      " neighbours of each")};
    const auto found = nearest_neighbors(input.test.embeddings, n_neighbors, input.distance);
    const std::vector<std::int32_t>& y = input.test.labels();
    std::int64_t own = 0;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t r = 0; r < n_neighbors; ++r)
        own += y[static_cast<std::size_t>(found.indices(i, r))] == y[static_cast<std::size_t>(i)];
    const double purity = static_cast<double>(own) / static_cast<double>(n * n_neighbors);
    return {{.name = "purity", .value = purity, .reason = {}}};
  }

 private:
  std::int64_t n_neighbors = 5;
};

METRICLAB_PLUGIN(MyEvaluator, "my_evaluator");

}  // namespace
