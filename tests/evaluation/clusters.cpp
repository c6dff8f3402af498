// SPDX-License-Identifier: BSD-3-Clause
#include "clusters.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/agglomerative.hpp>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/evaluation/matching.hpp>
#include <metriclab/evaluation/spectral.hpp>
#include <numeric>

#include "evaluate.hpp"

namespace {

using namespace metriclab;

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
