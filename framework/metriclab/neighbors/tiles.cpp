// SPDX-License-Identifier: BSD-3-Clause
#include <cblas.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <metriclab/data/wide.hpp>
#include <metriclab/neighbors/tiles.hpp>
#include <metriclab/neighbors/wide_same.hpp>
#include <type_traits>

namespace metriclab {
namespace {

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
double rounding(Distance distance, std::int64_t d) {
  const std::int64_t roundings = !has_products(distance)    ? d + 20
                                 : Panels<Scalar>::usable() ? Panels<Scalar>::roundings(d)
                                                            : d;
  return static_cast<double>(roundings + 12) * std::numeric_limits<Scalar>::epsilon() / 2;
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

struct RowSums {
  double squares, total;      // Σ (…)², Σ |…|
  double uncentred, shifted;  // Σ of the squares of what is scaled but not centred; Σ (…) · centre
};

/// A row (x · factor − centre) · scale, and its sums. x · factor is rounded as `Measure` rounds it:
/// of rows that are nearly equal only that is left.
template <class Scalar>
[[gnu::always_inline]] inline RowSums centre_row(const Scalar* x, double factor,
                                                 const double* centre, double scale, std::int64_t d,
                                                 Scalar* row) {
  constexpr std::int64_t kLanes = 16;
  double squares[kLanes] = {}, totals[kLanes] = {}, uncentred[kLanes] = {}, shifted[kLanes] = {};
  const auto add = [&](std::int64_t t, std::int64_t lane) __attribute__((always_inline)) {
    const double value = (x[t] * factor - centre[t]) * scale, plain = x[t] * scale;
    row[t] = static_cast<Scalar>(value);
    squares[lane] += value * value;
    totals[lane] += std::abs(value);
    uncentred[lane] += plain * plain;
    shifted[lane] += value * (centre[t] * scale);
  };
  std::int64_t t = 0;
  for (; t + kLanes <= d; t += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) add(t + lane, lane);
  for (; t < d; ++t) add(t, t % kLanes);
  RowSums sums = {};
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    sums.squares += squares[lane];
    sums.total += totals[lane];
    sums.uncentred += uncentred[lane];
    sums.shifted += shifted[lane];
  }
  return sums;
}
METRICLAB_WIDE_SAME RowSums centred_row(const float* x, double factor, const double* centre,
                                        double scale, std::int64_t d, float* row) {
  return centre_row(x, factor, centre, scale, d, row);
}
METRICLAB_WIDE_SAME RowSums centred_row(const double* x, double factor, const double* centre,
                                        double scale, std::int64_t d, double* row) {
  return centre_row(x, factor, centre, scale, d, row);
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
Bounds<Scalar>::Bounds(const Measure<Scalar>& measure, bool within_one_set)
    : measure_(measure),
      symmetric_(within_one_set &&
                 (measure.query().n() == 0 || measure.query()[0] == measure.gallery()[0])) {
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
  for (const double value : centre_) centre_squares_ += value * scale_ * value * scale_;
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
  const double c = rounding<Scalar>(measure_.distance(), d) + measuring(d);
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
      const RowSums sums = centred_row(x, coordinate_factor(measure_.query_factors(), begin + r),
                                       centre_.data(), scale_, d, row);
      width += 2 * uncertainty(sums.squares, sums.total);
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
  const double c = rounding<Scalar>(measure_.distance(), d) + measuring(d);
  for (std::int64_t r = 0; r < count; ++r) {
    const double factor = coordinate_factor(measure_.gallery_factors(), begin + r);
    const RowSums sums = centred_row(measure_.gallery()[begin + r], factor, centre_.data(), scale_,
                                     d, tile.rows.row(r).data());
    double low = 0, half_width = uncertainty(sums.squares, sums.total);
    if (measure_.distance() == Distance::dot && symmetric_) {
      low = -2 * sums.shifted;
      half_width += measuring(d) * (sums.uncentred + centre_squares_) +
                    2 * double{std::numeric_limits<Scalar>::epsilon()} * std::abs(low);
    } else if (measure_.distance() == Distance::dot) {
      half_width = 2 * c * std::sqrt(sums.squares) + 2 * measuring(d) * std::sqrt(sums.uncentred);
    } else if (has_products(measure_.distance()))
      low = sums.squares;
    // Zero has no direction: one more in the squared distance makes its cosine distance from all
    // others 1.
    if (factor == 0) low += scale_ * scale_;
    tile.low[static_cast<std::size_t>(r)] = static_cast<Scalar>(low - half_width);
    tile.width[static_cast<std::size_t>(r)] = static_cast<Scalar>(2 * half_width);
  }
  if (has_products(measure_.distance())) tile.panels.take(tile.rows.data(), count, d);
}

template <class Scalar>
void Bounds<Scalar>::either_tile(std::int64_t begin, std::int64_t count, Tile<Scalar>& tile) const {
  gallery_tile(begin, count, tile);
  for (Scalar& width : tile.width)
    width += static_cast<Scalar>(underflow<Scalar>(measure_.gallery().d()));
}

template <class Scalar>
void Bounds<Scalar>::plain_products(const Scalar* x, std::int64_t count,
                                    const Tile<Scalar>& gallery, std::int64_t from, Scalar* result,
                                    std::int64_t stride) const {
  const std::int64_t d = measure_.query().d(), columns = gallery.count - from;
  const Scalar* y = gallery.rows.data() + from * d;
  if (const Distance distance = measure_.distance(); !has_products(distance)) {
    for (std::int64_t r = 0; r < count; ++r)
      sums(distance, x + r * d, y, columns, d, result + r * stride + from);
    return;
  }
  if (!gallery.panels.empty()) return gallery.panels.products(x, count, from, result, stride);
  const auto m = static_cast<blasint>(count), n = static_cast<blasint>(columns);
  const auto depth = static_cast<blasint>(d), leading = std::max<blasint>(depth, 1);
  const auto to = static_cast<blasint>(stride);
  if constexpr (std::is_same_v<Scalar, float>)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, depth, -2, x, leading, y, leading, 0,
                result + from, to);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, depth, -2, x, leading, y, leading, 0,
                result + from, to);
}

template <class Scalar>
Scalar Bounds<Scalar>::bend(Scalar sum, double factor) const {
  return bent_log2(std::max(sum * static_cast<Scalar>(factor), static_cast<Scalar>(least_)));
}

template <class Scalar>
void Bounds<Scalar>::products(const Tile<Scalar>& query, std::int64_t begin, std::int64_t count,
                              const Tile<Scalar>& gallery, Scalar* result,
                              std::int64_t stride) const {
  const std::int64_t d = measure_.query().d();
  plain_products(query.rows.data() + begin * d, count, gallery, 0, result, stride);
  if (measure_.distance() != Distance::poincare) return;
  const double* factors = measure_.gallery_factors().data() + gallery.begin;
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t j = 0; j < gallery.count; ++j) {
      Scalar& value = result[r * stride + j];
      value = bend(value, factors[j]);
    }
}

