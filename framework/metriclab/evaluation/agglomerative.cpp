// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/agglomerative.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

/// Distances between all clusters, as Lance and Williams change them.
class Table {
 public:
  Table(const Matrix& X, Linkage linkage)
      : n_(X.rows()), linkage_(linkage), sizes_(static_cast<std::size_t>(X.rows()), 1) {
    constexpr std::int64_t kMost = 20000;
    if (n_ > kMost)
      throw Error(
          fmt::format("{} linkage of {} examples takes {:.1f} GB for their distances, and at most "
                      "{} examples are "
                      "taken; \"ward\" and \"single\" linkage need no such memory",
                      linkage == Linkage::average ? "average" : "complete", n_,
                      static_cast<double>(n_) * static_cast<double>(n_ - 1) * 4e-9, kMost));
    distances_.resize(static_cast<std::size_t>(n_ * (n_ - 1) / 2));
    for (std::int64_t i = 0; i < n_; ++i)
      for (std::int64_t j = 0; j < i; ++j) at(i, j) = (X.row(i) - X.row(j)).norm();
  }

  double operator()(std::int64_t a, std::int64_t b) const {
    return distances_[static_cast<std::size_t>(place(a, b))];
  }
  /// b becomes the two together; a is there no more.
  void merge(std::int64_t a, std::int64_t b, const Indices& others) {
    const auto size_a = static_cast<double>(sizes_[static_cast<std::size_t>(a)]),
               size_b = static_cast<double>(sizes_[static_cast<std::size_t>(b)]);
    for (std::int64_t c : others) {
      if (c == a || c == b) continue;
      const double from_a = (*this)(a, c);
      double& distance = at(b, c);
      distance = linkage_ == Linkage::complete
                     ? std::max(from_a, distance)
                     : (size_a * from_a + size_b * distance) / (size_a + size_b);
    }
    sizes_[static_cast<std::size_t>(b)] += sizes_[static_cast<std::size_t>(a)];
  }

 private:
  std::int64_t place(std::int64_t a, std::int64_t b) const {
    return a > b ? a * (a - 1) / 2 + b : b * (b - 1) / 2 + a;
  }
  double& at(std::int64_t a, std::int64_t b) {
    return distances_[static_cast<std::size_t>(place(a, b))];
  }

  std::int64_t n_;
  Linkage linkage_;
  std::vector<double> distances_;
  std::vector<std::int64_t> sizes_;
};

/// Ward's distances, from means and sizes.
class Means {
 public:
  explicit Means(const Matrix& X) : means_(X), sizes_(Vector::Ones(X.rows())) {}

  double operator()(std::int64_t a, std::int64_t b) const {
    return std::sqrt(2 * sizes_[a] * sizes_[b] / (sizes_[a] + sizes_[b]) *
                     (means_.row(a) - means_.row(b)).squaredNorm());
  }
  void merge(std::int64_t a, std::int64_t b, const Indices&) {
    const double size = sizes_[a] + sizes_[b];
    means_.row(b) += sizes_[a] / size * (means_.row(a) - means_.row(b));
    sizes_[b] = size;
  }

 private:
  Matrix means_;
  Vector sizes_;
};

template <class Between>
std::vector<Merge> chains(std::int64_t n, Between between) {
  std::vector<Merge> merges;
  Indices clusters, chain;  // a cluster is named by one of its points
  for (std::int64_t i = 0; i < n; ++i) clusters.push_back(i);
  std::vector<double> heights(static_cast<std::size_t>(n), 0);
  while (clusters.size() > 1) {
    if (chain.empty()) chain.push_back(clusters.front());
    const std::int64_t end = chain.back();
    // The one before comes first, so that a tie closes the chain.
    std::int64_t nearest = -1;
    double least = kFar;
    if (chain.size() > 1) {
      nearest = chain[chain.size() - 2];
      least = between(end, nearest);
    }
    for (std::int64_t other : clusters) {
      if (other == end) continue;
      if (const double distance = between(end, other); distance < least || nearest < 0) {
        least = distance;
        nearest = other;
      }
    }
    if (chain.size() < 2 || nearest != chain[chain.size() - 2]) {
      chain.push_back(nearest);
      continue;
    }
    chain.resize(chain.size() - 2);
    const std::int64_t gone = std::max(end, nearest), left = std::min(end, nearest);
    double& height = heights[static_cast<std::size_t>(left)];
    // By rounding a mean may be below what it is the mean of.
    height = std::max({least, height, heights[static_cast<std::size_t>(gone)]});
    merges.push_back({.a = left, .b = gone, .height = height});
    between.merge(gone, left, clusters);
    clusters.erase(std::lower_bound(clusters.begin(), clusters.end(), gone));
  }
  return merges;
}

}  // namespace

Linkage linkage_from_string(std::string_view name) {
  if (name == "single") return Linkage::single;
  if (name == "complete") return Linkage::complete;
  if (name == "average") return Linkage::average;
  if (name == "ward") return Linkage::ward;
  throw Error(fmt::format(
      "there is no linkage \"{}\"; there are \"single\", \"complete\", \"average\", \"ward\"",
      name));
}

std::vector<Merge> agglomerate(const Matrix& X, Linkage linkage) {
  const std::int64_t n = X.rows();
  std::vector<Merge> merges;
  if (linkage == Linkage::single)
    merges = spanning_tree(n, euclidean_from(X));
  else if (linkage == Linkage::ward)
    merges = chains(n, Means(X));
  else
    merges = chains(n, Table(X, linkage));
  std::stable_sort(merges.begin(), merges.end(),
                   [](const Merge& x, const Merge& y) { return x.height < y.height; });
  return merges;
}

std::vector<std::int32_t> cut(const std::vector<Merge>& merges, std::int64_t k) {
  const auto n = static_cast<std::int64_t>(merges.size()) + 1;
  METRICLAB_CHECK(k >= 1 && k <= n, "as many clusters as points at most");
  Forest forest(n);
  for (std::int64_t i = 0; i < n - k; ++i) {
    const Merge& merge = merges[static_cast<std::size_t>(i)];
    forest.join(merge.a, merge.b);
  }
  return forest.numbered();
}

}  // namespace metriclab
