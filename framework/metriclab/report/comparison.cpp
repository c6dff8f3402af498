// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/random.hpp>
#include <metriclab/report/cd_diagram.hpp>
#include <metriclab/report/comparison.hpp>
#include <metriclab/report/effect_size.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/table.hpp>
#include <metriclab/report/within_dataset.hpp>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 2> kTestNames = {"wilcoxon", "ranks"};

// Davison and Hinkley (Bootstrap methods and their application. 1997, section 5.2.3) advise a
// thousand or more for intervals of 95 %.
constexpr std::int64_t kResamples = 4999;
/// For so many pairs: beliefs are known to 0.0036 (one standard error) or better; for some thousand
/// pairs, which nobody reads one by one, to 0.012.
std::int64_t draws_for(std::size_t pairs, std::size_t datasets) {
  constexpr std::size_t kMost = 20'000, kLeast = 2'000, kWork = 200'000'000;
  return static_cast<std::int64_t>(std::clamp(kWork / (pairs * (datasets + 1)), kLeast, kMost));
}

void check(const ComparisonOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1))
    throw Error(fmt::format("alpha: {} is not between 0 and 1", options.alpha));
  if (!(options.rope >= 0 && std::isfinite(options.rope)))
    throw Error(
        fmt::format("rope: {} is below 0 (differences up to it don't matter)", options.rope));
}

void add_intervals(Comparison& comparison) {
  const Scores& scores = comparison.scores;
  const Random random(0, "compare: bootstrap");
  for (std::size_t d = 0; d < scores.datasets.size(); ++d)
    for (std::size_t m = 0; m < scores.methods.size(); ++m) {
      const Score& score = scores.of(d, m);
      comparison.intervals.push_back(bootstrap_interval(
          score.splits.size() > 1 ? score.splits : score.runs, 1 - comparison.options.alpha,
          kResamples, random.child(scores.datasets[d]).child(scores.methods[m])));
    }
}

void add_ranks(Comparison& comparison) {
  const Scores& scores = comparison.scores;
  const std::size_t n = scores.datasets.size(), k = scores.methods.size();
  std::vector<std::vector<double>> ranks;
  comparison.average_ranks.assign(k, 0.0);
  for (std::size_t d = 0; d < n; ++d) {
    std::vector<double> means;
    for (std::size_t m = 0; m < k; ++m) means.push_back(scores.of(d, m).mean);
    ranks.push_back(ranks_of(means, scores.better));
    for (std::size_t m = 0; m < k; ++m)
      comparison.average_ranks[m] += ranks.back()[m] / static_cast<double>(n);
  }
  comparison.order = order_of(comparison.average_ranks);
  comparison.critical_difference = std::numeric_limits<double>::quiet_NaN();
  if (n < 2) return;
  if (k >= 3) comparison.friedman = friedman_test(ranks);
  comparison.critical_difference = nemenyi_critical_difference(
      comparison.options.alpha, static_cast<std::int64_t>(k), static_cast<std::int64_t>(n));
}

/// Pairs of methods: the control with each other one, or all, the better mean rank first.
std::vector<std::pair<std::size_t, std::size_t>> pairs_to_compare(const Comparison& comparison) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  if (comparison.control) {
    for (std::size_t method : comparison.order)
      if (method != *comparison.control) pairs.emplace_back(*comparison.control, method);
    return pairs;
  }
  for (const auto& [a, b] : pairs_of(comparison.order.size()))
    pairs.emplace_back(comparison.order[a], comparison.order[b]);
  return pairs;
}

PairOverDatasets compare_pair(const Comparison& comparison, std::size_t a, std::size_t b,
                              const std::vector<std::vector<double>>& by_method,
                              const BayesianSignedRank& bayesian) {
  const std::vector<double>&x = by_method[a], &y = by_method[b];
  const auto k = static_cast<std::int64_t>(by_method.size()),
             n = static_cast<std::int64_t>(x.size());
  const double rounding = rounding_of(x, y);
  PairOverDatasets pair;
  pair.a = a;
  pair.b = b;
  pair.counts = count_wins(x, y);
  std::vector<double> differences;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = x[i] - y[i];
    differences.push_back(std::abs(difference) <= rounding ? 0 : difference);
  }
  pair.difference = mean_of(differences);
  pair.d = cohens_d(differences, rounding);
  pair.delta = cliffs_delta(x, y, rounding);
  pair.a12 = vargha_delaney_a12(x, y, rounding);
  pair.wilcoxon = wilcoxon_signed_rank(x, y);
  pair.p_sign = sign_test(pair.counts);
  const double ahead = comparison.average_ranks[b] - comparison.average_ranks[a];
  pair.p_ranks = rank_difference_p(ahead, k, n);
  pair.p_nemenyi = nemenyi_p(ahead, k, n);
  const bool by_ranks = comparison.options.test == PairTest::ranks;
  pair.p = by_ranks ? pair.p_ranks : pair.wilcoxon.p;
  pair.a_ahead = by_ranks ? ahead >= 0 : pair.wilcoxon.positive >= pair.wilcoxon.negative;
  pair.beliefs = bayesian(differences, comparison.options.rope);
  return pair;
}

