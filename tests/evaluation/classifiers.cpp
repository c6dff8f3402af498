// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <metriclab/evaluation/classification.hpp>
#include <set>

#include "../neighbors/naive.hpp"
#include "../neighbors/points.hpp"
#include "evaluate.hpp"

namespace {

using namespace metriclab;
using Labels = std::vector<std::int32_t>;

struct Case {
  Embedded train, test;
};

/// Overlapping classes in d dimensions, numbered 0 … 3; the first examples of both parts are one of
/// each, and some examples stand in both.
Case drawn(Random& random, std::int64_t d) {
  const auto part = [&](std::int64_t n) {
    MatrixF points(n, d);
    Labels labels;
    for (std::int64_t i = 0; i < n; ++i) {
      labels.push_back(static_cast<std::int32_t>(i < 4 ? i : random.below(4)));
      for (std::int64_t t = 0; t < d; ++t)
        points(i, t) = static_cast<float>(random.normal() + (t == labels.back() ? 1 : 0));
    }
    Embedded is = embedded(std::move(points), std::move(labels));
    is.columns.front().classes = {"a", "b", "c", "d"};
    return is;
  };
  Case is{.train = part(40), .test = part(30)};
  is.test.embeddings.bottomRows(5) = is.train.embeddings.bottomRows(5);
  return is;
}

Vector row(const Embedded& part, std::int64_t i) {
  return part.embeddings.row(i).cast<double>().transpose();
}

/// By the definitions of data/distance.hpp, for y of class c.
double plain_distance(const Vector& x, const Vector& y, Distance distance, std::int32_t c) {
  const std::int64_t width = x.size() / 4;
  if (distance == Distance::by_class) return (x - y).segment(c * width, width).norm();
  return naive::distance(x.transpose(), 0, y.transpose(), 0, distance);
}

Case fit_for(Distance distance, Case is) {
  for (Embedded* part : {&is.train, &is.test})
    part->embeddings = fit_for(distance, std::move(part->embeddings));
  return is;
}

/// By way of the Klein model: Σ γ_i k_i / Σ γ_i of k_i = 2x_i/(1 + ‖x_i‖²), γ_i the Lorentz factor.
Vector einstein_midpoint(const std::vector<Vector>& points) {
  Vector sum = Vector::Zero(points.front().size());
  double factors = 0;
  for (const Vector& x : points) {
    const Vector k = 2 * x / (1 + x.squaredNorm());
    const double factor = 1 / std::sqrt(1 - k.squaredNorm());
    sum += factor * k;
    factors += factor;
  }
  const Vector k = sum / factors;
  return k / (1 + std::sqrt(1 - k.squaredNorm()));
}

/// The class with the greatest score of each test example; ties: the smallest label.
using Score = std::function<double(std::int64_t test, std::int32_t label)>;
void require_labels(const std::map<std::string, Metric>& found, const Case& is,
                    const Score& score) {
  Labels predicted;
  const std::set<std::int32_t> classes(is.train.labels().begin(), is.train.labels().end());
  for (std::int64_t i = 0; i < is.test.embeddings.rows(); ++i) {
    double greatest = -std::numeric_limits<double>::infinity();
    predicted.push_back(-1);
    for (std::int32_t label : classes)
      if (const double value = score(i, label); value > greatest) {
        greatest = value;
        predicted.back() = label;
      }
  }
  for (const Metric& metric : classification_metrics(is.test.labels(), predicted))
    RC_ASSERT(found.at(metric.name).value == metric.value);
}

TEST_CASE("the metrics of a classification, by counting each class by itself") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Labels truth, predicted;
    for (std::int64_t i = *rc::gen::inRange<std::int64_t>(1, 40); i > 0; --i) {
      truth.push_back(static_cast<std::int32_t>(random.below(4)) - 2);
      predicted.push_back(static_cast<std::int32_t>(random.below(5)) - 2);
    }
    double right = 0, recalls = 0, tested = 0, f1 = 0, seen = 0;
    for (std::int32_t label = -2; label < 3; ++label) {
      double tp = 0, fp = 0, fn = 0;
      for (std::size_t i = 0; i < truth.size(); ++i) {
        tp += truth[i] == label && predicted[i] == label;
        fp += truth[i] != label && predicted[i] == label;
        fn += truth[i] == label && predicted[i] != label;
      }
      right += tp;
      if (tp + fn > 0) recalls += tp / (tp + fn);
      tested += tp + fn > 0;
      if (tp + fp + fn > 0) f1 += 2 * tp / (2 * tp + fp + fn);
      seen += tp + fp + fn > 0;
    }
    const auto found = classification_metrics(truth, predicted);
    RC_ASSERT(found.size() == 3u);
    RC_ASSERT(std::abs(found[0].value - right / static_cast<double>(truth.size())) < 1e-12);
    RC_ASSERT(std::abs(found[1].value - recalls / tested) < 1e-12);
    RC_ASSERT(std::abs(found[2].value - f1 / seen) < 1e-12);
  }));
}

