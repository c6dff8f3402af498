// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/deep/log_sum.hpp>

namespace metriclab {

template <class T>
void LogSum<T>::set(std::span<const Index> list, const T* d, double slope, double shift,
                    bool with_one) {
  const std::size_t n = list.size();
  shares_.resize(n);
  double top = with_one ? 0 : -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < n; ++k) {
    shares_[k] = static_cast<T>(slope) * d[list[k]] + static_cast<T>(shift);
    top = std::max(top, static_cast<double>(shares_[k]));
  }
  if (n == 0) {
    value_ = top;
    return;
  }
  Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>> powers(shares_.data(),
                                                        static_cast<Eigen::Index>(n));
  powers = (powers - static_cast<T>(top)).exp();
  double sum = with_one ? std::exp(-top) : 0;
  sum += static_cast<double>(powers.sum());
  powers *= static_cast<T>(1 / sum);
  // log1p keeps the digits of a sum that is close to the 1.
  value_ = with_one && top == 0 ? std::log1p(sum - 1) : top + std::log(sum);
}

template class LogSum<float>;
template class LogSum<double>;

}  // namespace metriclab