void add_pairs(Comparison& comparison) {
  const Scores& scores = comparison.scores;
  const std::size_t n = scores.datasets.size();
  const double sign = scores.better == Better::lower ? -1 : 1;
  std::vector<std::vector<double>> by_method(scores.methods.size());
  for (std::size_t m = 0; m < by_method.size(); ++m)
    for (std::size_t d = 0; d < n; ++d) by_method[m].push_back(sign * scores.of(d, m).mean);
  const BayesianSignedRank bayesian(static_cast<std::int64_t>(n),
                                    draws_for(comparison.n_pairs(), n),
                                    Random(0, "compare: Bayesian signed-rank test"));
  std::vector<double> p;
  for (const auto& [a, b] : pairs_to_compare(comparison)) {
    comparison.pairs.push_back(compare_pair(comparison, a, b, by_method, bayesian));
    p.push_back(comparison.pairs.back().p);
  }
  const std::vector<double> adjusted = adjust(p, scores.methods.size(), comparison.correction);
  for (std::size_t i = 0; i < adjusted.size(); ++i) comparison.pairs[i].adjusted = adjusted[i];
}

void choose_correction(Comparison& comparison) {
  const std::size_t k = comparison.scores.methods.size();
  comparison.correction = comparison.options.correction;
  if (comparison.control)
    comparison.correction = Correction::holm;
  else if (comparison.correction == Correction::bergmann_hommel && k > kMostBergmannHommel) {
    comparison.correction = Correction::shaffer;
    comparison.warnings.push_back(fmt::format(
        "Bergmann-Hommel's procedure goes through all partitions of the methods, too many for {} "
        "of them (at most {}): the correction is Shaffer's, which rejects a little less",
        k, kMostBergmannHommel));
  }
}

void warn(Comparison& comparison) {
  const Scores& scores = comparison.scores;
  for (const LeftAside& each : scores.methods_aside)
    comparison.warnings.push_back(
        fmt::format("method {} is left aside ({})", each.name, each.reason));
  for (const LeftAside& each : scores.datasets_aside)
    comparison.warnings.push_back(
        fmt::format("data set {} is left aside ({})", each.name, each.reason));
  // Demšar. JMLR 2006, section 3.2.2.
  if (comparison.friedman && (scores.datasets.size() <= 10 || scores.methods.size() <= 5))
    comparison.warnings.push_back(fmt::format(
        "Friedman's and Nemenyi's p are approximations for more than about 10 data sets and 5 "
        "methods; here there are {} and {}",
        scores.datasets.size(), scores.methods.size()));
  if (!comparison.pairs.empty() && comparison.smallest_p > comparison.options.alpha)
    comparison.warnings.push_back(
        fmt::format("the Bayesian probabilities take {} data sets for all there is, and say little "
                    "of others",
                    scores.datasets.size()));
  // The resampled variance of a mean of n is (n − 1)/n of the estimate, and its quantiles are
  // normal ones: at n = 10 the interval is 0.82 times that of Student's t, at n = 5 0.63 times.
  const auto few = [](const OnDataset& on) {
    const std::int64_t n = on.splits > 1 ? on.splits : on.seeds;
    return n > 1 && n < 10;
  };
  if (std::any_of(comparison.within.begin(), comparison.within.end(), few))
    comparison.warnings.push_back(
        "bootstrap intervals over fewer than about ten splits or seeds are too narrow");
}

}  // namespace

std::vector<std::string> pair_test_names() { return {kTestNames.begin(), kTestNames.end()}; }

PairTest pair_test_from_string(std::string_view name) {
  const auto found = std::find(kTestNames.begin(), kTestNames.end(), name);
  if (found == kTestNames.end())
    throw Error(
        fmt::format("there is no test \"{}\"{}", name, suggestion(name, pair_test_names())));
  return static_cast<PairTest>(found - kTestNames.begin());
}

std::size_t Comparison::n_pairs() const {
  const std::size_t k = scores.methods.size();
  return control ? k - 1 : k * (k - 1) / 2;
}

bool Comparison::powerless() const {
  return scores.datasets.size() < 2 ||
         (options.test == PairTest::wilcoxon && smallest_adjusted > options.alpha);
}

Comparison compare(const Results& results, const std::vector<std::filesystem::path>& folders,
                   const ComparisonOptions& options) {
  check(options);
  Comparison comparison;
  comparison.options = options;
  comparison.problems = results.problems;
  comparison.left_out = results.left_out;
  comparison.warnings = results.notes;
  comparison.scores = choose_scores(results, options.metric, options.methods, options.control);
  const Scores& scores = comparison.scores;
  if (!options.control.empty())
    comparison.control = static_cast<std::size_t>(
        std::find(scores.methods.begin(), scores.methods.end(), options.control) -
        scores.methods.begin());
  choose_correction(comparison);
  add_intervals(comparison);
  add_ranks(comparison);
  comparison.smallest_p = smallest_wilcoxon_p(static_cast<std::int64_t>(scores.datasets.size()));
  comparison.smallest_adjusted =
      std::min(1.0, comparison.smallest_p * static_cast<double>(comparison.n_pairs()));
  if (scores.datasets.size() >= 2) add_pairs(comparison);
  if (scores.datasets.size() < 2 || comparison.smallest_p > options.alpha)
    comparison.within = compare_within(comparison, folders);
  warn(comparison);
  return comparison;
}

}  // namespace metriclab
