// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/report/effect_size.hpp>
#include <metriclab/report/moments.hpp>
#include <vector>

namespace metriclab {

double cohens_d(std::span<const double> differences, double rounding) {
  const double deviation = deviation_of(differences), mean = mean_of(differences);
  if (deviation > rounding) return mean / deviation;
  const bool none = differences.size() >= 2 && std::abs(mean) <= rounding;
  return none ? 0 : std::numeric_limits<double>::quiet_NaN();
}

double cliffs_delta(std::span<const double> a, std::span<const double> b, double rounding) {
  if (a.empty() || b.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(b.begin(), b.end());
  std::sort(sorted.begin(), sorted.end());
  double sum = 0;
  for (double value : a) {
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), value - rounding);
    const auto above = std::upper_bound(below, sorted.end(), value + rounding);
    sum += static_cast<double>(below - sorted.begin()) - static_cast<double>(sorted.end() - above);
  }
  return sum / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

double vargha_delaney_a12(std::span<const double> a, std::span<const double> b, double rounding) {
  return (cliffs_delta(a, b, rounding) + 1) / 2;
}

}  // namespace metriclab
