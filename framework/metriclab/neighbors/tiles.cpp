// SPDX-License-Identifier: BSD-3-Clause
#include <cblas.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <metriclab/data/wide.hpp>
#include <metriclab/neighbors/tiles.hpp>
#include <type_traits>

namespace metriclab {
namespace {

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

struct ChiSquared {
  template <class Scalar>
  [[gnu::always_inline]] static Scalar term(Scalar x, Scalar y) {
    const Scalar apart = x - y, both = x + y;
    return apart / 2 * (apart / std::max(both, std::numeric_limits<Scalar>::min()));
  }
};
struct Manhattan {
  template <class Scalar>
  [[gnu::always_inline]] static Scalar term(Scalar x, Scalar y) {
    return std::abs(x - y);
  }
};
struct Squared {
  template <class Scalar>
  [[gnu::always_inline]] static Scalar term(Scalar x, Scalar y) {
    return (x - y) * (x - y);
  }
};

/// Σ term(x, y) over the dimensions, of one row with each of `count`.
template <class Distance, class Scalar>
[[gnu::always_inline]] inline void sums_of(const Scalar* x, const Scalar* y, std::int64_t count,
                                           std::int64_t d, Scalar* result) {
  constexpr std::int64_t kLanes = 16;
  for (std::int64_t j = 0; j < count; ++j, y += d) {
    Scalar sums[kLanes] = {};
    std::int64_t t = 0;
    for (; t + kLanes <= d; t += kLanes)
      for (std::int64_t lane = 0; lane < kLanes; ++lane)
        sums[lane] += Distance::term(x[t + lane], y[t + lane]);
    for (; t < d; ++t) sums[t % kLanes] += Distance::term(x[t], y[t]);
    for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
      for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    result[j] = sums[0];
  }
}

bool has_products(Distance distance) {
  return distance != Distance::chi_squared && distance != Distance::manhattan &&
         distance != Distance::poincare;
}
template <class Scalar>
[[gnu::always_inline]] inline void sums_by(Distance distance, const Scalar* x, const Scalar* y,
                                           std::int64_t count, std::int64_t d, Scalar* result) {
  if (distance == Distance::chi_squared)
    sums_of<ChiSquared>(x, y, count, d, result);
  else if (distance == Distance::manhattan)
    sums_of<Manhattan>(x, y, count, d, result);
  else
    sums_of<Squared>(x, y, count, d, result);
}
METRICLAB_WIDE void sums(Distance distance, const float* x, const float* y, std::int64_t count,
                         std::int64_t d, float* result) {
  sums_by(distance, x, y, count, d, result);
}
METRICLAB_WIDE void sums(Distance distance, const double* x, const double* y, std::int64_t count,
                         std::int64_t d, double* result) {
  sums_by(distance, x, y, count, d, result);
}

/// log₂ x with a straight line between powers of two, for positive normal x: exponent and mantissa
/// read as one number. Where x changes by a part e of itself, e ≤ 0.1, it changes by at most 2.5e.
template <class Scalar>
Scalar bent_log2(Scalar x) {
  using Bits = std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>;
  constexpr Scalar kUnit = std::numeric_limits<Scalar>::epsilon();
  return static_cast<Scalar>(std::bit_cast<Bits>(x) - std::bit_cast<Bits>(Scalar(1))) * kUnit;
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
  const Distance distance = measure.distance();
  const std::int64_t d = measure.gallery().d();
  centre_.assign(static_cast<std::size_t>(d), 0);
  if (distance != Distance::chi_squared && distance != Distance::poincare) find_centre();
  double greatest = greatest_coordinate(measure.gallery(), measure.gallery_factors());
  if (distance != Distance::dot)
    greatest = std::max(greatest, greatest_coordinate(measure.query(), measure.query_factors()));
  if (greatest > 0) {
    int exponent = 0;
    std::frexp(greatest * std::sqrt(static_cast<double>(d)), &exponent);
    scale_ = std::ldexp(1.0, -std::min(exponent, 1000));
  }
  if (distance != Distance::poincare) return;
  const auto& factors = measure.gallery_factors();
  const double factor = factors.empty() ? 1 : *std::max_element(factors.begin(), factors.end());
  least_ = factor * underflow<Scalar>(d) / std::numeric_limits<Scalar>::epsilon();
}

template <class Scalar>
double Bounds<Scalar>::coordinate_factor(const std::vector<double>& factors, std::int64_t i) const {
  return measure_.distance() == Distance::cosine ? factors[static_cast<std::size_t>(i)] : 1;
}

template <class Scalar>
double Bounds<Scalar>::greatest_coordinate(Rows<Scalar> rows,
                                           const std::vector<double>& factors) const {
  double greatest = 0;
  for (std::int64_t i = 0; i < rows.n(); ++i) {
    const double factor = coordinate_factor(factors, i);
    const Scalar* x = rows[i];
    for (std::int64_t t = 0; t < rows.d(); ++t)
      greatest = std::max(greatest, std::abs(x[t] * factor - centre_[static_cast<std::size_t>(t)]));
  }
  return greatest;
}

template <class Scalar>
double Bounds<Scalar>::uncertainty(double squares, double total) const {
  const std::int64_t d = measure_.query().d();
  const double c = rounding<Scalar>(d) + measuring(d);
  switch (measure_.distance()) {
    case Distance::chi_squared:
      return c * total / 2;
    case Distance::manhattan:
      return c * total;
    case Distance::poincare:
      return 1.25 * c + std::numeric_limits<Scalar>::max_exponent *
                            double{std::numeric_limits<Scalar>::epsilon()};
    default:
      return c * squares;
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
          gallery[i][t] * coordinate_factor(measure_.gallery_factors(), i);
  for (double& value : centre_) value /= std::max(rows, 1.0);
}

template <class Scalar>
void Bounds<Scalar>::query_tile(std::int64_t begin, std::int64_t count, Tile<Scalar>& tile) const {
  const std::int64_t d = measure_.query().d();
  make_room(tile, begin, count, d);
  for (std::int64_t r = 0; r < count; ++r) {
    const Scalar* x = measure_.query()[begin + r];
    Scalar* row = tile.rows.row(r).data();
    double width = underflow<Scalar>(d);
    if (measure_.distance() == Distance::dot) {
      const double factor =
          inverse_norms<Scalar>(Eigen::Map<const typename Rows<Scalar>::RowMajor>(x, 1, d))[0];
      for (std::int64_t t = 0; t < d; ++t) row[t] = static_cast<Scalar>(x[t] * factor);
    } else {
      const double factor = coordinate_factor(measure_.query_factors(), begin + r);
      double squares = 0, total = 0;
      for (std::int64_t t = 0; t < d; ++t) {
        const double value = (x[t] * factor - centre_[static_cast<std::size_t>(t)]) * scale_;
        row[t] = static_cast<Scalar>(value);
        squares += value * value;
        total += std::abs(value);
      }
      width += 2 * uncertainty(squares, total);
    }
    tile.low[static_cast<std::size_t>(r)] = 0;
    tile.width[static_cast<std::size_t>(r)] = static_cast<Scalar>(width);
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
    const double factor = coordinate_factor(measure_.gallery_factors(), begin + r);
    double squares = 0, uncentred = 0, total = 0;
    for (std::int64_t t = 0; t < d; ++t) {
      const double value = (y[t] * factor - centre_[static_cast<std::size_t>(t)]) * scale_;
      row[t] = static_cast<Scalar>(value);
      squares += value * value;
      uncentred += y[t] * scale_ * y[t] * scale_;
      total += std::abs(value);
    }
    double low = 0, half_width = uncertainty(squares, total);
    if (measure_.distance() == Distance::dot)
      half_width = 2 * c * std::sqrt(squares) + 2 * measuring(d) * std::sqrt(uncentred);
    else if (has_products(measure_.distance()))
      low = squares;
    // Zero has no direction: one more in the squared distance makes its cosine distance from all
    // others 1.
    if (factor == 0) low += scale_ * scale_;
    tile.low[static_cast<std::size_t>(r)] = static_cast<Scalar>(low - half_width);
    tile.width[static_cast<std::size_t>(r)] = static_cast<Scalar>(2 * half_width);
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
  if (const Distance distance = measure_.distance(); !has_products(distance)) {
    for (std::int64_t r = 0; r < count; ++r)
      sums(distance, x + r * d, y, gallery.count, d, result + r * stride);
    if (distance != Distance::poincare) return;
    const double* factors = measure_.gallery_factors().data() + gallery.begin;
    const auto least = static_cast<Scalar>(least_);
    for (std::int64_t r = 0; r < count; ++r)
      for (std::int64_t j = 0; j < gallery.count; ++j) {
        Scalar& value = result[r * stride + j];
        value = bent_log2(std::max(value * static_cast<Scalar>(factors[j]), least));
      }
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
