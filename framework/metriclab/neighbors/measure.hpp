// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <metriclab/data/method.hpp>
#include <string_view>
#include <vector>

namespace metriclab {

/// The rows of a row-major matrix that lives elsewhere and must outlive this.
template <class Scalar>
class Rows {
 public:
  using RowMajor = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  template <class M>
  Rows(const M& matrix)
      : values_(matrix.data()),
        n_(matrix.rows()),
        d_(matrix.cols()),
        stride_(matrix.outerStride()) {
    static_assert(M::IsRowMajor && M::InnerStrideAtCompileTime == 1, "rows must be contiguous");
  }
  /// Columns begin … begin + count − 1 of these.
  Rows columns(std::int64_t begin, std::int64_t count) const {
    Rows part = *this;
    part.values_ += begin;
    part.d_ = count;
    return part;
  }

  std::int64_t n() const { return n_; }
  std::int64_t d() const { return d_; }
  const Scalar* operator[](std::int64_t i) const { return values_ + i * stride_; }

 private:
  const Scalar* values_;
  std::int64_t n_, d_, stride_;
};

/// Throws Error naming the first example, of what `what` says ("query", "gallery", "test"), with a
/// value that is not finite or beyond ±1e150, whose square no double holds. Examples are counted
/// from `first` on.
template <class Scalar>
void require_finite(Rows<Scalar> rows, std::string_view what, std::int64_t first = 0);

/// Throws Error naming the first example, of what `what` says, that a distance can't compare: for
/// `chi_squared` one with a value below 0, for `poincare` one that is not shorter than 1.
template <class Scalar>
void require_comparable(Rows<Scalar> rows, Distance distance, std::string_view what,
                        std::int64_t first = 0);

/// 1 / ‖x‖ of each row, in double; 0 for a row of zeros (shorter than 1e-150).
template <class Scalar>
std::vector<double> inverse_norms(Rows<Scalar> rows);

/// 1 / (1 − ‖x‖²) of each row of the Poincaré ball.
template <class Scalar>
std::vector<double> inverse_rooms(Rows<Scalar> rows);

/// Distances between rows, each measured directly in double, in a fixed order of summation: what is
/// nearer, and what ties, is decided by these. The same rows give the same value whichever comes
/// first.
/// `bilinear` is `dot` on one half of each, and is treated as such from here on. Throws Error for
/// `by_class`, which takes classes to measure, where there are no two halves, and for what is not
/// comparable.
template <class Scalar>
class Measure {
 public:
  Measure(Rows<Scalar> query, Rows<Scalar> gallery, Distance distance);

  /// What neighbours are ordered by: Σ (x − y)² for both Euclidean distances; ½ ‖x/‖x‖ − y/‖y‖‖² =
  /// 1 − cos for cosine, and 1 where one of them is zero; −Σ x·y for dot; for poincare 2 ‖x − y‖² /
  /// ((1 − ‖x‖²)(1 − ‖y‖²)), which is the argument of arcosh less 1; for chi_squared and manhattan
  /// as distance.hpp has them. O(d).
  double operator()(std::int64_t query, std::int64_t gallery) const;
  /// Says that this row is measured soon, so that it is fetched into the cache meanwhile.
  void expect(std::int64_t gallery) const {
    const auto* row = reinterpret_cast<const char*>(gallery_[gallery]);
    const auto bytes = gallery_.d() * static_cast<std::int64_t>(sizeof(Scalar));
    for (std::int64_t at = 0; at < std::min(bytes, kFetched); at += kCacheLine)
      __builtin_prefetch(row + at);
  }
  /// The distance by its name: the root of that for `euclidean`, arcosh(1 + that) for `poincare`,
  /// that itself for the others.
  double named(double measured) const;
  /// At least what any distance measures that is, by its name, at most `radius`, and hardly more.
  double reach(double radius) const;

  Rows<Scalar> query() const { return query_; }
  Rows<Scalar> gallery() const { return gallery_; }
  Distance distance() const { return distance_; }
  /// 1 / ‖x‖ for cosine, 1 / (1 − ‖x‖²) for poincare; empty for the others.
  const std::vector<double>& query_factors() const { return query_factors_; }
  const std::vector<double>& gallery_factors() const { return gallery_factors_; }

 private:
  static constexpr std::int64_t kCacheLine = 64, kFetched = 1024;

  Rows<Scalar> query_, gallery_;
  Distance distance_;
  std::vector<double> query_factors_, gallery_factors_;
};

}  // namespace metriclab
