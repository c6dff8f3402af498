// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/dynamic_bitset.hpp>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/multiple_comparisons.hpp>
#include <numeric>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"bergmann_hommel", "shaffer", "holm"};
constexpr std::array<std::string_view, 3> kTitles = {"Bergmann-Hommel", "Shaffer", "Holm"};

/// Step down: the j-th smallest p, j from 0, times factor(j), never below the one before.
template <class Factor>
std::vector<double> step_down(std::span<const double> p, Factor factor) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> adjusted(p.size());
  double least = 0;
  for (std::size_t j = 0; j < order.size(); ++j) {
    least = std::max(least, std::min(1.0, static_cast<double>(factor(j)) * p[order[j]]));
    adjusted[order[j]] = least;
  }
  return adjusted;
}

/// Of each number, whether so many of the pairs of k methods can be alike at once.
boost::dynamic_bitset<> possible_counts(std::size_t k) {
  std::vector<boost::dynamic_bitset<>> counts(k + 1, boost::dynamic_bitset<>(k * (k - 1) / 2 + 1));
  counts[0].set(0);
  for (std::size_t methods = 1; methods <= k; ++methods)
    for (std::size_t part = 1; part <= methods; ++part)
      counts[methods] |= counts[methods - part] << (part * (part - 1) / 2);
  return counts[k];
}

/// Goes through the partitions of k methods, one method at a time.
struct Partitions {
  std::size_t k;
  std::vector<double> p;         // k × k
  std::vector<double> adjusted;  // k × k
  std::vector<std::vector<std::size_t>> parts;

  void place(std::size_t method, std::size_t pairs, double least) {
    if (method == k) {
      const double value = static_cast<double>(pairs) * least;
      for (const auto& part : parts)
        for (std::size_t i = 0; i < part.size(); ++i)
          for (std::size_t j = i + 1; j < part.size(); ++j) {
            double& of_pair = adjusted[part[i] * k + part[j]];
            of_pair = std::max(of_pair, value);
          }
      return;
    }
    for (std::size_t number = 0; number < parts.size(); ++number) {
      double with = least;
      for (std::size_t other : parts[number]) with = std::min(with, p[other * k + method]);
      parts[number].push_back(method);
      place(method + 1, pairs + parts[number].size() - 1, with);
      parts[number].pop_back();
    }
    parts.push_back({method});
    place(method + 1, pairs, least);
    parts.pop_back();
  }
};

}  // namespace

std::vector<double> holm(std::span<const double> p) {
  return step_down(p, [&](std::size_t j) { return p.size() - j; });
}

std::vector<std::pair<std::size_t, std::size_t>> pairs_of(std::size_t k) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < k; ++a)
    for (std::size_t b = a + 1; b < k; ++b) pairs.emplace_back(a, b);
  return pairs;
}

std::vector<double> shaffer(std::span<const double> p, std::size_t k) {
  METRICLAB_CHECK(p.size() == k * (k - 1) / 2, "a p-value for each pair of methods");
  const boost::dynamic_bitset<> possible = possible_counts(k);
  std::size_t most = p.size();
  return step_down(p, [&](std::size_t j) {
    most = std::min(most, p.size() - j);
    while (!possible[most]) --most;
    return most;
  });
}

std::vector<double> bergmann_hommel(std::span<const double> p, std::size_t k) {
  METRICLAB_CHECK(p.size() == k * (k - 1) / 2 && k <= kMostBergmannHommel,
                  "a p-value for each pair of methods, and few enough of them");
  const auto pairs = pairs_of(k);
  Partitions partitions{k, std::vector<double>(k * k), std::vector<double>(k * k, 0.0), {}};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    partitions.p[pairs[i].first * k + pairs[i].second] = p[i];
  partitions.place(0, 0, 1.0);
  std::vector<double> adjusted;
  for (const auto& [a, b] : pairs)
    adjusted.push_back(std::min(1.0, partitions.adjusted[a * k + b]));
  return adjusted;
}

std::vector<std::string> correction_names() { return {kNames.begin(), kNames.end()}; }

Correction correction_from_string(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    throw Error(
        fmt::format("there is no correction \"{}\"{}", name, suggestion(name, correction_names())));
  return static_cast<Correction>(found - kNames.begin());
}

std::vector<double> adjust(std::span<const double> p, std::size_t k, Correction correction) {
  switch (correction) {
    case Correction::bergmann_hommel:
      return bergmann_hommel(p, k);
    case Correction::shaffer:
      return shaffer(p, k);
    case Correction::holm:
      break;
  }
  return holm(p);
}

std::string_view title_of(Correction correction) {
  return kTitles[static_cast<std::size_t>(correction)];
}

}  // namespace metriclab
