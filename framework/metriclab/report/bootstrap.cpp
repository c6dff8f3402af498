// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/bootstrap.hpp>
#include <metriclab/report/moments.hpp>
#include <vector>

namespace metriclab {
namespace {

double quantile_of(const std::vector<double>& sorted, double at) {
  const double place = at * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

/// a of the mean: leaving x_i out moves it by (x_i − mean)/(n − 1), and the factor cancels.
double acceleration_of(std::span<const double> values, double mean) {
  double squares = 0, cubes = 0;
  for (double value : values) {
    const double u = value - mean;
    squares += u * u;
    cubes += u * u * u;
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

}  // namespace

Interval bootstrap_interval(std::span<const double> values, double confidence,
                            std::int64_t resamples, Random random) {
  METRICLAB_CHECK(resamples >= 1 && confidence > 0 && confidence < 1,
                  "a bootstrap interval needs resamples and a confidence between 0 and 1");
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (values.size() < 2) return {kNan, kNan, false};
  if (deviation_of(values) == 0) return {values.front(), values.front(), false};
  const auto n = static_cast<std::int64_t>(values.size());
  const double mean = mean_of(values);
  std::vector<double> means(static_cast<std::size_t>(resamples));
  for (double& resampled : means) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += values[static_cast<std::size_t>(random.below(n))];
    resampled = sum / static_cast<double>(n);
  }
  std::sort(means.begin(), means.end());

  // The same numbers summed in another order differ in the last bits.
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double rounding = 1e-12 * std::max(std::abs(*least), std::abs(*greatest));
  const auto first = std::lower_bound(means.begin(), means.end(), mean - rounding);
  const auto last = std::upper_bound(first, means.end(), mean + rounding);
  const double below =
      (static_cast<double>(first - means.begin()) + static_cast<double>(last - first) / 2) /
      static_cast<double>(resamples);
  const double tail = (1 - confidence) / 2;
  const Interval percentile{quantile_of(means, tail), quantile_of(means, 1 - tail), false};
  if (below <= 0 || below >= 1) return percentile;

  const boost::math::normal normal;
  const double z0 = quantile(normal, below), a = acceleration_of(values, mean);
  const double z_low = z0 + quantile(normal, tail), z_high = z0 - quantile(normal, tail);
  if (1 - a * z_low <= 0 || 1 - a * z_high <= 0) return percentile;
  return {quantile_of(means, cdf(normal, z0 + z_low / (1 - a * z_low))),
          quantile_of(means, cdf(normal, z0 + z_high / (1 - a * z_high))), true};
}

}  // namespace metriclab
