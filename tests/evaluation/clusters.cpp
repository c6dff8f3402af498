// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <metriclab/evaluation/agglomerative.hpp>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/evaluation/density.hpp>
#include <metriclab/evaluation/matching.hpp>
#include <metriclab/evaluation/spectral.hpp>
#include <numeric>
#include <set>

#include "evaluate.hpp"

namespace {

using namespace metriclab;
using Labels = std::vector<std::int32_t>;

/// n points in two dimensions about a few centres.
Matrix drawn(Random& random, std::int64_t n, std::int64_t centres = 3, double far = 6) {
  Matrix X(n, 2);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto centre = static_cast<double>(i % centres);
    X(i, 0) = far * std::cos(2 * centre) + random.normal();
    X(i, 1) = far * std::sin(2 * centre) + random.normal();
  }
  return X;
}

/// Whether two lists of labels part their examples in the same way; −1 only with −1.
bool same_parts(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return false;
  std::map<std::int32_t, std::int32_t> there = {{-1, -1}}, back = {{-1, -1}};
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (there.emplace(a[i], b[i]).first->second != b[i]) return false;
    if (back.emplace(b[i], a[i]).first->second != a[i]) return false;
  }
  return true;
}

double plain_linkage(const Matrix& X, const Indices& a, const Indices& b, Linkage linkage) {
  if (linkage == Linkage::ward) {
    const auto squares = [&](Indices both) {
      const Matrix rows = X(both, Eigen::all);
      return (rows.rowwise() - rows.colwise().mean()).squaredNorm();
    };
    Indices both = a;
    both.insert(both.end(), b.begin(), b.end());
    return std::sqrt(2 * (squares(both) - squares(a) - squares(b)));
  }
  double sum = 0, least = std::numeric_limits<double>::infinity(), most = 0;
  for (std::int64_t i : a)
    for (std::int64_t j : b) {
      const double distance = (X.row(i) - X.row(j)).norm();
      sum += distance;
      least = std::min(least, distance);
      most = std::max(most, distance);
    }
  if (linkage == Linkage::single) return least;
  if (linkage == Linkage::complete) return most;
  return sum / static_cast<double>(a.size() * b.size());
}

TEST_CASE("agglomeration is merging the two nearest of all clusters, each time measured anew") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto n = *rc::gen::inRange<std::int64_t>(1, 25);
    const Matrix X = drawn(random, n);
    for (Linkage linkage : {Linkage::single, Linkage::complete, Linkage::average, Linkage::ward}) {
      const std::vector<Merge> merges = agglomerate(X, linkage);
      RC_ASSERT(static_cast<std::int64_t>(merges.size()) == n - 1);
      std::vector<Indices> clusters;
      for (std::int64_t i = 0; i < n; ++i) clusters.push_back({i});
      for (std::int64_t k = n; k > 0; --k) {
        Labels plain(static_cast<std::size_t>(n));
        for (std::size_t c = 0; c < clusters.size(); ++c)
          for (std::int64_t i : clusters[c])
            plain[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(c);
        RC_ASSERT(same_parts(cut(merges, k), plain));
        if (k == 1) break;
        double least = std::numeric_limits<double>::infinity();
        std::size_t first = 0, second = 0;
        for (std::size_t b = 0; b < clusters.size(); ++b)
          for (std::size_t a = 0; a < b; ++a)
            if (const double distance = plain_linkage(X, clusters[a], clusters[b], linkage);
                distance < least) {
              least = distance;
              first = a;
              second = b;
            }
        RC_ASSERT(std::abs(merges[static_cast<std::size_t>(n - k)].height - least) < 1e-9);
        clusters[first].insert(clusters[first].end(), clusters[second].begin(),
                               clusters[second].end());
        clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(second));
      }
    }
  }));
}

TEST_CASE("linkages: names, and too many examples for a table of distances") {
  CHECK_THROWS_WITH_AS(
      linkage_from_string("centroid"),
      "there is no linkage \"centroid\"; there are \"single\", \"complete\", \"average\", \"ward\"",
      Error);
  CHECK_THROWS_WITH_AS(
      agglomerate(Matrix::Zero(20001, 1), Linkage::average),
      "average linkage of 20001 examples takes 1.6 GB for their distances, and at most 20000 "
      "examples are taken; \"ward\" and \"single\" linkage need no such memory",
      Error);
}

TEST_CASE("matched accuracy is the best of all ways to name clusters; F1 and purity by counting") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto n = *rc::gen::inRange<std::int64_t>(1, 30);
    const auto n_classes = *rc::gen::inRange<std::int64_t>(1, 6),
               n_clusters = *rc::gen::inRange<std::int64_t>(1, 6);
    Labels classes, clusters;
    for (std::int64_t i = 0; i < n; ++i) {
      classes.push_back(static_cast<std::int32_t>(random.below(n_classes)));
      clusters.push_back(static_cast<std::int32_t>(random.below(n_clusters)));
    }
    std::vector<std::int32_t> names(6);
    std::iota(names.begin(), names.end(), 0);
    double most = 0;
    do {
      double right = 0;
      for (std::size_t i = 0; i < classes.size(); ++i)
        right += names[static_cast<std::size_t>(clusters[i])] == classes[i];
      most = std::max(most, right);
    } while (std::next_permutation(names.begin(), names.end()));
    RC_ASSERT(std::abs(matched_accuracy(classes, clusters) - most / static_cast<double>(n)) <
              1e-12);

    double tp = 0, fp = 0, fn = 0, pure = 0;
    for (std::size_t i = 0; i < classes.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        tp += classes[i] == classes[j] && clusters[i] == clusters[j];
        fp += classes[i] != classes[j] && clusters[i] == clusters[j];
        fn += classes[i] == classes[j] && clusters[i] != clusters[j];
      }
    const double f1 = pairwise_f1(classes, clusters);
    if (tp + fp + fn == 0)
      RC_ASSERT(std::isnan(f1));
    else
      RC_ASSERT(std::abs(f1 - 2 * tp / (2 * tp + fp + fn)) < 1e-12);
    for (std::int32_t u = 0; u < 6; ++u) {
      std::int64_t frequent = 0;
      for (std::int32_t c = 0; c < 6; ++c) {
        std::int64_t both = 0;
        for (std::size_t i = 0; i < classes.size(); ++i)
          both += classes[i] == c && clusters[i] == u;
        frequent = std::max(frequent, both);
      }
      pure += static_cast<double>(frequent);
    }
    RC_ASSERT(std::abs(purity(classes, clusters) - pure / static_cast<double>(n)) < 1e-12);
  }));
  CHECK(std::isnan(matched_accuracy({}, {})));
  CHECK(std::isnan(purity({}, {})));
}

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

