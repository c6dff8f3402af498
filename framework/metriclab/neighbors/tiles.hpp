// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/panels.hpp>

namespace metriclab {

/// Some rows as a matrix product takes them, with what bounds its rounding error.
template <class Scalar>
struct Tile {
  std::int64_t begin = 0, count = 0;
  typename Rows<Scalar>::RowMajor rows;  // (at least count × d)
  std::vector<Scalar> low;               // added to −2x·y: the key of a gallery row
  std::vector<Scalar> width;             // its part of the key's uncertainty
  Panels<Scalar> panels;  // of a gallery's rows, where the processor has use for them
};

/// Bounds of distances by matrix products.
///
/// Rows are centred on the gallery's mean and scaled by a power of two, so that nothing is lost to
/// an offset that all share and nothing overflows. For cosine they are first scaled to length 1,
/// and 1 − cos is half of the squared distance; for dot only the gallery is centred, which adds the
/// same to all distances of a query.
///
/// Up to a number that is the same for all gallery rows y of a query x, the (scaled) distance t(x,
/// y) that `Measure` would give is bounded by the key = low(y) − 2x·y:
///
///     key ≤ t(x, y) ≤ key + width(x) + width(y),    width = 2h,  low = −h + what the table says
///
/// With u the unit roundoff of Scalar and v that of double, a product of length d each term of
/// which goes through p roundings is within p·u·‖x‖‖y‖ (N. Higham. Accuracy and stability of
/// numerical algorithms, 2nd ed., SIAM 2002, section 4.2; p ≤ d in any order of summation, less
/// where parts are summed up), and a direct measurement within (2d + 8)·v of itself. Hence, with c
/// = (p + 12)·u + (4d + 16)·v, 12 being ample for the roundings of centring, norms and sums:
///
///     Euclidean, cosine:  ‖y‖², h = c‖·‖²       (from 2‖x‖‖y‖ ≤ ‖x‖² + ‖y‖²)
///     dot, ‖x‖ = 1:       0, h(x) = 0, h(y) = 2c‖y‖ + 2c'‖y₀‖; y₀: before centring, c' = (4d +
///     16)·v
///
/// Within one set, where both rows of a product are centred, on m, for dot as well:
///
///     dot:                −2m·(y − m), h = c‖·‖² + c'(‖·₀‖² + ‖m‖²) + 4u|2m·(y − m)|
///
/// For the others there is no product: in the place of −2x·y stands the sum itself, in Scalar, and
/// p = d + 20.
///
///     chi-squared:        0, h = c·Σ/2  (rows are not centred; the sum is at most (Σx + Σy)/2)
///     manhattan:          0, h = c·Σ|·|  (the sum is at most Σ|x| + Σ|y|)
///     poincare:           0, h = 1.25c + 2e·u, e being the greatest exponent of Scalar
///
/// For poincare the sum, ‖x − y‖² / (1 − ‖y‖²), comes of rows that are not centred and thus within
/// c of itself, however near the border they are. Its `bent_log2`, where that is a difference of
/// at most 2.5c, stands for it; being monotone, it orders a query's gallery as t does.
template <class Scalar>
class Bounds {
 public:
  /// `within_one_set`: the queries are the gallery, and tiles are `either_tile`s where
  /// `symmetric()`.
  explicit Bounds(const Measure<Scalar>& measure, bool within_one_set = false);

  void query_tile(std::int64_t begin, std::int64_t count, Tile<Scalar>& tile) const;
  void gallery_tile(std::int64_t begin, std::int64_t count, Tile<Scalar>& tile) const;
  /// A tile that serves as both, where `symmetric()`.
  void either_tile(std::int64_t begin, std::int64_t count, Tile<Scalar>& tile) const;
  /// −2x·y, or what stands in its place, of `count` rows of the query tile from row `begin` on with
  /// all of the gallery tile's: (count × gallery.count), rows `stride` apart.
  void products(const Tile<Scalar>& query, std::int64_t begin, std::int64_t count,
                const Tile<Scalar>& gallery, Scalar* result, std::int64_t stride) const;

  /// Whether a product serves both of its rows as the query: where the queries are the gallery, and
  /// not for bilinear.
  bool symmetric() const { return symmetric_; }
  /// … and is then the same number for both, as for all but poincare.
  bool symmetric_keys() const { return symmetric_ && measure_.distance() != Distance::poincare; }
  /// `products` with the columns' rows from `from` on, a multiple of 32, and in `exchanged`, unless
  /// `symmetric_keys()`, what they would be with queries and gallery exchanged; both (count ×
  /// columns.count), the first `from` columns left as they are.
  void both_products(const Tile<Scalar>& rows, std::int64_t begin, std::int64_t count,
                     const Tile<Scalar>& columns, std::int64_t from, Scalar* result,
                     Scalar* exchanged, std::int64_t stride) const;
  /// The key (with `low`) that no gallery row exceeds whose distance from a query, as `Measure`
  /// gives it, is at most `measured`.
  Scalar limit(std::int64_t query, double measured) const;

 private:
  void find_centre();
  /// −2x·y, or the sum in its place, before `bend`, with the gallery's rows from `from` on.
  void plain_products(const Scalar* x, std::int64_t count, const Tile<Scalar>& gallery,
                      std::int64_t from, Scalar* result, std::int64_t stride) const;
  /// For poincare, from the sum ‖x − y‖²: the key of y, by its 1 / (1 − ‖y‖²).
  Scalar bend(Scalar sum, double factor) const;
  double coordinate_factor(const std::vector<double>& factors, std::int64_t i) const;
  double greatest_coordinate(Rows<Scalar> rows, const std::vector<double>& factors) const;
  /// h of a row: by its squares and absolute values, summed up.
  double uncertainty(double squares, double total) const;

  const Measure<Scalar>& measure_;
  bool symmetric_;
  std::vector<double> centre_;
  double scale_ = 1, centre_squares_ = 0;  // ‖m‖², scaled
  double least_ = 0;  // for poincare: sums below may have underflown, and count as this
};

}  // namespace metriclab
