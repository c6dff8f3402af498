// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/neighbors/reranking.hpp>
#include <metriclab/neighbors/search.hpp>

namespace metriclab {
namespace {

/// What is near to what.
class Nearest {
 public:
  Nearest(const MatrixF& points, std::int64_t k, Distance distance)
      : found_(nearest_neighbors(points, k, distance).indices) {}

  std::int64_t operator()(std::int64_t i, std::int64_t rank) const { return found_(i, rank); }

  /// R(i, k), rising.
  void reciprocal(std::int64_t i, std::int64_t k, std::vector<std::int64_t>& result) const {
    result.assign(1, i);
    for (std::int64_t rank = 0; rank < k; ++rank) {
      const std::int64_t j = found_(i, rank);
      const auto begin = found_.row(j).data();
      if (std::find(begin, begin + k, i) != begin + k) result.push_back(j);
    }
    std::sort(result.begin(), result.end());
  }

 private:
  decltype(Neighbors<float>::indices) found_;
};

/// R*(i), rising.
class Expanded {
 public:
  explicit Expanded(const Nearest& nearest, std::int64_t k) : nearest_(nearest), k_(k) {}

  const std::vector<std::int64_t>& operator()(std::int64_t i) {
    nearest_.reciprocal(i, k_, own_);
    all_ = own_;
    for (std::int64_t j : own_) {
      nearest_.reciprocal(j, k_ / 2, other_);
      both_.clear();
      std::set_intersection(own_.begin(), own_.end(), other_.begin(), other_.end(),
                            std::back_inserter(both_));
      if (3 * both_.size() >= 2 * other_.size())
        all_.insert(all_.end(), other_.begin(), other_.end());
    }
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    return all_;
  }

 private:
  const Nearest& nearest_;
  const std::int64_t k_;
  std::vector<std::int64_t> own_, other_, both_, all_;
};

}  // namespace

Reranking::Reranking(const MatrixF& points, Distance distance, const Parameters& parameters)
    : measure_(points, points, distance), parameters_(parameters) {
  METRICLAB_CHECK(distance != Distance::dot && distance != Distance::bilinear,
                  "re-ranking by similarities");
  METRICLAB_CHECK(parameters.k1 >= 1 && parameters.k2 >= 1, "re-ranking without neighbours");
  const std::int64_t n = points.rows();
  shared_.assign(static_cast<std::size_t>(n), 0);
  sums_.assign(static_cast<std::size_t>(n), 0);
  if (n == 0) return;
  const std::int64_t k1 = std::min(parameters.k1, n - 1), k2 = std::min(parameters.k2, n);
  const Nearest nearest(points, std::max(k1, k2 - 1), distance);

  Expanded expanded(nearest, k1);
  Vectors own;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j : expanded(i)) {
      own.at.push_back(static_cast<std::int32_t>(j));
      own.values.push_back(std::exp(-this->distance(i, j)));
    }
    own.begin.push_back(static_cast<std::int64_t>(own.at.size()));
  }

  std::vector<double> sum(static_cast<std::size_t>(n));
  std::vector<std::int32_t> touched;
  for (std::int64_t i = 0; i < n; ++i) {
    touched.clear();
    for (std::int64_t rank = 0; rank < k2; ++rank) {
      const auto j = static_cast<std::size_t>(rank == 0 ? i : nearest(i, rank - 1));
      for (auto t = static_cast<std::size_t>(own.begin[j]);
           t < static_cast<std::size_t>(own.begin[j + 1]); ++t) {
        touched.push_back(own.at[t]);
        sum[static_cast<std::size_t>(own.at[t])] += own.values[t];
      }
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (std::int32_t at : touched) {
      double& value = sum[static_cast<std::size_t>(at)];
      vectors_.at.push_back(at);
      vectors_.values.push_back(value / static_cast<double>(k2));
      sums_[static_cast<std::size_t>(i)] += vectors_.values.back();
      value = 0;
    }
    vectors_.begin.push_back(static_cast<std::int64_t>(vectors_.at.size()));
  }
  by_place_ = transposed(vectors_);
}

double Reranking::distance(std::int64_t i, std::int64_t j) const {
  const double measured = measure_(i, j);
  return measure_.distance() == Distance::euclidean ? measured : measure_.named(measured);
}

Reranking::Vectors Reranking::transposed(const Vectors& vectors) const {
  Vectors result;
  const std::size_t n = sums_.size();
  result.begin.assign(n + 1, 0);
  result.at.resize(vectors.at.size());
  result.values.resize(vectors.at.size());
  for (std::int32_t at : vectors.at) ++result.begin[static_cast<std::size_t>(at) + 1];
  for (std::size_t j = 0; j < n; ++j) result.begin[j + 1] += result.begin[j];
  std::vector<std::int64_t> next(result.begin.begin(), result.begin.end() - 1);
  for (std::size_t i = 0; i < n; ++i)
    for (auto t = static_cast<std::size_t>(vectors.begin[i]);
         t < static_cast<std::size_t>(vectors.begin[i + 1]); ++t) {
      const auto to = static_cast<std::size_t>(next[static_cast<std::size_t>(vectors.at[t])]++);
      result.at[to] = static_cast<std::int32_t>(i);
      result.values[to] = vectors.values[t];
    }
  return result;
}

void Reranking::distances(std::int64_t i, std::span<const std::int64_t> to,
                          std::span<double> result) {
  std::fill(shared_.begin(), shared_.end(), 0);
  const auto row = static_cast<std::size_t>(i);
  for (auto t = static_cast<std::size_t>(vectors_.begin[row]);
       t < static_cast<std::size_t>(vectors_.begin[row + 1]); ++t) {
    const auto place = static_cast<std::size_t>(vectors_.at[t]);
    for (auto u = static_cast<std::size_t>(by_place_.begin[place]);
         u < static_cast<std::size_t>(by_place_.begin[place + 1]); ++u)
      shared_[static_cast<std::size_t>(by_place_.at[u])] +=
          std::min(vectors_.values[t], by_place_.values[u]);
  }
  const double lambda = parameters_.lambda;
  for (std::size_t g = 0; g < to.size(); ++g) {
    const auto j = static_cast<std::size_t>(to[g]);
    const double jaccard = 1 - shared_[j] / (sums_[row] + sums_[j] - shared_[j]);
    result[g] = (1 - lambda) * jaccard + lambda * distance(i, to[g]);
  }
}

}  // namespace metriclab
