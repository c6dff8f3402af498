// SPDX-License-Identifier: BSD-3-Clause
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/data/wide.hpp>
#include <metriclab/neighbors/tiles.hpp>
#include <type_traits>

namespace metriclab {
namespace {

double factor_of(const std::vector<double>& factors, std::int64_t i) {
  return factors.empty() ? 1 : factors[static_cast<std::size_t>(i)];
}

template <class Scalar>
double greatest_coordinate(Rows<Scalar> rows, const std::vector<double>& factors,
                           const std::vector<double>& centre) {
  double greatest = 0;
  for (std::int64_t i = 0; i < rows.n(); ++i) {
    const double factor = factor_of(factors, i);
    const Scalar* x = rows[i];
    for (std::int64_t t = 0; t < rows.d(); ++t)
      greatest = std::max(greatest, std::abs(x[t] * factor - centre[static_cast<std::size_t>(t)]));
  }
  return greatest;
}

template <class Scalar>
double rounding(std::int64_t d) {
  return static_cast<double>(d + 32) * std::numeric_limits<Scalar>::epsilon() / 2;
}
double measuring(std::int64_t d) {
  return static_cast<double>(4 * d + 16) * std::numeric_limits<double>::epsilon() / 2;
}

/// What products too small for a normal number may lose.
template <class Scalar>
double underflow(std::int64_t d) {
  return static_cast<double>(d + 8) * 4 * std::numeric_limits<Scalar>::min();
}

/// ½ Σ (x − y)²/(x + y) of one row with each of `count`.
template <class Scalar>
[[gnu::always_inline]] inline void chi_squared_row(const Scalar* x, const Scalar* y,
                                                   std::int64_t count, std::int64_t d,
                                                   Scalar* result) {
  constexpr std::int64_t kLanes = 16;
  constexpr Scalar kLeast = std::numeric_limits<Scalar>::min();
  for (std::int64_t j = 0; j < count; ++j, y += d) {
    Scalar sums[kLanes] = {};
    std::int64_t t = 0;
    for (; t + kLanes <= d; t += kLanes)
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        const Scalar apart = x[t + lane] - y[t + lane], both = x[t + lane] + y[t + lane];
        sums[lane] += apart * (apart / std::max(both, kLeast));
      }
    for (; t < d; ++t) {
      const Scalar apart = x[t] - y[t], both = x[t] + y[t];
      sums[t % kLanes] += apart * (apart / std::max(both, kLeast));
    }
    for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
      for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    result[j] = sums[0] / 2;
  }
}
METRICLAB_WIDE void chi_squared(const float* x, const float* y, std::int64_t count, std::int64_t d,
                                float* result) {
  chi_squared_row(x, y, count, d, result);
}
METRICLAB_WIDE void chi_squared(const double* x, const double* y, std::int64_t count,
                                std::int64_t d, double* result) {
  chi_squared_row(x, y, count, d, result);
}

template <class Scalar>
void make_room(Tile<Scalar>& tile, std::int64_t begin, std::int64_t count, std::int64_t d) {
  tile.begin = begin;
  tile.count = count;
  if (tile.rows.rows() < count) tile.rows.resize(count, d);
  tile.low.resize(static_cast<std::size_t>(count));
  tile.width.resize(static_cast<std::size_t>(count));
}

}  // namespace

template <class Scalar>
Bounds<Scalar>::Bounds(const Measure<Scalar>& measure) : measure_(measure) {
  const Rows<Scalar> gallery = measure.gallery();
  const std::int64_t d = gallery.d();
  centre_.assign(static_cast<std::size_t>(d), 0);
  if (measure.distance() != Distance::chi_squared) find_centre();
  double greatest = greatest_coordinate(gallery, measure.gallery_factors(), centre_);
  if (measure.distance() != Distance::dot)
    greatest =
        std::max(greatest, greatest_coordinate(measure.query(), measure.query_factors(), centre_));
  if (greatest > 0) {
    int exponent = 0;
    std::frexp(greatest * std::sqrt(static_cast<double>(d)), &exponent);
    scale_ = std::ldexp(1.0, -std::min(exponent, 1000));
  }
}

template <class Scalar>
void Bounds<Scalar>::find_centre() {
  const Rows<Scalar> gallery = measure_.gallery();
  const std::int64_t d = gallery.d();
  // Any centre will do; the mean of some hundred rows is as good as that of all.
  const std::int64_t step = std::max<std::int64_t>(1, gallery.n() / 256);
  double rows = 0;
  for (std::int64_t i = 0; i < gallery.n(); i += step, ++rows)
    for (std::int64_t t = 0; t < d; ++t)
      centre_[static_cast<std::size_t>(t)] +=
          gallery[i][t] * factor_of(measure_.gallery_factors(), i);
  for (double& value : centre_) value /= std::max(rows, 1.0);
}

