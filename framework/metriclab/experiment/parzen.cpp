// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/experiment/parzen.hpp>
#include <numbers>

namespace metriclab {
namespace {

constexpr double kBest = 0.15;  // section 4: γ
constexpr int kCandidates = 24;
// Just below 1, which is no place of a space.
const double kLast = std::nextafter(1.0, 0.0);

double normal_below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

/// The density of one dimension of some points.
class Density {
 public:
  Density(std::vector<double> points, const SearchDimension& dimension)
      : points_(std::move(points)),
        values_(dimension.is_unordered() ? dimension.size().value_or(0) : 0) {
    std::sort(points_.begin(), points_.end());
    const std::size_t n = points_.size();
    // No narrower than what so few points can tell.
    const double narrowest = 1 / std::min(100.0, 1 + static_cast<double>(n));
    for (std::size_t i = 0; i < n; ++i) {
      const double left = points_[i] - (i > 0 ? points_[i - 1] : 0),
                   right = (i + 1 < n ? points_[i + 1] : 1) - points_[i];
      widths_.push_back(std::clamp(std::max(left, right), narrowest, 1.0));
    }
  }

  double operator()(double u) const {
    const auto n = static_cast<double>(points_.size());
    if (values_ > 0) {
      const auto same = static_cast<double>(std::ranges::count_if(
          points_, [&](double other) { return value_of(other) == value_of(u); }));
      return (same * static_cast<double>(values_) + 1) / (n + 1);
    }
    double sum = 1;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double z = (u - points_[i]) / widths_[i];
      sum += std::exp(-z * z / 2) /
             (std::sqrt(2 * std::numbers::pi) * widths_[i] * mass(points_[i], widths_[i]));
    }
    return sum / (n + 1);
  }

  double draw(Random& random) const {
    const std::int64_t component = random.below(static_cast<std::int64_t>(points_.size()) + 1);
    if (component == static_cast<std::int64_t>(points_.size())) return random.uniform();
    const auto i = static_cast<std::size_t>(component);
    if (values_ > 0) return points_[i];
    for (;;)
      if (const double u = points_[i] + widths_[i] * random.normal(); u >= 0 && u < 1) return u;
  }

 private:
  std::int64_t value_of(double u) const {
    return static_cast<std::int64_t>(u * static_cast<double>(values_));
  }
  static double mass(double point, double width) {
    return normal_below((1 - point) / width) - normal_below(-point / width);
  }

  std::vector<double> points_, widths_;
  std::int64_t values_;  // how many there are of an unordered dimension; 0: it is ordered
};

}  // namespace

std::vector<double> propose(const SearchSpace& space, const std::vector<Tried>& tried,
                            Random random) {
  const std::size_t d = space.dimensions.size();
  std::vector<const Tried*> order;
  for (const Tried& is : tried) order.push_back(&is);
  std::ranges::stable_sort(order, {}, [](const Tried* is) {
    return is->loss.value_or(std::numeric_limits<double>::infinity());
  });
  std::size_t n_best = 0;
  if (tried.size() > 1) {
    n_best = static_cast<std::size_t>(std::ceil(kBest * static_cast<double>(tried.size())));
    while (n_best > 0 && !order[n_best - 1]->loss) --n_best;
  }
  std::vector<double> best(d);
  if (n_best == 0) {
    for (double& u : best) u = random.uniform();
    return best;
  }
  std::vector<Density> good, bad;
  for (std::size_t t = 0; t < d; ++t) {
    std::vector<double> near, rest;
    for (std::size_t i = 0; i < order.size(); ++i)
      (i < n_best ? near : rest).push_back(order[i]->u[t]);
    good.emplace_back(std::move(near), space.dimensions[t]);
    bad.emplace_back(std::move(rest), space.dimensions[t]);
  }
  double greatest = -std::numeric_limits<double>::infinity();
  for (int c = 0; c < kCandidates; ++c) {
    std::vector<double> u;
    double ratio = 0;
    for (std::size_t t = 0; t < d; ++t) {
      u.push_back(std::min(good[t].draw(random), kLast));
      ratio += std::log(good[t](u.back())) - std::log(bad[t](u.back()));
    }
    if (ratio <= greatest) continue;
    greatest = ratio;
    best = std::move(u);
  }
  return best;
}

}  // namespace metriclab
