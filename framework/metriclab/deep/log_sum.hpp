// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/anchors.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// log Σ_j exp(slope · d_j + shift) over a list of a row's entries, with the shares that are its
/// gradient, without overflow.
template <class T>
class LogSum {
 public:
  /// `with_one` adds 1 to the sum, so that an empty list gives 0; without it an empty list gives
  /// −∞.
  void set(std::span<const Index> list, const T* d, double slope, double shift, bool with_one);

  double value() const { return value_; }
  /// exp(slope · d_j + shift) / Σ, for each of the list, in its order.
  std::span<const T> shares() const { return shares_; }
  /// gradient[j] += factor · share of j, which is the derivative by (slope · d_j) times `factor`.
  void add_gradient(std::span<const Index> list, double factor, T* gradient) const {
    for (std::size_t k = 0; k < list.size(); ++k)
      gradient[list[k]] += static_cast<T>(factor) * shares_[k];
  }

 private:
  double value_ = 0;
  std::vector<T> shares_;
};

extern template class LogSum<float>;
extern template class LogSum<double>;

}  // namespace metriclab
