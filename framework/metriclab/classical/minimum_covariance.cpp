// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <metriclab/classical/minimum_covariance.hpp>
#include <numeric>

namespace metriclab {
namespace {

constexpr std::size_t kBest = 10;        // starts that are carried on
constexpr std::int64_t kGroup = 300;     // examples of a group …
constexpr std::int64_t kMostGroups = 5;  // … of which there are up to this many
constexpr int kMostSteps = 100;          // each lowers the determinant; a few suffice
constexpr double kInlier = 0.975;        // these five are the paper's

double chi_squared_quantile(double p, double degrees) {
  return 2 * boost::math::gamma_p_inv(degrees / 2, p);
}
double chi_squared_part_below(double x, double degrees) {
  return boost::math::gamma_p(degrees / 2, x / 2);
}

/// A set of examples with its mean and the factor of its covariance; log_determinant is infinite
/// where that is singular.
struct Fit {
  Indices members;
  Vector mean;
  Eigen::LLT<Eigen::MatrixXd> factor;
  double log_determinant = std::numeric_limits<double>::infinity();
};

Fit fit_of(const Matrix& X, Indices members) {
  Fit fit;
  std::sort(members.begin(), members.end());
  Matrix rows = X(members, Eigen::all);
  fit.mean = mean(rows);
  rows.rowwise() -= fit.mean.transpose();
  const Eigen::MatrixXd S = rows.transpose() * rows / static_cast<double>(rows.rows());
  fit.factor.compute(S);
  // Features come scaled to spreads of about 1.
  if (fit.factor.info() == Eigen::Success && fit.factor.rcond() > 1e-13)
    fit.log_determinant = 2 * fit.factor.matrixLLT().diagonal().array().log().sum();
  fit.members = std::move(members);
  return fit;
}

Vector distances(const Matrix& X, const Fit& fit) {
  Eigen::MatrixXd rest = (X.rowwise() - fit.mean.transpose()).transpose();
  fit.factor.matrixL().solveInPlace(rest);
  return rest.colwise().squaredNorm();
}

/// The h examples nearest to a fit, ties by index.
Indices nearest(const Matrix& X, const Fit& fit, std::int64_t h) {
  const Vector squares = distances(X, fit);
  Indices order(static_cast<std::size_t>(X.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::nth_element(order.begin(), order.begin() + (h - 1), order.end(),
                   [&](std::int64_t a, std::int64_t b) {
                     return squares[a] < squares[b] || (squares[a] == squares[b] && a < b);
                   });
  order.resize(static_cast<std::size_t>(h));
  return order;
}

/// Up to `steps` towards the least determinant.
Fit concentrated(const Matrix& X, Fit fit, std::int64_t h, int steps) {
  for (int step = 0; step < steps && std::isfinite(fit.log_determinant); ++step) {
    Fit next = fit_of(X, nearest(X, fit, h));
    const bool settled = next.members == fit.members;
    fit = std::move(next);
    if (settled) break;
  }
  return fit;
}

/// From d + 1 examples at random, and further ones until their covariance is regular.
Fit random_start(const Matrix& X, Random random) {
  const Indices order = random.permutation(X.rows());
  for (std::int64_t size = X.cols() + 1;; size = std::min(size + 1 + size / 4, X.rows())) {
    Fit fit = fit_of(X, Indices(order.begin(), order.begin() + size));
    if (std::isfinite(fit.log_determinant) || size == X.rows()) return fit;
  }
}

void keep_best(std::vector<Fit>& fits) {
  std::stable_sort(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) {
    return a.log_determinant < b.log_determinant;
  });
  if (fits.size() > kBest) fits.resize(kBest);
}

/// The best of `count` random starts after two steps each.
std::vector<Fit> best_starts(const Matrix& X, std::int64_t h, std::int64_t count,
                             const Random& random) {
  std::vector<Fit> fits;
  for (std::int64_t k = 0; k < count; ++k) {
    fits.push_back(
        concentrated(X, random_start(X, random.child(static_cast<std::uint64_t>(k))), h, 2));
    if (fits.size() > 10 * kBest) keep_best(fits);
  }
  keep_best(fits);
  return fits;
}

std::vector<Fit> best_starts_in_groups(const Matrix& X, double part, std::int64_t count,
                                       const Random& random) {
  const std::int64_t n = X.rows(), groups = std::min(kMostGroups, n / kGroup);
  const std::int64_t size = std::min(n / groups, std::max(kGroup, 3 * X.cols()));
  auto of = [part](std::int64_t m) {
    return std::min(m, static_cast<std::int64_t>(std::ceil(part * static_cast<double>(m))));
  };
  Indices order = random.child("groups").permutation(n);
  order.resize(static_cast<std::size_t>(groups * size));
  const Matrix together = X(order, Eigen::all);
  std::vector<Fit> fits;
  for (std::int64_t g = 0; g < groups; ++g) {
    const Matrix rows = together.middleRows(g * size, size);
    for (Fit& fit : best_starts(rows, of(size), (count + groups - 1) / groups,
                                random.child("group").child(static_cast<std::uint64_t>(g))))
      if (std::isfinite(fit.log_determinant))
        fits.push_back(concentrated(together, std::move(fit), of(together.rows()), 2));
  }
  keep_best(fits);
  return fits;
}

/// What a feature is divided by: its median absolute deviation, or its mean one where that is 0.
double spread(Vector column) {
  const std::int64_t middle = column.size() / 2;
  double* const begin = column.data();
  double* const end = begin + column.size();
  std::nth_element(begin, begin + middle, end);
  const double median = column[middle];
  column = (column.array() - median).abs();
  const double mean = column.mean();
  std::nth_element(begin, begin + middle, end);
  return column[middle] > 0 ? column[middle] : mean;
}

}  // namespace

RobustCovariance minimum_covariance_determinant(const Matrix& X,
                                                const std::optional<double>& support_fraction,
                                                std::int64_t n_starts, const Random& random,
                                                std::string_view solver) {
  const std::int64_t n = X.rows(), d = X.cols();
  if (n <= 2 * d)
    throw Error(
        fmt::format("{} by the minimum covariance determinant needs more than twice as "
                    "many examples as features, which are {}; there are {}",
                    solver, d, n));
  const std::int64_t h =
      support_fraction ? std::min(n, static_cast<std::int64_t>(std::ceil(*support_fraction * n)))
                       : (n + d + 1) / 2;
  if (h <= d)
    throw Error(
        fmt::format("of {} examples is {}; it must leave more than the {} features", n, h, d))
        .in("support_fraction");
  Vector scale(d);
  for (std::int64_t j = 0; j < d; ++j) {
    scale[j] = spread(X.col(j));
    if (scale[j] == 0)
      throw Error(fmt::format(
          "feature {} is constant, and no covariance of it has a determinant; leave it out", j));
  }
  const Eigen::RowVectorXd origin = X.row(0);
  const Matrix scaled = (X.rowwise() - origin) * scale.cwiseInverse().asDiagonal();

  std::vector<Fit> fits =
      n <= 2 * kGroup ? best_starts(scaled, h, n_starts, random)
                      : best_starts_in_groups(scaled, double(h) / double(n), n_starts, random);
  for (Fit& fit : fits) fit = concentrated(scaled, std::move(fit), h, kMostSteps);
  keep_best(fits);
  if (fits.empty() || !std::isfinite(fits[0].log_determinant))
    throw Error(
        fmt::format("{} examples lie in a hyperplane, so that their covariance has no "
                    "inverse; leave out features that others determine or that hardly "
                    "vary, or take the \"empirical\" covariance",
                    h));
  const Fit& best = fits[0];

  const auto degrees = static_cast<double>(d);
  Vector squares = distances(scaled, best), sorted = squares;
  std::sort(sorted.data(), sorted.data() + n);
  const double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  squares *= chi_squared_quantile(0.5, degrees) / median;
  const double farthest = chi_squared_quantile(kInlier, degrees);
  RobustCovariance result;
  result.half = best.members;
  result.log_determinant = best.log_determinant + 2 * scale.array().log().sum();
  for (std::int64_t i = 0; i < n; ++i)
    if (squares[i] <= farthest) result.inliers.push_back(i);
  const Matrix inliers = scaled(result.inliers, Eigen::all);
  const double consistent = kInlier / chi_squared_part_below(farthest, degrees + 2);
  result.mean = mean(inliers).cwiseProduct(scale) + origin.transpose();
  result.covariance = consistent * (scale.asDiagonal() * covariance(inliers) * scale.asDiagonal());
  return result;
}

}  // namespace metriclab
