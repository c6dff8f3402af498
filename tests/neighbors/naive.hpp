// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <metriclab/data/method.hpp>
#include <numeric>
#include <vector>

namespace metriclab::naive {

/// What the search must give: every distance by its definition, in double.
template <class M>
double distance(const M& x, std::int64_t i, const M& y, std::int64_t j, Distance distance) {
  double squares = 0, product = 0, xx = 0, yy = 0, chi = 0, city_block = 0;
  long double x_room = 1, y_room = 1;  // 1 − ‖x‖², of which the ball's border leaves few digits
  for (std::int64_t t = 0; t < x.cols(); ++t) {
    const double a = x(i, t), b = y(j, t);
    squares += (a - b) * (a - b);
    product += a * b;
    xx += a * a;
    yy += b * b;
    chi += a + b > 0 ? (a - b) * ((a - b) / (a + b)) / 2 : 0;
    city_block += std::abs(a - b);
    x_room -= static_cast<long double>(a) * a;
    y_room -= static_cast<long double>(b) * b;
  }
  switch (distance) {
    case Distance::euclidean:
      return std::sqrt(squares);
    case Distance::squared_euclidean:
      return squares;
    case Distance::cosine:
      return xx == 0 || yy == 0 ? 1 : 1 - product / std::sqrt(xx) / std::sqrt(yy);
    case Distance::dot:
      return -product;
    case Distance::bilinear:
      product = 0;
      for (std::int64_t t = 0; t < x.cols() / 2; ++t)
        product += double{x(i, t)} * double{y(j, x.cols() / 2 + t)};
      return -product;
    case Distance::chi_squared:
      return chi;
    case Distance::manhattan:
      return city_block;
    case Distance::poincare:  // arcosh(1 + 2z) = 2 arsinh(√z)
      return 2 * std::asinh(std::sqrt(squares / static_cast<double>(x_room * y_room)));
    case Distance::by_class:
      break;
  }
  return 0;
}

/// All gallery indices by rising distance, ties by index; `but` is left out.
template <class M>
std::vector<std::int64_t> ranking(const M& x, std::int64_t i, const M& y, Distance by,
                                  std::int64_t but = -1) {
  std::vector<double> distances(static_cast<std::size_t>(y.rows()));
  for (std::int64_t j = 0; j < y.rows(); ++j)
    distances[static_cast<std::size_t>(j)] = distance(x, i, y, j, by);
  std::vector<std::int64_t> order(distances.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase(order, but);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return distances[static_cast<std::size_t>(a)] < distances[static_cast<std::size_t>(b)];
  });
  return order;
}

}  // namespace metriclab::naive