TEST_CASE("knn weighs votes by inverse distances: by hand") {
  const Embedded train = embedded(MatrixF{{0}, {3}, {4}, {10}}, {1, 0, 0, 2});
  const auto accuracy = [&](float at, std::int32_t label, const std::string& weights,
                            Distance distance = Distance::euclidean) {
    return evaluate("knn", embedded(MatrixF{{at}}, {label}), train,
                    R"({"n_neighbors": 3, "weights": ")" + weights + "\"}", distance)
        .at("accuracy")
        .value;
  };
  // From 1: distances 1 (class 1), 2 and 3 (class 0): 1 against 1/2 + 1/3, or 2 votes to 1.
  CHECK(accuracy(1, 0, "uniform") == 1);
  CHECK(accuracy(1, 1, "distance") == 1);
  // From 1.5: 1/1.5 against 1/1.5 + 1/2.5; squared 1/2.25 against 1/2.25 + 1/6.25.
  CHECK(accuracy(1.5f, 0, "distance") == 1);
  // From 1.25: 1/1.25 = 0.8 against 1/1.75 + 1/2.75 = 0.935; squared 0.64 against 0.327 + 0.132.
  CHECK(accuracy(1.25f, 0, "distance") == 1);
  CHECK(accuracy(1.25f, 1, "distance", Distance::squared_euclidean) == 1);
  // At 0 that example alone votes.
  CHECK(accuracy(0, 1, "distance") == 1);
  CHECK(accuracy(0, 0, "uniform") == 1);
  // Equal sums, 1/2 each: the smallest label.
  CHECK(evaluate("knn", embedded(MatrixF{{0}}, {3}), embedded(MatrixF{{2}, {-2}}, {7, 3}),
                 R"({"n_neighbors": 2, "weights": "distance"})")
            .at("accuracy")
            .value == 1);
  for (Distance distance : {Distance::dot, Distance::bilinear})
    CHECK(evaluate("knn", embedded(MatrixF{{1, 1}}, {0}), embedded(MatrixF{{1, 2}}, {0}),
                   R"({"n_neighbors": 1, "weights": "distance"})", distance)
              .at("macro_f1")
              .reason == "weights \"distance\" are inverse distances, and those of \"" +
                             std::string(to_string(distance)) +
                             "\" may be negative; \"uniform\" takes them");
}

TEST_CASE("knn with weights is what sorting all distances gives") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Case any = drawn(random, 4);
    const auto k = *rc::gen::inRange<std::size_t>(1, 12);
    for (Distance distance :
         {Distance::euclidean, Distance::squared_euclidean, Distance::cosine, Distance::by_class,
          Distance::manhattan, Distance::chi_squared, Distance::poincare}) {
      const Case is = fit_for(distance, any);
      const Score score = [&](std::int64_t i, std::int32_t label) {
        std::vector<std::pair<double, std::int32_t>> near;
        for (std::int64_t j = 0; j < is.train.embeddings.rows(); ++j) {
          const std::int32_t c = is.train.labels()[static_cast<std::size_t>(j)];
          const Vector x = row(is.test, i), y = row(is.train, j);
          near.emplace_back(x == y ? 0 : plain_distance(x, y, distance, c), c);
        }
        std::stable_sort(near.begin(), near.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        double sum = 0;
        for (std::size_t rank = 0; rank < k; ++rank)
          if (near[rank].second == label && (near[0].first > 0 || near[rank].first == 0))
            sum += near[0].first > 0 ? 1 / near[rank].first : 1;
        return sum;
      };
      require_labels(
          evaluate("knn", is.test, is.train,
                   R"({"weights": "distance", "n_neighbors": )" + std::to_string(k) + "}",
                   distance),
          is, score);
    }
  }));
}

TEST_CASE("nearest_class_mean is the nearest mean, where the distance lives") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Case any = drawn(random, 8);
    for (Distance distance : {Distance::euclidean, Distance::squared_euclidean, Distance::cosine,
                              Distance::dot, Distance::bilinear, Distance::by_class,
                              Distance::manhattan, Distance::chi_squared, Distance::poincare}) {
      const Case is = fit_for(distance, any);
      // Under dot and bilinear the mean of the distances is that of the mean.
      const bool linear = distance == Distance::dot || distance == Distance::bilinear;
      const Score score = [&](std::int64_t i, std::int32_t label) {
        Vector mean = Vector::Zero(8);
        double distances = 0, members = 0;
        std::vector<Vector> points;
        for (std::int64_t j = 0; j < is.train.embeddings.rows(); ++j) {
          if (is.train.labels()[static_cast<std::size_t>(j)] != label) continue;
          const Vector y = row(is.train, j);
          mean += distance == Distance::cosine ? Vector(y / y.norm()) : y;
          distances += plain_distance(row(is.test, i), y, distance, label);
          points.push_back(y);
          ++members;
        }
        if (linear) return -distances / members;
        mean /= members;
        if (distance == Distance::poincare) mean = einstein_midpoint(points);
        return -plain_distance(row(is.test, i), mean, distance, label);
      };
      require_labels(evaluate("nearest_class_mean", is.test, is.train, "{}", distance), is, score);
    }
  }));
}

