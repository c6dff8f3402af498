// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/plugin/error.hpp>
#include <utility>
#include <vector>

namespace metriclab {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Contingency {
  Contingency(std::span<const std::int32_t> a, std::span<const std::int32_t> b)
      : n(static_cast<std::int64_t>(a.size())) {
    METRICLAB_CHECK(a.size() == b.size(), "two partitions of different sets");
    for (std::size_t i = 0; i < a.size(); ++i) {
      ++rows[a[i]];
      ++columns[b[i]];
      ++cells[{a[i], b[i]}];
    }
  }
  std::int64_t n;
  std::map<std::int32_t, std::int64_t> rows, columns;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> cells;
};

double entropy(const std::map<std::int32_t, std::int64_t>& sizes, double n) {
  double sum = 0;
  for (const auto& [label, size] : sizes) {
    const double part = static_cast<double>(size) / n;
    sum -= part * std::log(part);
  }
  return sum;
}

double mutual_information(const Contingency& is) {
  const auto n = static_cast<double>(is.n);
  double sum = 0;
  for (const auto& [labels, count] : is.cells) {
    const auto both = static_cast<double>(count);
    sum += both / n *
           std::log(n * both /
                    (static_cast<double>(is.rows.at(labels.first)) *
                     static_cast<double>(is.columns.at(labels.second))));
  }
  return std::max(sum, 0.0);
}

double expected_mutual_information(const Contingency& is) {
  std::vector<double> log_factorial(static_cast<std::size_t>(is.n) + 1, 0);
  for (std::size_t i = 1; i < log_factorial.size(); ++i)
    log_factorial[i] = log_factorial[i - 1] + std::log(static_cast<double>(i));
  const auto factorial = [&](std::int64_t i) { return log_factorial[static_cast<std::size_t>(i)]; };
  // Parts of the same size add the same: (size, how many).
  std::map<std::int64_t, double> rows, columns;
  for (const auto& [label, size] : is.rows) ++rows[size];
  for (const auto& [label, size] : is.columns) ++columns[size];
  const auto n = static_cast<double>(is.n);
  double sum = 0;
  for (const auto& [a, row_times] : rows)
    for (const auto& [b, column_times] : columns) {
      double expected = 0;
      for (std::int64_t both = std::max<std::int64_t>(1, a + b - is.n); both <= std::min(a, b);
           ++both) {
        const double log_probability = factorial(a) + factorial(b) + factorial(is.n - a) +
                                       factorial(is.n - b) - factorial(is.n) - factorial(both) -
                                       factorial(a - both) - factorial(b - both) -
                                       factorial(is.n - a - b + both);
        const auto count = static_cast<double>(both);
        expected += count / n *
                    std::log(n * count / (static_cast<double>(a) * static_cast<double>(b))) *
                    std::exp(log_probability);
      }
      sum += row_times * column_times * expected;
    }
  return sum;
}

/// Neither of them divides the set, or both do so completely: nothing is left to chance.
bool trivial(const Contingency& is) {
  const auto all = static_cast<std::size_t>(is.n);
  return (is.rows.size() <= 1 && is.columns.size() <= 1) ||
         (is.rows.size() == all && is.columns.size() == all);
}

}  // namespace

double normalized_mutual_information(std::span<const std::int32_t> a,
                                     std::span<const std::int32_t> b) {
  const Contingency is(a, b);
  if (is.rows.size() <= 1 && is.columns.size() <= 1) return kUndefined;
  const auto n = static_cast<double>(is.n);
  return mutual_information(is) / ((entropy(is.rows, n) + entropy(is.columns, n)) / 2);
}

double adjusted_mutual_information(std::span<const std::int32_t> a,
                                   std::span<const std::int32_t> b) {
  const Contingency is(a, b);
  if (trivial(is)) return kUndefined;
  const auto n = static_cast<double>(is.n);
  const double expected = expected_mutual_information(is);
  return (mutual_information(is) - expected) /
         ((entropy(is.rows, n) + entropy(is.columns, n)) / 2 - expected);
}

double adjusted_rand_index(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  const Contingency is(a, b);
  if (trivial(is)) return kUndefined;
  const auto pairs = [](std::int64_t size) {
    return 0.5 * static_cast<double>(size) * static_cast<double>(size - 1);
  };
  double both = 0, in_a = 0, in_b = 0;
  for (const auto& [labels, size] : is.cells) both += pairs(size);
  for (const auto& [label, size] : is.rows) in_a += pairs(size);
  for (const auto& [label, size] : is.columns) in_b += pairs(size);
  const double expected = in_a * in_b / pairs(is.n);
  return (both - expected) / ((in_a + in_b) / 2 - expected);
}

}  // namespace metriclab
