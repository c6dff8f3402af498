// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/density.hpp>
#include <numeric>
#include <set>

#include "clusters.hpp"

namespace {

using namespace metriclab;

TEST_CASE("dbscan: core rows, what they reach, and noise, by the definitions") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto n = *rc::gen::inRange<std::int64_t>(1, 60);
    const Matrix X = drawn(random, n);
    const double eps = random.uniform(0.3, 3);
    const auto min_samples = *rc::gen::inRange<std::int64_t>(1, 8);
    const auto near = [&](std::int64_t i, std::int64_t j) {
      return (X.row(i) - X.row(j)).norm() <= eps;
    };
    std::vector<bool> core;
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t count = 0;
      for (std::int64_t j = 0; j < n; ++j) count += near(i, j);
      core.push_back(count >= min_samples);
    }
    Labels plain(static_cast<std::size_t>(n), -1);
    std::int32_t clusters = 0;
    for (std::int64_t start = 0; start < n; ++start) {
      if (!core[static_cast<std::size_t>(start)] || plain[static_cast<std::size_t>(start)] >= 0)
        continue;
      Indices open = {start};
      plain[static_cast<std::size_t>(start)] = clusters;
      while (!open.empty()) {
        const std::int64_t i = open.back();
        open.pop_back();
        for (std::int64_t j = 0; j < n; ++j)
          if (core[static_cast<std::size_t>(j)] && plain[static_cast<std::size_t>(j)] < 0 &&
              near(i, j)) {
            plain[static_cast<std::size_t>(j)] = clusters;
            open.push_back(j);
          }
      }
      ++clusters;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      if (core[static_cast<std::size_t>(i)]) continue;
      double least = std::numeric_limits<double>::infinity();
      for (std::int64_t j = 0; j < n; ++j)
        if (const double distance = (X.row(i) - X.row(j)).norm();
            core[static_cast<std::size_t>(j)] && distance <= eps && distance < least) {
          least = distance;
          plain[static_cast<std::size_t>(i)] = plain[static_cast<std::size_t>(j)];
        }
    }
    RC_ASSERT(same_parts(dbscan(X, eps, min_samples), plain));
  }));
}

TEST_CASE("dbscan: a row between two clusters is of the nearer one, whichever comes first") {
  // 1.95 has three rows within 1, too few to be core; 2.8 is nearer than 1.
  const Matrix X = (Matrix(9, 1) << 0, 0.3, 0.6, 1, 1.95, 2.8, 3.1, 3.4, 3.7).finished();
  CHECK(dbscan(X, 1, 4) == Labels{0, 0, 0, 0, 1, 1, 1, 1, 1});
  CHECK(dbscan(X.colwise().reverse(), 1, 4) == Labels{0, 0, 0, 0, 0, 1, 1, 1, 1});
}

TEST_CASE("dbscan's eps: what no more than the expected part of the rows exceed") {
  // Distances to the nearest: 1, 1, 1, 1, 2 and 95.
  const Matrix X = (Matrix(6, 1) << 0, 1, 2, 3, 5, 100).finished();
  CHECK(dbscan_eps(X, 2, 0) == 95);
  CHECK(dbscan_eps(X, 2, 0.16) == 95);
  CHECK(dbscan_eps(X, 2, 0.17) == 2);
  CHECK(dbscan_eps(X, 2, 0.34) == 1);
  CHECK(dbscan_eps(X, 2, 0.999) == 1);
  // To the second nearest: 2, 1, 1, 2, 3 and 97.
  CHECK(dbscan_eps(X, 3, 0.2) == 3);
  // Each that does not exceed it is core itself.
  CHECK(dbscan(X, 2, 2) == Labels{0, 0, 0, 0, 0, -1});
}

/// HDBSCAN by its definition: a set of rows, at rising density, falls into the parts that are still
/// connected.
struct Plain {
  Matrix reach;  // (n × n) mutual reachability
  std::int64_t min_cluster_size;

  std::vector<Indices> parts(const Indices& rows, double below) const {
    std::vector<Indices> result;
    std::set<std::int64_t> rest(rows.begin(), rows.end());
    while (!rest.empty()) {
      Indices part = {*rest.begin()};
      rest.erase(rest.begin());
      for (std::size_t at = 0; at < part.size(); ++at)
        for (auto j = rest.begin(); j != rest.end();) {
          if (reach(part[at], *j) < below) {
            part.push_back(*j);
            j = rest.erase(j);
          } else {
            ++j;
          }
        }
      result.push_back(part);
    }
    return result;
  }