TEST_CASE("prototypes: ties, means without a direction, and parts that say nothing") {
  const auto accuracy = [](const Embedded& test, const Embedded& train, Distance distance) {
    return evaluate("nearest_class_mean", test, train, "{}", distance).at("accuracy").value;
  };
  // As far from both means: the smallest label.
  const Embedded middle = embedded(MatrixF{{0, 0}}, {3});
  CHECK(accuracy(middle, embedded(MatrixF{{1, 0}, {-1, 0}}, {9, 3}), Distance::euclidean) == 1);
  // Opposite embeddings of class 0 have no mean direction, though rounding leaves (3e-17, 0) of
  // their sum; 1 is between near and far.
  const Embedded opposite = embedded(MatrixF{{1, 3}, {-5, -15}, {1, -3}}, {0, 0, 1});
  CHECK(accuracy(embedded(MatrixF{{5, 1}}, {1}), opposite, Distance::cosine) == 1);
  CHECK(accuracy(embedded(MatrixF{{-5, 1}}, {0}), opposite, Distance::cosine) == 1);
  Embedded blocks = embedded(MatrixF{{1, 2}, {2, 3}}, {0, 1});
  blocks.columns.front().classes = {"a", "b", "c"};
  for (const std::string name : {"nearest_class_mean", "nearest_centroids"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH_AS(
        evaluate(name, embedded(MatrixF{{1, 1}}, {0}), blocks, "{}", Distance::by_class),
        "2 dimensions are not one block for each of 3 classes, as the distance \"by_class\" needs "
        "them",
        Error);
    CHECK(evaluate(name, middle, blocks)["accuracy"].reason ==
          "the training part has none of the test part's classes");
    CHECK(evaluate(name, middle)["accuracy"].reason == "the training part is empty");
  }
}

TEST_CASE("nearest_centroids: one is the mean, as many as examples the nearest neighbour") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Case is = drawn(random, 4);
    const auto same = [](const std::map<std::string, Metric>& a,
                         const std::map<std::string, Metric>& b) {
      for (const auto& [name, metric] : a)
        RC_ASSERT(std::abs(metric.value - b.at(name).value) < 1e-12);
    };
    for (Distance distance :
         {Distance::euclidean, Distance::cosine, Distance::dot, Distance::by_class}) {
      same(evaluate("nearest_centroids", is.test, is.train, R"({"centroids": 1})", distance),
           evaluate("nearest_class_mean", is.test, is.train, "{}", distance));
      if (distance != Distance::dot && distance != Distance::cosine)
        same(evaluate("nearest_centroids", is.test, is.train, R"({"centroids": 40})", distance),
             evaluate("knn", is.test, is.train, R"({"n_neighbors": 1})", distance));
    }
  }));
}

TEST_CASE("nearest_centroids: classes of two groups each, whose means coincide") {
  Random random(3);
  const auto crossed = [&](std::int64_t n) {
    MatrixF points(n, 2);
    Labels labels;
    for (std::int64_t i = 0; i < n; ++i) {
      const double x = i % 2 == 0 ? 10 : -10, y = i / 2 % 2 == 0 ? 10 : -10;
      points(i, 0) = static_cast<float>(x + random.normal());
      points(i, 1) = static_cast<float>(y + random.normal());
      labels.push_back(x * y > 0 ? 0 : 1);
    }
    return embedded(points, labels);
  };
  const Embedded train = crossed(80), test = crossed(80);
  CHECK(evaluate("nearest_centroids", test, train, R"({"centroids": 2})")["accuracy"].value == 1);
  CHECK(evaluate("nearest_class_mean", test, train)["accuracy"].value < 0.8);
  // Two different examples of a class, of which three centroids are asked.
  const Embedded few = embedded(MatrixF{{0, 0}, {0, 0}, {9, 9}, {4, 4}}, {0, 0, 0, 1});
  CHECK(evaluate("nearest_centroids", embedded(MatrixF{{8, 8}, {4, 5}}, {0, 1}), few)["accuracy"]
            .value == 1);
  for (Distance distance :
       {Distance::bilinear, Distance::manhattan, Distance::chi_squared, Distance::poincare})
    for (const auto& entry : evaluate("nearest_centroids", test, train, "{}", distance))
      CHECK(entry.second.reason == "it can't go by the distance \"" +
                                       std::string(to_string(distance)) + "\" of these embeddings");
}

}  // namespace
