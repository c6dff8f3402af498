// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/bayesian_signed_rank.hpp>
#include <numeric>

namespace metriclab {

BayesianSignedRank::BayesianSignedRank(std::int64_t n, std::int64_t draws, Random random)
    : n_(static_cast<std::size_t>(n) + 1), weights_(n_ * static_cast<std::size_t>(draws)) {
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    // Gamma variates divided by their sum are a Dirichlet one: z²/2 has the shape 0.5, −log u 1.
    if (i % n_ == 0) {
      const double z = random.normal();
      weights_[i] = z * z / 2;
    } else {
      weights_[i] = -std::log1p(-random.uniform());
    }
  }
}

Beliefs BayesianSignedRank::operator()(std::span<const double> differences, double rope) const {
  METRICLAB_CHECK(differences.size() + 1 == n_ && rope >= 0,
                  "the Bayesian signed-rank test was made for another number of differences");
  std::vector<double> x(n_, 0.0);
  std::copy(differences.begin(), differences.end(), x.begin() + 1);
  std::vector<std::size_t> order(n_);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return x[i] < x[j]; });
  std::sort(x.begin(), x.end());
  // For each i, in the order of x: the j before `lower` are b's, those from `upper` on a's.
  std::vector<std::size_t> lower(n_), upper(n_);
  for (std::size_t i = 0; i < n_; ++i) {
    const auto sum_less = [&](double other, double bound) { return x[i] + other < bound; };
    const auto less_sum = [&](double bound, double other) { return bound < x[i] + other; };
    lower[i] = static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), -2 * rope, sum_less) -
                                        x.begin());
    upper[i] = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), 2 * rope, less_sum) -
                                        x.begin());
  }

  double wins_a = 0, wins_b = 0;
  std::vector<double> sums(n_ + 1, 0.0);  // sums[j]: of the weights before j
  const std::size_t draws = weights_.size() / n_;
  for (std::size_t draw = 0; draw < draws; ++draw) {
    const double* weights = &weights_[draw * n_];
    for (std::size_t j = 0; j < n_; ++j) sums[j + 1] = sums[j] + weights[order[j]];
    double a = 0, b = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      const double weight = sums[i + 1] - sums[i];
      a += weight * (sums[n_] - sums[upper[i]]);
      b += weight * sums[lower[i]];
    }
    const double equivalent = sums[n_] * sums[n_] - a - b;
    if (equivalent >= std::max(a, b)) continue;
    wins_a += a > b ? 1 : a == b ? 0.5 : 0;
    wins_b += b > a ? 1 : a == b ? 0.5 : 0;
  }
  const auto all = static_cast<double>(draws);
  return {wins_a / all, (all - wins_a - wins_b) / all, wins_b / all};
}

}  // namespace metriclab
