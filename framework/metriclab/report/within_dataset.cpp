// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/plugin/random.hpp>
#include <metriclab/report/effect_size.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/split_sizes.hpp>
#include <metriclab/report/within_dataset.hpp>
#include <numeric>
#include <set>

namespace metriclab {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kResamples = 4999;  // as for the intervals of means

/// The methods with the best mean on that data set first; the control before all.
std::vector<std::size_t> order_on(const Comparison& comparison, std::size_t dataset) {
  std::vector<std::size_t> order = comparison.order;
  const double sign = comparison.scores.better == Better::lower ? -1 : 1;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sign * comparison.scores.of(dataset, a).mean >
           sign * comparison.scores.of(dataset, b).mean;
  });
  if (comparison.control)
    std::stable_partition(order.begin(), order.end(),
                          [&](std::size_t method) { return method == *comparison.control; });
  return order;
}

/// Values paired by split, or of one split by seed; of the seeds that both have.
struct Paired {
  std::vector<double> a, b;
};

Paired pair_up(const Score& a, const Score& b, double sign) {
  Paired paired;
  const auto add = [&](double x, double y) {
    paired.a.push_back(sign * x);
    paired.b.push_back(sign * y);
  };
  if (a.splits.size() > 1) {
    for (std::size_t i = 0; i < a.splits.size(); ++i) add(a.splits[i], b.splits[i]);
    return paired;
  }
  for (std::size_t i = 0; i < a.runs.size(); ++i) {
    const auto same = std::find(b.seeds.begin(), b.seeds.end(), a.seeds[i]);
    if (same != b.seeds.end())
      add(a.runs[i], b.runs[static_cast<std::size_t>(same - b.seeds.begin())]);
  }
  return paired;
}

PairOnDataset compare_pair(const Comparison& comparison, const OnDataset& on, std::size_t a,
                           std::size_t b) {
  const Scores& scores = comparison.scores;
  const Score &of_a = scores.of(on.dataset, a), &of_b = scores.of(on.dataset, b);
  const double sign = scores.better == Better::lower ? -1 : 1;
  const auto [x, y] = pair_up(of_a, of_b, sign);
  const double rounding = rounding_of(x, y);
  std::vector<double> differences;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = x[i] - y[i];
    differences.push_back(std::abs(difference) <= rounding ? 0 : difference);
  }
  PairOnDataset pair;
  pair.a = a;
  pair.b = b;
  pair.counts = count_wins(x, y);
  pair.d = cohens_d(differences, rounding);
  pair.delta = cliffs_delta(x, y, rounding);
  pair.a12 = vargha_delaney_a12(x, y, rounding);
  const double confidence = 1 - comparison.options.alpha;
  if (on.untested.empty()) {
    pair.test = corrected_resampled_t_test(differences, on.test_over_train, confidence, rounding);
    pair.adjusted = std::isnan(pair.test.p) ? 1 : pair.test.p;
    return pair;
  }
  const Random random(0, "compare: bootstrap of differences");
  const Interval interval = bootstrap_interval(
      differences, confidence, kResamples,
      random.child(scores.datasets[on.dataset]).child(scores.methods[a]).child(scores.methods[b]));
  pair.test = {.difference = sign * (of_a.mean - of_b.mean),
               .low = interval.low,
               .high = interval.high,
               .t = kNan,
               .degrees = kNan,
               .p = kNan};
  pair.adjusted = kNan;
  return pair;
}

/// The mean of n_test/n_train over the splits of a data set, or why there is none.
void read_sizes(const Scores& scores, const std::vector<std::filesystem::path>& folders,
                OnDataset& on) {
  for (const std::string& example : scores.examples[on.dataset]) {
    const auto ratio = test_over_train(folders, example);
    if (!ratio) {
      on.untested =
          "the result files don't say how many examples trained and tested, which the corrected "
          "t-test needs";
      return;
    }
    on.test_over_train += *ratio / static_cast<double>(on.splits);
  }
}

}  // namespace

std::vector<OnDataset> compare_within(const Comparison& comparison,
                                      const std::vector<std::filesystem::path>& folders) {
  const Scores& scores = comparison.scores;
  std::vector<OnDataset> all;
  for (std::size_t dataset = 0; dataset < scores.datasets.size(); ++dataset) {
    OnDataset& on = all.emplace_back();
    on.dataset = dataset;
    on.splits = static_cast<std::int64_t>(scores.splits[dataset].size());
    std::set<std::int64_t> seeds;
    for (std::size_t method = 0; method < scores.methods.size(); ++method)
      seeds.insert(scores.of(dataset, method).seeds.begin(),
                   scores.of(dataset, method).seeds.end());
    on.seeds = static_cast<std::int64_t>(seeds.size());
    if (on.splits > 1)
      read_sizes(scores, folders, on);
    else if (on.seeds > 1)
      on.untested = fmt::format(
          "there is one split, and its {} seeds are no independent samples of data: they show how "
          "much training varies, not what other data would give",
          on.seeds);
    else
      on.untested = "there is one run of each method, so that nothing is known of chance";

    const std::vector<std::size_t> order = order_on(comparison, dataset);
    for (const auto& [i, j] : pairs_of(order.size())) {
      if (comparison.control && i > 0) break;
      on.pairs.push_back(compare_pair(comparison, on, order[i], order[j]));
    }
    if (!on.untested.empty()) continue;
    std::vector<double> p;
    for (const PairOnDataset& pair : on.pairs) p.push_back(pair.adjusted);
    const std::vector<double> adjusted = adjust(p, scores.methods.size(), comparison.correction);
    for (std::size_t i = 0; i < p.size(); ++i) on.pairs[i].adjusted = adjusted[i];
  }
  return all;
}

}  // namespace metriclab
