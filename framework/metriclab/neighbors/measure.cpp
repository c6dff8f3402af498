// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/wide_same.hpp>

namespace metriclab {
namespace {

constexpr double kGreatest = 1e150;
constexpr double kShortest = 1e-150;

/// Σ term(t), t < d, in eight sums side by side: the compiler can keep them in vector registers,
/// and their order never changes.
template <class Term>
[[gnu::always_inline]] inline double sum(std::int64_t d, Term term) {
  constexpr std::int64_t kLanes = 8;
  double sums[kLanes] = {};
  std::int64_t t = 0;
  for (; t + kLanes <= d; t += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(t + lane);
  for (; t < d; ++t) sums[t % kLanes] += term(t);
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

[[gnu::always_inline]] inline double square(double x) { return x * x; }

template <class Scalar>
[[gnu::always_inline]] inline double squares_of(const Scalar* x, const Scalar* y, std::int64_t d) {
  return sum(
      d, [=](std::int64_t t)
             __attribute__((always_inline)) { return square(double{x[t]} - double{y[t]}); });
}
template <class Scalar>
[[gnu::always_inline]] inline double squares_of(const Scalar* x, double a, const Scalar* y,
                                                double b, std::int64_t d) {
  return sum(
      d, [=](std::int64_t t) __attribute__((always_inline)) {
        return square(double{x[t]} * a - double{y[t]} * b);
      });
}
template <class Scalar>
[[gnu::always_inline]] inline double product_of(const Scalar* x, const Scalar* y, std::int64_t d) {
  return sum(
      d, [=](std::int64_t t)
             __attribute__((always_inline)) { return double{x[t]} * double{y[t]}; });
}
METRICLAB_WIDE_SAME double squares(const float* x, const float* y, std::int64_t d) {
  return squares_of(x, y, d);
}
METRICLAB_WIDE_SAME double squares(const double* x, const double* y, std::int64_t d) {
  return squares_of(x, y, d);
}
METRICLAB_WIDE_SAME double squares(const float* x, double a, const float* y, double b,
                                   std::int64_t d) {
  return squares_of(x, a, y, b, d);
}
METRICLAB_WIDE_SAME double squares(const double* x, double a, const double* y, double b,
                                   std::int64_t d) {
  return squares_of(x, a, y, b, d);
}
METRICLAB_WIDE_SAME double product(const float* x, const float* y, std::int64_t d) {
  return product_of(x, y, d);
}
METRICLAB_WIDE_SAME double product(const double* x, const double* y, std::int64_t d) {
  return product_of(x, y, d);
}

template <class Scalar>
void require_histograms(Rows<Scalar> rows, std::string_view what, std::int64_t first) {
  for (std::int64_t i = 0; i < rows.n(); ++i)
    for (std::int64_t t = 0; t < rows.d(); ++t)
      if (rows[i][t] < 0)
        throw Error(
            fmt::format("{} example {} has the value {} in dimension {}; the distance "
                        "\"chi_squared\" compares histograms, whose values are 0 or above",
                        what, first + i, rows[i][t], t));
}

/// 1 − ‖x‖². In the widest type there is, since near the border of the ball few digits are left.
template <class Scalar>
long double room(const Scalar* x, std::int64_t d) {
  long double squares = 0;
  for (std::int64_t t = 0; t < d; ++t) squares += static_cast<long double>(x[t]) * x[t];
  return 1 - squares;
}

template <class Scalar>
void require_in_ball(Rows<Scalar> rows, std::string_view what, std::int64_t first) {
  for (std::int64_t i = 0; i < rows.n(); ++i)
    if (const long double left = room(rows[i], rows.d()); !(left > 0))
      throw Error(
          fmt::format("{} example {} has the length {}; the distance \"poincare\" compares "
                      "embeddings in the Poincaré ball, which are shorter than 1",
                      what, first + i, std::sqrt(static_cast<double>(1 - left))));
}

}  // namespace

template <class Scalar>
void require_finite(Rows<Scalar> rows, std::string_view what, std::int64_t first) {
  for (std::int64_t i = 0; i < rows.n(); ++i) {
    const Scalar* x = rows[i];
    for (std::int64_t t = 0; t < rows.d(); ++t)
      if (const double value = x[t]; !(std::abs(value) <= kGreatest))
        throw Error(fmt::format(
            "{} example {} has the value {} in dimension {}; finite values{} are needed", what,
            first + i, value, t, std::isfinite(value) ? " up to 1e150" : ""));
  }
}

template <class Scalar>
void require_comparable(Rows<Scalar> rows, Distance distance, std::string_view what,
                        std::int64_t first) {
  if (distance == Distance::chi_squared) require_histograms(rows, what, first);
  if (distance == Distance::poincare) require_in_ball(rows, what, first);
}

template <class Scalar>
std::vector<double> inverse_norms(Rows<Scalar> rows) {
  std::vector<double> factors(static_cast<std::size_t>(rows.n()));
  for (std::int64_t i = 0; i < rows.n(); ++i) {
    const Scalar* x = rows[i];
    double greatest = 0;
    for (std::int64_t t = 0; t < rows.d(); ++t)
      greatest = std::max<double>(greatest, std::abs(x[t]));
    if (greatest < kShortest) continue;
    const double norm =
        greatest *
        std::sqrt(sum(rows.d(), [&](std::int64_t t) { return square(x[t] / greatest); }));
    factors[static_cast<std::size_t>(i)] = 1 / norm;
  }
  return factors;
}

template <class Scalar>
std::vector<double> inverse_rooms(Rows<Scalar> rows) {
  std::vector<double> factors;
  for (std::int64_t i = 0; i < rows.n(); ++i)
    factors.push_back(static_cast<double>(1 / room(rows[i], rows.d())));
  return factors;
}

template <class Scalar>
Measure<Scalar>::Measure(Rows<Scalar> query, Rows<Scalar> gallery, Distance distance)
    : query_(query), gallery_(gallery), distance_(distance) {
  if (distance == Distance::by_class)
    throw Error(
        "distances by class are between an example and a class; only classifiers by "
        "nearest neighbours measure them");
  if (distance == Distance::bilinear) {
    if (query.d() % 2 != 0)
      throw Error(
          fmt::format("{} dimensions have no two halves, which the distance "
                      "\"bilinear\" compares",
                      query.d()));
    query_ = query.columns(0, query.d() / 2);
    gallery_ = gallery.columns(query.d() / 2, query.d() / 2);
    distance_ = Distance::dot;
  }
  require_comparable(query, distance, "query");
  require_comparable(gallery, distance, "gallery");
  if (distance == Distance::cosine) {
    query_factors_ = inverse_norms(query);
    gallery_factors_ = inverse_norms(gallery);
  }
  if (distance == Distance::poincare) {
    query_factors_ = inverse_rooms(query);
    gallery_factors_ = inverse_rooms(gallery);
  }
}

template <class Scalar>
double Measure<Scalar>::operator()(std::int64_t query, std::int64_t gallery) const {
  const Scalar* x = query_[query];
  const Scalar* y = gallery_[gallery];
  const std::int64_t d = query_.d();
  const auto factor = [](const std::vector<double>& factors, std::int64_t i) {
    return factors[static_cast<std::size_t>(i)];
  };
  switch (distance_) {
    case Distance::euclidean:
    case Distance::squared_euclidean:
      return squares(x, y, d);
    case Distance::cosine: {
      const double a = factor(query_factors_, query), b = factor(gallery_factors_, gallery);
      if (a == 0 || b == 0) return 1;
      return 0.5 * squares(x, a, y, b, d);
    }
    case Distance::dot:
      return -product(x, y, d);
    case Distance::chi_squared:
      return 0.5 * sum(d, [&](std::int64_t t) {
               const double apart = double{x[t]} - double{y[t]}, both = double{x[t]} + double{y[t]};
               return both > 0 ? apart * (apart / both) : 0;
             });
    case Distance::manhattan:
      return sum(d, [&](std::int64_t t) { return std::abs(double{x[t]} - double{y[t]}); });
    case Distance::poincare:
      return 2 * squares(x, y, d) *
             (factor(query_factors_, query) * factor(gallery_factors_, gallery));
    case Distance::bilinear:
    case Distance::by_class:
      break;
  }
  METRICLAB_CHECK(false, "a distance that is not measured");
}

template <class Scalar>
double Measure<Scalar>::named(double measured) const {
  if (distance_ == Distance::euclidean) return std::sqrt(measured);
  // arcosh(1 + w) = log(1 + w + √(w(w + 2))), which keeps the digits of a small w.
  if (distance_ == Distance::poincare)
    return std::log1p(measured + std::sqrt(measured * (measured + 2)));
  return measured;
}

template <class Scalar>
double Measure<Scalar>::reach(double radius) const {
  constexpr double kUnit = std::numeric_limits<double>::epsilon();
  // `named` rounds a few times, which counts as much more where digits are lost in an exponential.
  double measured = radius, roundings = 16;
  if (distance_ == Distance::euclidean) measured = radius < 0 ? -1 : square(radius);
  if (distance_ == Distance::poincare) {  // cosh(r) − 1 = 2 sinh²(r/2)
    measured = radius < 0 ? -1 : 2 * square(std::sinh(radius / 2));
    roundings *= 1 + std::abs(radius);
  }
  if (!std::isfinite(measured)) return measured;
  return measured + std::abs(measured) * roundings * kUnit + std::numeric_limits<double>::min();
}

template void require_finite(Rows<float>, std::string_view, std::int64_t);
template void require_finite(Rows<double>, std::string_view, std::int64_t);
template void require_comparable(Rows<float>, Distance, std::string_view, std::int64_t);
template void require_comparable(Rows<double>, Distance, std::string_view, std::int64_t);
template std::vector<double> inverse_norms(Rows<float>);
template std::vector<double> inverse_norms(Rows<double>);
template std::vector<double> inverse_rooms(Rows<float>);
template std::vector<double> inverse_rooms(Rows<double>);
template class Measure<float>;
template class Measure<double>;

}  // namespace metriclab