template <class Scalar>
void Bounds<Scalar>::both_products(const Tile<Scalar>& rows, std::int64_t begin, std::int64_t count,
                                   const Tile<Scalar>& columns, std::int64_t from, Scalar* result,
                                   Scalar* exchanged, std::int64_t stride) const {
  const std::int64_t d = measure_.query().d();
  plain_products(rows.rows.data() + begin * d, count, columns, from, result, stride);
  if (symmetric_keys()) return;
  const double* of_rows = measure_.gallery_factors().data() + rows.begin + begin;
  const double* of_columns = measure_.gallery_factors().data() + columns.begin;
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t j = from; j < columns.count; ++j) {
      Scalar& value = result[r * stride + j];
      exchanged[r * stride + j] = bend(value, of_rows[r]);
      value = bend(value, of_columns[j]);
    }
}

template <class Scalar>
Scalar Bounds<Scalar>::limit(std::int64_t query, double measured) const {
  constexpr Scalar kInfinity = std::numeric_limits<Scalar>::infinity();
  if (std::isinf(measured)) return static_cast<Scalar>(measured);
  const Scalar* x = measure_.query()[query];
  const std::int64_t d = measure_.query().d();
  const Distance distance = measure_.distance();
  // A query is scaled to length 1 for dot, but not where it is a gallery row as well.
  const bool scaled = distance == Distance::dot && !symmetric_;
  const double factor =
      scaled ? inverse_norms<Scalar>(Eigen::Map<const typename Rows<Scalar>::RowMajor>(x, 1, d))[0]
             : coordinate_factor(measure_.query_factors(), query);
  // Zero has no direction: it is equally far from all.
  if (factor == 0) return measured >= (scaled ? 0 : 1) ? kInfinity : -kInfinity;
  double squares = 0, total = 0, shift = 0, uncentred = 0;
  for (std::int64_t t = 0; t < d; ++t) {
    const double centre = centre_[static_cast<std::size_t>(t)] * scale_;
    const double plain = x[t] * factor * (scaled ? 1 : scale_), value = plain - centre;
    squares += value * value;
    total += std::abs(value);
    shift += plain * centre;
    uncentred += plain * plain;
  }
  // `key` is of the exact distance, `terms` what its rounding errors are a part of.
  double key = measured * scale_, terms = 0, half_width = uncertainty(squares, total);
  switch (distance) {
    case Distance::chi_squared:
    case Distance::manhattan:
      terms = std::abs(key);
      break;
    case Distance::poincare: {
      const double sum =
          key * scale_ / measure_.query_factors()[static_cast<std::size_t>(query)] / 2;
      key = bent_log2(std::max(sum, std::max(least_, std::numeric_limits<double>::min())));
      terms = 4 + std::abs(key);
      break;
    }
    case Distance::dot:
      key *= 2 * (scaled ? factor : scale_);
      terms = std::abs(key) + 2 * std::sqrt(uncentred * centre_squares_);
      key += 2 * shift;
      if (scaled)
        half_width = 0;
      else
        half_width += measuring(d) * (uncentred + centre_squares_) +
                      4 * double{std::numeric_limits<Scalar>::epsilon()} *
                          std::sqrt(squares * centre_squares_);
      break;
    default:
      key *= scale_ * (distance == Distance::cosine ? 2 : 1);
      terms = std::abs(key) + squares;
      key -= squares;
  }
  key += half_width + measuring(d) * terms + underflow<Scalar>(d);
  return std::nextafter(static_cast<Scalar>(key), kInfinity);
}

template class Bounds<float>;
template class Bounds<double>;

}  // namespace metriclab
