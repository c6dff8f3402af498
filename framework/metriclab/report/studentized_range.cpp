// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/studentized_range.hpp>
#include <numbers>

namespace metriclab {
namespace {

double normal_below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

/// aᵐ − (a − b)ᵐ = aᵐ·(1 − (1 − b/a)ᵐ) without cancellation, 0 ≤ b ≤ a.
double difference_of_powers(double a, double b, double m) {
  if (a == 0) return 0;
  return std::pow(a, m) * -std::expm1(m * std::log1p(-std::min(1.0, b / a)));
}

}  // namespace

double studentized_range_tail(double q, std::int64_t k) {
  METRICLAB_CHECK(k >= 2, "a range is one of two numbers or more");
  if (!(q > 0)) return std::isnan(q) ? q : 1;
  // The trapezoidal rule converges exponentially for what is analytic and falls off at both ends
  // (Trefethen, Weideman. The exponentially convergent trapezoidal rule. SIAM Review 2014). Beyond
  // 9 from its peak, between 0 and q, nothing is left of the integrand.
  constexpr double kStep = 1.0 / 16;
  constexpr double kReach = 9;
  const auto m = static_cast<double>(k - 1);
  double sum = 0;
  for (double z = -kReach; z <= q + kReach; z += kStep) {
    const double density = std::exp(-z * z / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    // Φ(z) − Φ(z − q) comes from the difference where Φ(z − q) is small, which it is wherever the
    // tail is.
    sum += density * difference_of_powers(normal_below(z), normal_below(z - q), m);
  }
  return std::min(1.0, static_cast<double>(k) * sum * kStep);
}

double studentized_range_quantile(double alpha, std::int64_t k) {
  METRICLAB_CHECK(alpha > 0 && alpha < 1, "a level is between 0 and 1");
  double high = 1;
  while (studentized_range_tail(high, k) > alpha) high *= 2;
  std::uintmax_t steps = 200;
  const auto [low, end] = boost::math::tools::toms748_solve(
      [&](double q) { return studentized_range_tail(q, k) - alpha; }, 0.0, high, 1 - alpha,
      studentized_range_tail(high, k) - alpha, boost::math::tools::eps_tolerance<double>(48),
      steps);
  return (low + end) / 2;
}

}  // namespace metriclab
