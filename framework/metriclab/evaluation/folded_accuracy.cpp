// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/evaluation/folded_accuracy.hpp>

namespace metriclab {
namespace {

struct Judged {
  double distance;
  std::int32_t fold;
  bool similar;
};

/// How many of each kind, and what that many weigh.
struct Count {
  std::int64_t similar = 0, dissimilar = 0;
};
struct Weights {
  double similar = 1, dissimilar = 1;
  double of(const Count& count) const {
    return similar * static_cast<double>(count.similar) +
           dissimilar * static_cast<double>(count.dissimilar);
  }
  /// What accepting so many gains over rejecting them.
  double gain(const Count& count) const {
    return similar * static_cast<double>(count.similar) -
           dissimilar * static_cast<double>(count.dissimilar);
  }
};

double weight_of(const PairDistances& kind) {
  return kind.values.empty() ? 1 : kind.of / static_cast<double>(kind.values.size());
}

void add(std::vector<Judged>& all, const PairDistances& kind, std::span<const std::int32_t> folds,
         bool similar) {
  METRICLAB_CHECK(folds.size() == kind.values.size(), "a fold for each pair");
  for (std::size_t i = 0; i < kind.values.size(); ++i)
    all.push_back({.distance = kind.values[i], .fold = folds[i], .similar = similar});
}

/// The best threshold for all of `sorted` but one fold's.
double best_threshold(const std::vector<Judged>& sorted, std::int64_t without,
                      const Weights& weights) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Count count;
  double best = 0, threshold = -kInfinity, accepted = -kInfinity;
  for (const Judged& pair : sorted) {
    if (pair.fold == without) continue;
    if (pair.distance > accepted) {
      if (const double gain = weights.gain(count); gain > best) {
        best = gain;
        threshold = accepted / 2 + pair.distance / 2;
      }
      accepted = pair.distance;
    }
    ++(pair.similar ? count.similar : count.dissimilar);
  }
  return weights.gain(count) > best ? kInfinity : threshold;
}

}  // namespace

std::vector<std::int32_t> folds_in_order(std::size_t n, std::int64_t folds) {
  std::vector<std::int32_t> result(n);
  const auto parts = static_cast<std::size_t>(folds);
  for (std::size_t fold = 0; fold < parts; ++fold)
    std::fill(result.begin() + static_cast<std::ptrdiff_t>(n * fold / parts),
              result.begin() + static_cast<std::ptrdiff_t>(n * (fold + 1) / parts),
              static_cast<std::int32_t>(fold));
  return result;
}

std::vector<double> fold_accuracies(const VerificationPairs& pairs,
                                    std::span<const std::int32_t> similar_folds,
                                    std::span<const std::int32_t> dissimilar_folds,
                                    std::int64_t folds) {
  std::vector<Judged> sorted;
  add(sorted, pairs.similar, similar_folds, true);
  add(sorted, pairs.dissimilar, dissimilar_folds, false);
  std::sort(sorted.begin(), sorted.end(),
            [](const Judged& a, const Judged& b) { return a.distance < b.distance; });
  const Weights weights{.similar = weight_of(pairs.similar),
                        .dissimilar = weight_of(pairs.dissimilar)};
  std::vector<double> accuracies;
  for (std::int64_t fold = 0; fold < folds; ++fold) {
    const double threshold = best_threshold(sorted, fold, weights);
    Count right, all;
    for (const Judged& pair : sorted) {
      if (pair.fold != fold) continue;
      ++(pair.similar ? all.similar : all.dissimilar);
      if ((pair.distance <= threshold) == pair.similar)
        ++(pair.similar ? right.similar : right.dissimilar);
    }
    if (all.similar + all.dissimilar > 0) accuracies.push_back(weights.of(right) / weights.of(all));
  }
  return accuracies;
}

}  // namespace metriclab
