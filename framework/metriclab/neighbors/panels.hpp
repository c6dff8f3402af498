// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

namespace metriclab {

/// Rows of floats as products in 512-bit registers take them, where the processor has these: panels
/// of 32 rows, of each of which the dimensions follow one another, so that a product is computed
/// without a copy, and without what a BLAS of more than a few years does with half of each register
/// on processors that it doesn't know. Empty where the processor hasn't, and for doubles.
class Panels {
 public:
  /// Of `count` rows (× d).
  void take(const float* rows, std::int64_t count, std::int64_t d);
  void take(const double*, std::int64_t, std::int64_t) {}
  bool empty() const { return values_.empty(); }

  /// −2x·y of `count` rows x (× d) with the panels' rows y from `from` on, a multiple of 32: (count
  /// × rows) values at result[r · stride + y].
  void products(const float* x, std::int64_t count, std::int64_t from, float* result,
                std::int64_t stride) const;
  void products(const double*, std::int64_t, std::int64_t, double*, std::int64_t) const {}

 private:
  std::int64_t count_ = 0, d_ = 0;
  std::vector<float> values_;  // (panels × d × 32)
};

}  // namespace metriclab
