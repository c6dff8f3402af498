// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/correlation.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace {

using namespace metriclab;

/// Rated pairs: does the similarity s of two embeddings go with the similarity y that the data set
/// gives the pair?
///
/// Over the rated pairs of the test part, each as often as it is given:
///
///     spearman  Spearman's ρ of s and y, ties by average ranks
///     pearson   Pearson's r
///     kendall   Kendall's τ_b                         (all three: evaluation/correlation.hpp)
///     mse       the mean of (a + b·s − y)², a + b·s being the line of least squares through the
///               rated pairs of the training part; in the squared unit of y, lower is better
///
/// s = −distance, by its name: −‖x − y‖ for euclidean; for dot and bilinear the product; for cosine
/// cos − 1, which is as good as cos, for none of these sees what is added to all s. ρ and τ are the
/// same under any distance that orders pairs alike; r and mse are not.
/// The task of SICK (Marelli et al.) measures r, ρ and the MSE of predictions on the scale of its
/// ratings, which is what the line makes of s.
///
/// No rated pair in the test part: NaN; all s or all y equal, as with a single pair: the three
/// correlations are NaN; no rated pair in the training part: mse is. Throws Error for a rating that
/// is not finite.
class Similarity final : public Evaluator {
 public:
  static void describe(Description<Similarity>& is) {
    is.summary("similarities of rated pairs: Spearman's, Pearson's and Kendall's correlation, MSE");
    is.source(
        "Marelli, Bentivogli, Baroni, Bernardi, Menini, Zamparelli. SemEval-2014 task 1: "
        "evaluation of compositional distributional semantic models on full sentences through "
        "semantic relatedness and textual entailment. SemEval 2014");
    is.source(
        "Reimers, Beyer, Gurevych. Task-oriented intrinsic evaluation of semantic textual "
        "similarity. COLING 2016 (Spearman's rather than Pearson's)");
    is.source("Kendall. The treatment of ties in ranking problems. Biometrika 1945");
    is.cost("O(ratings · (d + log ratings)) time, O(ratings) memory");
    is.property("invariant_to_rotation");
  }

  bool needs_labels() const override { return false; }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    const Rated test = rated(input.test, input.distance, "test");
    if (test.given.empty())
      return {undefined("spearman", kNoRatings), undefined("pearson", kNoRatings),
              undefined("kendall", kNoRatings), undefined("mse", kNoRatings, Better::lower)};
    return {correlation("spearman", spearman, test), correlation("pearson", pearson, test),
            correlation("kendall", kendall_tau_b, test),
            mse(test, rated(input.train, input.distance, "training"))};
  }

 private:
  static constexpr const char* kNoRatings = "the test part has no rated pairs";

  struct Rated {
    std::vector<double> measured, given;  // s and y
  };

  static Rated rated(const Embedded& part, Distance distance, std::string_view what) {
    Rated rated;
    const Measure<float> measure(part.embeddings, part.embeddings, distance);
    for (const RatedPair& pair : part.constraints.ratings) {
      METRICLAB_CHECK(std::min(pair.first, pair.second) >= 0 &&
                          std::max(pair.first, pair.second) < part.embeddings.rows(),
                      "a rated pair beyond its part");
      if (!std::isfinite(pair.similarity))
        throw Error(
            fmt::format("the similarity of {} examples {} and {} is {}; finite ones are needed",
                        what, pair.first, pair.second, pair.similarity));
      rated.measured.push_back(-measure.named(measure(pair.first, pair.second)));
      rated.given.push_back(pair.similarity);
    }
    return rated;
  }

  template <class Correlation>
  static Metric correlation(const char* name, Correlation correlation, const Rated& test) {
    if (test.given.size() == 1) return undefined(name, "there is one rated pair only");
    const auto equal = [](const std::vector<double>& values) {
      return std::all_of(values.begin(), values.end(),
                         [&](double value) { return value == values.front(); });
    };
    if (equal(test.given)) return undefined(name, "all pairs are rated alike");
    if (equal(test.measured)) return undefined(name, "the distances of all rated pairs are equal");
    const double value = correlation(test.measured, test.given);
    // Numbers that differ by less than the least normal number have no range to be scaled by.
    if (!std::isfinite(value)) return undefined(name, "similarities differ too little to compare");
    return {.name = name, .value = value, .reason = {}};
  }

  static Metric mse(const Rated& test, const Rated& train) {
    if (train.given.empty())
      return undefined("mse",
                       "the training part has no rated pairs, which would bring similarities to "
                       "the scale of ratings",
                       Better::lower);
    const Line line = least_squares_line(train.measured, train.given);
    double sum = 0;
    for (std::size_t i = 0; i < test.given.size(); ++i) {
      const double error = line(test.measured[i]) - test.given[i];
      sum += error * error;
    }
    const double value = sum / static_cast<double>(test.given.size());
    if (!std::isfinite(value))
      return undefined("mse", "ratings are too large to be squared; scale them", Better::lower);
    return {.name = "mse", .value = value, .better = Better::lower, .reason = {}};
  }
};

METRICLAB_PLUGIN(Similarity, "similarity");

}  // namespace