template <class Scalar>
void Bounds<Scalar>::query_tile(std::int64_t begin, std::int64_t count, Tile<Scalar>& tile) const {
  const std::int64_t d = measure_.query().d();
  make_room(tile, begin, count, d);
  const double c = rounding<Scalar>(d) + measuring(d);
  for (std::int64_t r = 0; r < count; ++r) {
    const Scalar* x = measure_.query()[begin + r];
    Scalar* row = tile.rows.row(r).data();
    double squares = 0, total = 0;
    if (measure_.distance() == Distance::dot) {
      const double factor =
          inverse_norms<Scalar>(Eigen::Map<const typename Rows<Scalar>::RowMajor>(x, 1, d))[0];
      for (std::int64_t t = 0; t < d; ++t) row[t] = static_cast<Scalar>(x[t] * factor);
    } else {
      const double factor = factor_of(measure_.query_factors(), begin + r);
      for (std::int64_t t = 0; t < d; ++t) {
        const double value = (x[t] * factor - centre_[static_cast<std::size_t>(t)]) * scale_;
        row[t] = static_cast<Scalar>(value);
        squares += value * value;
        total += value;
      }
    }
    tile.low[static_cast<std::size_t>(r)] = 0;
    const bool is_chi_squared = measure_.distance() == Distance::chi_squared;
    tile.width[static_cast<std::size_t>(r)] =
        static_cast<Scalar>((is_chi_squared ? c * total : 2 * c * squares) + underflow<Scalar>(d));
  }
}

template <class Scalar>
void Bounds<Scalar>::gallery_tile(std::int64_t begin, std::int64_t count,
                                  Tile<Scalar>& tile) const {
  const std::int64_t d = measure_.gallery().d();
  make_room(tile, begin, count, d);
  const double c = rounding<Scalar>(d) + measuring(d);
  for (std::int64_t r = 0; r < count; ++r) {
    const Scalar* y = measure_.gallery()[begin + r];
    Scalar* row = tile.rows.row(r).data();
    const double factor = factor_of(measure_.gallery_factors(), begin + r);
    double squares = 0, uncentred = 0, total = 0;
    for (std::int64_t t = 0; t < d; ++t) {
      const double value = (y[t] * factor - centre_[static_cast<std::size_t>(t)]) * scale_;
      row[t] = static_cast<Scalar>(value);
      squares += value * value;
      uncentred += y[t] * scale_ * y[t] * scale_;
      total += value;
    }
    double low = 0, width = 0;
    if (measure_.distance() == Distance::dot) {
      low = -2 * c * std::sqrt(squares) - 2 * measuring(d) * std::sqrt(uncentred);
      width = -2 * low;
    } else if (measure_.distance() == Distance::chi_squared) {
      low = -c * total / 2;
      width = c * total;
    } else {
      low = (1 - c) * squares;
      width = 2 * c * squares;
      // Zero has no direction: one more in the squared distance makes its cosine distance from all
      // others 1.
      if (factor == 0) low += scale_ * scale_;
    }
    tile.low[static_cast<std::size_t>(r)] = static_cast<Scalar>(low);
    tile.width[static_cast<std::size_t>(r)] = static_cast<Scalar>(width);
  }
}

template <class Scalar>
void Bounds<Scalar>::products(const Tile<Scalar>& query, std::int64_t begin, std::int64_t count,
                              const Tile<Scalar>& gallery, Scalar* result,
                              std::int64_t stride) const {
  const auto m = static_cast<blasint>(count), n = static_cast<blasint>(gallery.count);
  const auto d = static_cast<blasint>(query.rows.cols()), leading = std::max<blasint>(d, 1);
  const auto to = static_cast<blasint>(stride);
  const Scalar* x = query.rows.data() + begin * d;
  const Scalar* y = gallery.rows.data();
  if (measure_.distance() == Distance::chi_squared) {
    for (std::int64_t r = 0; r < count; ++r)
      chi_squared(x + r * d, y, gallery.count, d, result + r * stride);
    return;
  }
  if constexpr (std::is_same_v<Scalar, float>)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, d, -2, x, leading, y, leading, 0,
                result, to);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, d, -2, x, leading, y, leading, 0,
                result, to);
}

template class Bounds<float>;
template class Bounds<double>;

}  // namespace metriclab
