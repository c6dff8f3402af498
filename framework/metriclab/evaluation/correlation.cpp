// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <metriclab/evaluation/correlation.hpp>
#include <metriclab/plugin/error.hpp>
#include <numeric>
#include <tuple>

namespace metriclab {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Where a list lies: its numbers are offset + range·u with u in 0 … 1, halved so that no
/// difference leaves the range of double.
struct Scale {
  double offset = 0, range = 0;
  explicit Scale(std::span<const double> values) {
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    offset = *least / 2;
    range = *greatest / 2 - offset;
  }
  double operator()(double value) const { return (value / 2 - offset) / range; }
};

double mean_of(std::span<const double> values, const Scale& scale) {
  double sum = 0;
  for (double value : values) sum += scale(value);
  return sum / static_cast<double>(values.size());
}

std::int64_t pairs_of(std::int64_t n) { return n * (n - 1) / 2; }

/// How many pairs are equal by `equal(i, i + 1)`, in an order where equals stand together.
template <class Equal>
std::int64_t tied_pairs(std::size_t n, Equal equal) {
  std::int64_t pairs = 0, run = 1;
  for (std::size_t i = 1; i <= n; ++i) {
    if (i < n && equal(i - 1, i)) {
      ++run;
    } else {
      pairs += pairs_of(run);
      run = 1;
    }
  }
  return pairs;
}

/// Sorts, and counts the pairs that stood in falling order.
std::int64_t sort_counting(std::vector<double>& values) {
  std::vector<double> merged(values.size());
  std::int64_t falling = 0;
  for (std::size_t width = 1; width < values.size(); width *= 2) {
    for (std::size_t begin = 0; begin < values.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, values.size());
      const std::size_t end = std::min(begin + 2 * width, values.size());
      std::size_t left = begin, right = middle;
      for (std::size_t at = begin; at < end; ++at) {
        const bool take_right = right < end && (left == middle || values[right] < values[left]);
        if (take_right) falling += static_cast<std::int64_t>(middle - left);
        merged[at] = values[take_right ? right++ : left++];
      }
    }
    values.swap(merged);
  }
  return falling;
}

void require_lists(std::span<const double> x, std::span<const double> y, std::size_t least) {
  METRICLAB_CHECK(x.size() == y.size() && x.size() >= least, "two lists of equal length");
}

}  // namespace

double pearson(std::span<const double> x, std::span<const double> y) {
  require_lists(x, y, 2);
  const Scale of_x(x), of_y(y);
  if (of_x.range == 0 || of_y.range == 0) return kNaN;
  const double mean_x = mean_of(x, of_x), mean_y = mean_of(y, of_y);
  double products = 0, squares_x = 0, squares_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = of_x(x[i]) - mean_x, b = of_y(y[i]) - mean_y;
    products += a * b;
    squares_x += a * a;
    squares_y += b * b;
  }
  return std::clamp(products / (std::sqrt(squares_x) * std::sqrt(squares_y)), -1.0, 1.0);
}

std::vector<double> average_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    // The mean of begin + 1 … end.
    for (std::size_t at = begin; at < end; ++at)
      ranks[order[at]] = static_cast<double>(begin + 1 + end) / 2;
    begin = end;
  }
  return ranks;
}

double spearman(std::span<const double> x, std::span<const double> y) {
  require_lists(x, y, 2);
  return pearson(average_ranks(x), average_ranks(y));
}

double kendall_tau_b(std::span<const double> x, std::span<const double> y) {
  require_lists(x, y, 2);
  const std::size_t n = x.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(x[a], y[a]) < std::tie(x[b], y[b]);
  });
  const auto same = [&](std::span<const double> values) {
    return [&order, values](std::size_t a, std::size_t b) {
      return values[order[a]] == values[order[b]];
    };
  };
  const std::int64_t tied_x = tied_pairs(n, same(x));
  const std::int64_t tied_both =
      tied_pairs(n, [&](std::size_t a, std::size_t b) { return same(x)(a, b) && same(y)(a, b); });
  std::vector<double> by_x;
  for (std::size_t i : order) by_x.push_back(y[i]);
  const std::int64_t opposite = sort_counting(by_x);
  const std::int64_t tied_y =
      tied_pairs(n, [&](std::size_t a, std::size_t b) { return by_x[a] == by_x[b]; });
  const std::int64_t all = pairs_of(static_cast<std::int64_t>(n));
  if (all == tied_x || all == tied_y) return kNaN;
  // All that is tied in neither is ordered alike or oppositely.
  const std::int64_t alike_less_opposite = all - tied_x - tied_y + tied_both - 2 * opposite;
  return static_cast<double>(alike_less_opposite) / (std::sqrt(static_cast<double>(all - tied_x)) *
                                                     std::sqrt(static_cast<double>(all - tied_y)));
}

Line least_squares_line(std::span<const double> x, std::span<const double> y) {
  require_lists(x, y, 1);
  const auto n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / n;
    mean_y += y[i] / n;
  }
  const Scale of_x(x);
  if (of_x.range == 0) return {.intercept = mean_y, .slope = 0};
  double products = 0, squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double apart = (x[i] - mean_x) / of_x.range;
    products += apart * (y[i] - mean_y);
    squares += apart * apart;
  }
  const double slope = products / squares / of_x.range;
  return {.intercept = mean_y - slope * mean_x, .slope = slope};
}

}  // namespace metriclab
