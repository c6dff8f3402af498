// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/neighborhood.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

template <class Scalar>
Hubness hubness(const Neighbors<Scalar>& found) {
  const std::int64_t n = found.indices.rows(), k = found.indices.cols();
  METRICLAB_CHECK(n >= 1 && k >= 1, "hubs among no points, or of no neighbours");
  std::vector<double> times(static_cast<std::size_t>(n), 0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t rank = 0; rank < k; ++rank)
      ++times[static_cast<std::size_t>(found.indices(i, rank))];
  double squares = 0, cubes = 0, never = 0;
  for (double count : times) {
    const double beyond = count - static_cast<double>(k);  // k is their mean
    squares += beyond * beyond / static_cast<double>(n);
    cubes += beyond * beyond * beyond / static_cast<double>(n);
    never += count == 0;
  }
  return {.skewness = squares > 0 ? cubes / std::pow(squares, 1.5) : kUndefined,
          .antihubs = never / static_cast<double>(n)};
}

template <class Scalar>
double likely_dimension(const Neighbors<Scalar>& found) {
  const std::int64_t k = found.distances.cols();
  double sum = 0, counted = 0;
  for (std::int64_t i = 0; i < found.distances.rows(); ++i) {
    if (k == 0) break;
    const double last = found.distances(i, k - 1);
    for (std::int64_t rank = 0; rank + 1 < k; ++rank) {
      const double distance = found.distances(i, rank);
      if (distance <= 0) continue;
      sum += std::log(last / distance);
      ++counted;
    }
  }
  return counted > 0 ? counted / sum : kUndefined;
}

template <class Scalar>
double two_nn_dimension(const Neighbors<Scalar>& found) {
  constexpr std::size_t kFewest = 10;
  METRICLAB_CHECK(found.distances.cols() >= 2, "two neighbours of each point");
  std::vector<double> logs;
  for (std::int64_t i = 0; i < found.distances.rows(); ++i)
    if (const double nearest = found.distances(i, 0); nearest > 0)
      logs.push_back(std::log(found.distances(i, 1) / nearest));
  if (logs.size() < kFewest) return kUndefined;
  std::sort(logs.begin(), logs.end());
  const auto n = static_cast<double>(logs.size());
  double products = 0, squares = 0;
  for (std::size_t at = 0; at < logs.size() * 9 / 10; ++at) {
    products -= logs[at] * std::log(1 - static_cast<double>(at + 1) / n);
    squares += logs[at] * logs[at];
  }
  return squares > 0 ? products / squares : std::numeric_limits<double>::infinity();
}

template Hubness hubness(const Neighbors<float>&);
template Hubness hubness(const Neighbors<double>&);
template double likely_dimension(const Neighbors<float>&);
template double likely_dimension(const Neighbors<double>&);
template double two_nn_dimension(const Neighbors<float>&);
template double two_nn_dimension(const Neighbors<double>&);

}  // namespace metriclab
