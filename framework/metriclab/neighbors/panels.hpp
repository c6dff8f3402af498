// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

namespace metriclab {

/// Rows of numbers as products in 512-bit registers take them, where the processor has these:
/// panels of some rows, of each of which the dimensions follow one another, so that a product is
/// computed without a copy, and without what a BLAS of more than a few years does with half of each
/// register on processors that it doesn't know. Empty where the processor hasn't.
template <class Scalar>
class Panels {
 public:
  /// Whether the processor has such registers.
  static bool usable();
  /// How many roundings, at most, a term of a product of length d goes through: terms are summed up
  /// in parts, and then the parts, which bounds the error of long products more closely.
  static std::int64_t roundings(std::int64_t d);

  /// Of `count` rows (× d).
  void take(const Scalar* rows, std::int64_t count, std::int64_t d);
  bool empty() const { return values_.empty(); }

  /// −2x·y of `count` rows x (× d) with the panels' rows y from `from` on, a multiple of 32: (count
  /// × rows) values at result[r · stride + y].
  void products(const Scalar* x, std::int64_t count, std::int64_t from, Scalar* result,
                std::int64_t stride) const;

 private:
  static constexpr std::int64_t kWidth = 128 / sizeof(Scalar);  // two registers

  std::int64_t count_ = 0, d_ = 0;
  std::vector<Scalar> values_;  // (panels × d × kWidth)
};

}  // namespace metriclab
