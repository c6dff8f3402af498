// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <metriclab/report/bayesian_signed_rank.hpp>
#include <metriclab/report/bootstrap.hpp>
#include <metriclab/report/multiple_comparisons.hpp>
#include <metriclab/report/paired_tests.hpp>
#include <metriclab/report/rank_tests.hpp>
#include <metriclab/report/results.hpp>
#include <metriclab/report/scores.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// What decides whether two methods differ over data sets.
enum class PairTest {
  wilcoxon,  // the signed-rank test: nothing but these two methods enters
  ranks      // z of the difference of Friedman's mean ranks: the other methods enter too
};
std::vector<std::string> pair_test_names();
/// Throws Error listing the names when there is none such.
PairTest pair_test_from_string(std::string_view name);

struct ComparisonOptions {
  std::string metric = {};                // "": as tables do
  std::vector<std::string> methods = {};  // those to compare; all when empty
  std::string control = {};               // "": all pairs
  double alpha = 0.05;
  double rope = 0.01;  // what difference is none in practice, in units of the metric
  Correction correction = Correction::bergmann_hommel;
  PairTest test = PairTest::wilcoxon;
};

/// Two methods over the data sets. With all pairs a is the one of better mean rank; with a control
/// a is the control. Differences and effect sizes are above 0, and A12 above 0.5, where a is
/// better, whether the metric is better higher or lower.
struct PairOverDatasets {
  std::size_t a = 0, b = 0;  // numbers of methods
  WinTieLoss counts;         // data sets
  double difference = 0;     // mean over data sets
  double d = 0, delta = 0, a12 = 0;
  WilcoxonTest wilcoxon;
  double p_sign = 1, p_ranks = 1, p_nemenyi = 1;
  double p = 1, adjusted = 1;  // of the chosen test
  bool a_ahead = true;         // by the chosen test's statistic
  Beliefs beliefs;
};

/// Two methods on one data set, a the one of better mean or the control, signs as above.
struct PairOnDataset {
  std::size_t a = 0, b = 0;
  WinTieLoss counts;  // splits; of one split, seeds
  double d = 0, delta = 0, a12 = 0;
  CorrectedT test;  // where there is no test: the difference, and a bootstrap interval over seeds
  double adjusted = 1;  // NaN without a test
};

struct OnDataset {
  std::size_t dataset = 0;
  std::int64_t splits = 0, seeds = 0;
  double test_over_train = 0;  // mean over splits
  std::string untested;        // why there is no test; "" where there is one
  std::vector<PairOnDataset> pairs;
};

struct Comparison {
  ComparisonOptions options;
  Scores scores;
  std::optional<std::size_t> control;    // number of the method
  std::vector<Interval> intervals;       // data set × method, of the mean, 1 − alpha
  std::vector<double> average_ranks;     // by method
  std::vector<std::size_t> order;        // methods, the best mean rank first
  std::optional<FriedmanTest> friedman;  // of 2 data sets and 3 methods at least
  double critical_difference = 0;        // Nemenyi's; NaN for one data set
  std::vector<PairOverDatasets> pairs;   // empty for one data set
  /// By itself where a test over data sets can find nothing: for one data set, and where the least
  /// p that so many of them allow is above alpha.
  std::vector<OnDataset> within;
  Correction correction = Correction::holm;  // the one applied
  double smallest_p = 1;                     // that the Wilcoxon test can give on so many data sets
  double smallest_adjusted = 1;              // and after correction
  std::vector<std::string> warnings;
  std::vector<std::string> problems;  // files that can't be used
  std::int64_t left_out = 0;          // results that the present specs don't name

  std::size_t n_pairs() const;
  /// The chosen test can't find anything, whatever the results are.
  bool powerless() const;
};

/// Compares the methods of results. `folders` are those the results were read from.
///
/// - Over two data sets or more: Friedman's test of all methods (three at least), the critical
///   difference of Nemenyi's, and each pair by `options.test`, corrected for how many there are.
///   With a control only its pairs count, corrected by Holm; Bergmann-Hommel gives way to Shaffer
///   above kMostBergmannHommel methods. Data sets are what the tests count, and a data set's value
///   is the mean over its splits and seeds.
/// - Within a data set: the corrected resampled t-test over splits, seeds averaged, corrected over
///   the pairs of that data set. With one split there is no test, for seeds are no sample of data:
///   intervals only.
///
/// Random numbers come from named streams: the same results give the same intervals, whatever else
/// is compared, and the same beliefs (20 000 draws; for more than some hundred pairs fewer, 2 000
/// at least).
///
/// Throws Error when options are out of range and as `choose_scores` does. O(pairs·data sets) and
/// the sampling.
Comparison compare(const Results& results, const std::vector<std::filesystem::path>& folders,
                   const ComparisonOptions& options);

}  // namespace metriclab