  /// The best sum of stabilities in `all`, a cluster since `birth`, and what has it.
  std::pair<double, std::vector<Indices>> best(const Indices& all, double birth, bool whole) const {
    double stability = 0;
    Indices rows = all;
    for (;;) {
      // The greatest distance below which the rows are not connected any more.
      std::set<double> distances;
      for (std::int64_t i : rows)
        for (std::int64_t j : rows)
          if (i != j) distances.insert(reach(i, j));
      double at = 0;
      std::vector<Indices> fallen;
      for (auto distance = distances.rbegin(); distance != distances.rend(); ++distance) {
        fallen = parts(rows, *distance);
        at = *distance;
        if (fallen.size() > 1) break;
      }
      std::vector<Indices> big;
      for (const Indices& part : fallen)
        if (static_cast<std::int64_t>(part.size()) >= min_cluster_size) big.push_back(part);
      std::size_t leaving = rows.size();
      if (big.size() == 1) leaving -= big.front().size();
      stability += static_cast<double>(leaving) * (1 / at - birth);
      if (big.size() == 1) {
        rows = big.front();
        continue;
      }
      double below = 0;
      std::vector<Indices> taken;
      for (const Indices& part : big) {
        const auto [sum, sets] = best(part, 1 / at, false);
        below += sum;
        taken.insert(taken.end(), sets.begin(), sets.end());
      }
      if (whole || (!big.empty() && below > stability)) return {below, taken};
      return {stability, {all}};
    }
  }
};

TEST_CASE("hdbscan: the most stable of the connected sets of all densities, by the definition") {
  int with_noise = 0, several = 0;
  const auto check = [&](std::uint64_t seed, std::int64_t n, std::int64_t min_cluster_size,
                         std::int64_t min_samples) {
    Random random(seed);
    const Matrix X = drawn(random, n, 4, 4);
    Plain plain{.reach = Matrix::Zero(n, n), .min_cluster_size = min_cluster_size};
    Vector core(n);
    for (std::int64_t i = 0; i < n; ++i) {
      std::vector<double> distances;
      for (std::int64_t j = 0; j < n; ++j) {
        double square = 0;
        for (std::int64_t t = 0; t < X.cols(); ++t)
          square += (X(i, t) - X(j, t)) * (X(i, t) - X(j, t));
        distances.push_back(plain.reach(i, j) = std::sqrt(square));
      }
      std::sort(distances.begin(), distances.end());
      core[i] = distances[static_cast<std::size_t>(min_samples - 1)];
    }
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        plain.reach(i, j) = std::max({plain.reach(i, j), core[i], core[j]});
    Indices all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    Labels labels(static_cast<std::size_t>(n), -1);
    std::int32_t number = 0;
    for (const Indices& cluster : plain.best(all, 0, true).second) {
      for (std::int64_t i : cluster) labels[static_cast<std::size_t>(i)] = number;
      ++number;
    }
    CAPTURE(seed);
    CHECK(same_parts(hdbscan(X, min_cluster_size, min_samples), labels));
    with_noise += std::count(labels.begin(), labels.end(), -1) > 0;
    several += number > 2;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    check(seed, 40 + static_cast<std::int64_t>(seed), 3 + static_cast<std::int64_t>(seed % 4),
          1 + static_cast<std::int64_t>(seed % 5));
  CHECK(with_noise > 2);
  CHECK(several > 5);
}

TEST_CASE("hdbscan: duplicates are dense, and one crowd is no cluster") {
  const Matrix X = (Matrix(9, 1) << 0, 0, 0, 0, 5, 5, 5, 5, 99).finished();
  CHECK(hdbscan(X, 2, 2) == Labels{0, 0, 0, 0, 1, 1, 1, 1, -1});
  CHECK(hdbscan(Matrix::Ones(6, 2), 2, 2) == Labels(6, -1));
  CHECK(hdbscan(Matrix::Ones(1, 2), 2, 1) == Labels{-1});
}

}  // namespace