TEST_CASE("spectral: beyond 500 rows the same space as by a dense decomposition") {
  Random random(11);
  const SparseMatrix S = neighbor_graph(drawn(random, 700, 5, 9), 8);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> dense{Eigen::MatrixXd(S)};
  CHECK(dense.eigenvalues()[699] == doctest::Approx(1));
  CHECK(dense.eigenvalues()[0] >= -1 - 1e-12);
  for (std::int64_t k : {5, 20}) {
    const Matrix V = greatest_eigenvectors(S, k, Random(3));
    CHECK((V.transpose() * V - Matrix::Identity(k, k)).norm() < 1e-9);
    const Matrix values = V.transpose() * (S * V);
    CHECK((S * V - V * values).norm() < 1e-6);
    CHECK(values.trace() == doctest::Approx(dense.eigenvalues().tail(k).sum()).epsilon(1e-9));
  }
}

TEST_CASE("clustering: rings, and groups in noise, that k-means takes apart") {
  Random random(5);
  MatrixF rings(600, 2);
  Labels ring;
  for (std::int64_t i = 0; i < 600; ++i) {
    ring.push_back(static_cast<std::int32_t>(i % 2));
    const double radius = i % 2 == 0 ? 1 : 4, angle = random.uniform(0, 6.283185307179586);
    rings(i, 0) = static_cast<float>(radius * std::cos(angle) + 0.05 * random.normal());
    rings(i, 1) = static_cast<float>(radius * std::sin(angle) + 0.05 * random.normal());
  }
  const Embedded rings_test = embedded(rings, ring);
  CHECK(evaluate("clustering", rings_test).at("ari").value < 0.1);
  for (const std::string parameters :
       {R"({"method": "spectral"})", R"({"method": "agglomerative", "linkage": "single"})",
        R"({"method": "dbscan", "expected_noise": 0})",
        R"({"method": "hdbscan", "min_cluster_size": 25})"}) {
    CAPTURE(parameters);
    const auto found = evaluate("clustering", rings_test, {}, parameters);
    CHECK(found.at("ari").value > 0.95);
    CHECK(found.at("f1").value > 0.95);
    CHECK(found.at("accuracy").value > 0.95);
    CHECK(found.at("noise").value < 0.05);
    CHECK(found.at("clusters").better == Better::neither);
  }
  CHECK(evaluate("clustering", rings_test, {}, R"({"method": "spectral"})").at("clusters").value ==
        2);
}

TEST_CASE("clustering: noise is a cluster of its own each, but not counted among them") {
  // 99 and −99 are noise.
  const Embedded test =
      embedded(MatrixF{{0}, {1}, {2}, {10}, {11}, {12}, {99}, {-99}}, {0, 0, 0, 1, 1, 1, 2, 2});
  const auto found =
      evaluate("clustering", test, {}, R"({"method": "dbscan", "eps": 1.5, "min_samples": 2})");
  CHECK(found.at("clusters").value == 2);
  CHECK(found.at("noise").value == doctest::Approx(0.25));
  CHECK(found.at("purity").value == 1);
  CHECK(found.at("accuracy").value == doctest::Approx(7.0 / 8));
  // Pairs of one class: 3 + 3 + 1, of one cluster: 3 + 3.
  CHECK(found.at("f1").value == doctest::Approx(2.0 * 6 / (7 + 6)));
  CHECK_THROWS_WITH_AS(evaluate("clustering", test, {}, R"({"method": "spectral"})"),
                       "clustering: n_neighbors asks for at least 11 examples in the test part, "
                       "which has 8; lower n_neighbors",
                       Error);
  CHECK_THROWS_WITH_AS(
      evaluate("clustering", test, {}, R"({"method": "hdbscan", "min_samples": 9})"),
      "clustering: min_samples asks for at least 9 examples in the test part, which has 8; lower "
      "min_samples",
      Error);
  for (const char* method : {"agglomerative", "spectral", "dbscan", "hdbscan"}) {
    CAPTURE(method);
    const std::string parameters = R"({"method": ")" + std::string(method) + "\"}";
    // All equal, twelve of each of two classes: something is found, and nothing breaks.
    Labels labels(24);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 2);
    const auto equal =
        evaluate("clustering", embedded(MatrixF::Ones(24, 3), labels), {}, parameters);
    CHECK(equal.at("nmi").value >= 0);
    CHECK(equal.at("accuracy").value >= 1.0 / 24);
    CHECK(evaluate("clustering", embedded(MatrixF::Ones(3, 1), {4, 4, 4}), {}, parameters)
              .at("clusters")
              .reason == "the test part has one class only");
  }
}

}  // namespace
