// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/dispersion.hpp>
#include <metriclab/evaluation/neighborhood.hpp>
#include <metriclab/evaluation/spectrum.hpp>

#include "evaluate.hpp"

namespace {

using namespace metriclab;
using Labels = std::vector<std::int32_t>;

MatrixF gaussian(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  Random random(seed);
  MatrixF points(n, d);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t t = 0; t < d; ++t) points(i, t) = static_cast<float>(random.normal());
  return points;
}

Embedded drawn(Random& random, std::int64_t n, std::int64_t d) {
  MatrixF points(n, d);
  Labels labels;
  for (std::int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<std::int32_t>(random.below(4)));
    for (std::int64_t t = 0; t < d; ++t)
      points(i, t) = static_cast<float>(random.normal() + (t == labels.back() ? 2 : 0));
  }
  return embedded(points, labels);
}

Measurement measured(const Embedded& test, const std::string& parameters = "{}",
                     Distance distance = Distance::euclidean) {
  static Registry registry(Registry::standard_folders());
  Value block = parse_json(parameters);
  block.set("plugin", "space");
  const Embedded none;
  const std::vector<Episode> episodes;
  return registry.make<Evaluator>(block)->measure({.train = none,
                                                   .test = test,
                                                   .distance = distance,
                                                   .episodes = episodes,
                                                   .random = Random(7, "test")});
}

const Curve& curve(const Measurement& is, const std::string& name) {
  return *std::find_if(is.curves.begin(), is.curves.end(),
                       [&](const Curve& curve) { return curve.name == name; });
}

struct Sum {
  double sum = 0, count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  double mean() const { return sum / count; }
};

TEST_CASE("the spread of classes, pair by pair") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Embedded is = drawn(random, *rc::gen::inRange<std::int64_t>(2, 40), 3);
    const Matrix X = is.embeddings.cast<double>();
    const Labels& y = is.labels();
    const auto n = static_cast<std::int64_t>(y.size());
    const auto label = [&](std::int64_t i) { return y[static_cast<std::size_t>(i)]; };

    Sum intra, aligned, uniform;
    std::map<std::int32_t, Sum> intra_of, inter_of;
    std::map<std::int32_t, Vector> means;
    std::map<std::int32_t, double> sizes;
    for (std::int64_t i = 0; i < n; ++i) {
      if (!means.contains(label(i))) means[label(i)] = Vector::Zero(3);
      means[label(i)] += X.row(i).transpose();
      ++sizes[label(i)];
      for (std::int64_t j = 0; j < n; ++j) {
        if (i == j) continue;
        const double turned = (X.row(i).normalized() - X.row(j).normalized()).squaredNorm();
        uniform.add(std::exp(-2 * turned));
        if (label(i) != label(j)) continue;
        intra.add((X.row(i) - X.row(j)).norm());
        intra_of[label(i)].add((X.row(i) - X.row(j)).norm());
        aligned.add(turned);
      }
    }
    Sum inter;
    double within = 0, between = 0;
    const Vector mean = X.colwise().mean().transpose();
    for (auto& [c, sum] : means) sum /= sizes[c];
    for (const auto& [c, a] : means) {
      between += sizes[c] * (a - mean).squaredNorm();
      for (const auto& [other, b] : means) {
        if (other == c) continue;
        inter.add((a - b).norm());
        inter_of[c].add((a - b).norm());
      }
    }
    Sum silhouettes;
    for (std::int64_t i = 0; i < n; ++i) {
      within += (X.row(i).transpose() - means[label(i)]).squaredNorm();
      std::map<std::int32_t, Sum> to;
      for (std::int64_t j = 0; j < n; ++j)
        if (i != j) to[label(j)].add((X.row(i) - X.row(j)).norm());
      double b = std::numeric_limits<double>::infinity();
      for (const auto& [c, sum] : to)
        if (c != label(i)) b = std::min(b, sum.mean());
      if (sizes[label(i)] == 1)
        silhouettes.add(0);
      else
        silhouettes.add((b - to[label(i)].mean()) / std::max(b, to[label(i)].mean()));
    }

    Labels with_two;
    Sum ratios, squares;
    for (const auto& [c, sum] : intra_of) {
      with_two.push_back(c);
      if (means.size() > 1) ratios.add(sum.mean() / inter_of[c].mean());
    }
    for (const auto& [c, sum] : intra_of)
      if (means.size() > 1)
        squares.add(std::pow(sum.mean() / inter_of[c].mean() - ratios.mean(), 2));

    const Measurement found = measured(is);
    const auto check = [&](const std::string& name, double value) {
      const auto metric = std::find_if(found.metrics.begin(), found.metrics.end(),
                                       [&](const Metric& one) { return one.name == name; });
      RC_ASSERT(metric != found.metrics.end());
      RC_ASSERT(std::isfinite(metric->value) == std::isfinite(value));
      if (std::isfinite(value)) RC_ASSERT(std::abs(metric->value - value) < 1e-7);
    };
    const bool several = means.size() > 1;
    check("intra_inter_ratio", intra.mean() / inter.mean());
    check("intra_inter_ratio_deviation",
          squares.count > 1 ? std::sqrt(squares.mean()) : std::nan(""));
    check("fisher_ratio", several ? within / between : std::nan(""));
    check("silhouette", several && intra.count > 0 ? silhouettes.mean() : std::nan(""));
    check("alignment", aligned.mean());
    check("uniformity", std::log(uniform.mean()));
    if (several && !with_two.empty()) {
      const Curve& of_classes = curve(found, "intra_inter_ratio");
      RC_ASSERT(of_classes.at.size() == with_two.size());
      for (std::size_t at = 0; at < with_two.size(); ++at)
        RC_ASSERT(std::abs(of_classes.values[at] -
                           intra_of[with_two[at]].mean() / inter_of[with_two[at]].mean()) < 1e-7);
    }
  }));
}

TEST_CASE("a space by hand: two classes of two") {
  // Class 0 at (±1, 0), class 1 at (±1, 4): within 2, between the means 4.
  const auto found =
      evaluate("space", embedded(MatrixF{{-1, 0}, {1, 0}, {-1, 4}, {1, 4}}, {0, 0, 1, 1}));
  CHECK(found.at("intra_inter_ratio").value == doctest::Approx(0.5));
  CHECK(found.at("intra_inter_ratio_deviation").value == doctest::Approx(0));
  // S_w: 4·1; S_b: 4·2².
  CHECK(found.at("fisher_ratio").value == doctest::Approx(0.25));
  // To the other class 4 and √20.
  const double b = (4 + std::sqrt(20.0)) / 2;
  CHECK(found.at("silhouette").value == doctest::Approx((b - 2) / b));
  // Centred (±1, ±2): σ = 2 and 4.
  const double p = 1.0 / 3, q = 2.0 / 3;
  CHECK(found.at("effective_rank").value ==
        doctest::Approx(std::exp(-p * std::log(p) - q * std::log(q))));
  CHECK(found.at("participation_ratio").value == doctest::Approx(20.0 * 20 / (16 + 256)));
  CHECK(found.at("spectral_decay").value ==
        doctest::Approx(-0.5 * (std::log(2 * p) + std::log(2 * q))));
  CHECK(found.at("hubness").reason == "4 examples are too few");
  for (const auto& [name, metric] : found)
    CHECK((metric.better == Better::neither) ==
          (name != "silhouette" && name != "recall_at_1_half"));
}

TEST_CASE("singular values are those of a decomposition; ranks of alike directions are d") {
  const MatrixF points = (gaussian(50, 7, 1).array() + 3).matrix();
  Matrix X = points.cast<double>();
  X.rowwise() -= Matrix(X.colwise().mean()).row(0);
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd{Eigen::MatrixXd(X)};
  CHECK((singular_values(points) - svd.singularValues()).norm() < 1e-9);

  const Vector alike = Vector::Constant(9, 0.3);
  CHECK(effective_rank(alike) == doctest::Approx(9));
  CHECK(participation_ratio(alike) == doctest::Approx(9));
  CHECK(spectral_decay(alike) == doctest::Approx(0));
  const Vector line = Vector::Unit(5, 0);
  CHECK(effective_rank(line) == doctest::Approx(1));
  CHECK(participation_ratio(line) == doctest::Approx(1));
  CHECK(spectral_decay(line) == std::numeric_limits<double>::infinity());
  CHECK(std::isnan(effective_rank(Vector::Zero(3))));
  CHECK(std::isnan(participation_ratio(Vector::Zero(3))));
  CHECK(std::isnan(spectral_decay(Vector::Zero(3))));
  // Stochastic, with a fixed seed: σ of 20000 × 10 Gaussians vary by about √(d/n) = 2 %.
  const Vector many = singular_values(gaussian(20000, 10, 2));
  CHECK(effective_rank(many) > 9.98);
  CHECK(participation_ratio(many) > 9.95);
  CHECK(spectral_decay(many) < 1e-3);
}

TEST_CASE("the intrinsic dimension of a Gaussian is its own, wherever it is turned to") {
  // Stochastic, with a fixed seed: deviations of about m/√(n·k) and m/√n; the likelihood's bias at
  // the edges is some per cent for few dimensions and grows with them.
  for (std::int64_t d : {1, 2, 5}) {
    CAPTURE(d);
    const MatrixF flat = gaussian(4000, d, 3);
    const MatrixF turned = flat * gaussian(d, 12, 4);
    for (const MatrixF& points : {flat, turned}) {
      const auto found = nearest_neighbors(points, 20);
      const auto m = static_cast<double>(d);
      CHECK(std::abs(likely_dimension(found) / m - 1) < 0.08);
      CHECK(std::abs(two_nn_dimension(found) / m - 1) < 0.08);
    }
  }
}

TEST_CASE("neighbourhoods by hand, and what has no dimension") {
  // Distances 1, 2 and 4: log 4 + log 2 over two.
  Neighbors<double> found{.indices = {}, .distances = Matrix{{1, 2, 4}}};
  CHECK(likely_dimension(found) == doctest::Approx(2 / std::log(8.0)));
  found.distances = Matrix{{0, 2, 4}};
  CHECK(likely_dimension(found) == doctest::Approx(1 / std::log(2.0)));
  found.distances = Matrix{{0, 0, 0}};
  CHECK(std::isnan(likely_dimension(found)));
  found.distances = Matrix{{3, 3, 3}};
  CHECK(std::isinf(likely_dimension(found)));
  // Nine tenths of the μ of 20 points on the curve 1 − F = μ^(−3) itself.
  found.distances = Matrix::Ones(20, 2);
  for (std::int64_t i = 0; i < 20; ++i)
    found.distances(i, 1) = i < 18 ? std::pow(1 - static_cast<double>(i + 1) / 20, -1.0 / 3) : 1000;
  CHECK(two_nn_dimension(found) == doctest::Approx(3));
  found.distances.col(0).head(11).setZero();
  CHECK(std::isnan(two_nn_dimension(found)));
  CHECK(std::isinf(
      two_nn_dimension(Neighbors<double>{.indices = {}, .distances = Matrix::Ones(20, 2)})));

  // All name 0, which names 1: N = 3, 1, 0, 0.
  Neighbors<double> star;
  star.indices.resize(4, 1);
  star.indices << 1, 0, 0, 0;
  const double squares = (4 + 0 + 1 + 1) / 4.0, cubes = (8 + 0 - 1 - 1) / 4.0;
  CHECK(hubness(star).skewness == doctest::Approx(cubes / std::pow(squares, 1.5)));
  CHECK(hubness(star).antihubs == doctest::Approx(0.5));
  star.indices << 1, 0, 3, 2;
  CHECK(std::isnan(hubness(star).skewness));
  CHECK(hubness(star).antihubs == 0);
}

TEST_CASE("hubs come with dimensions") {
  // Stochastic, with a fixed seed. As in figure 1 of Radovanović et al. 2010: near symmetry for
  // three dimensions, far skewed for a hundred.
  const Hubness few = hubness(nearest_neighbors(gaussian(3000, 3, 5), 10)),
                many = hubness(nearest_neighbors(gaussian(3000, 100, 5), 10));
  CHECK(std::abs(few.skewness) < 0.5);
  CHECK(few.antihubs < 0.01);
  CHECK(many.skewness > 2);
  CHECK(many.antihubs > 0.1);
}

TEST_CASE("dropped dimensions: with all of them the nearest neighbour's classification") {
  Random random(8);
  const Embedded test = drawn(random, 80, 8);
  for (Distance distance : {Distance::euclidean, Distance::cosine, Distance::dot}) {
    const Measurement found = measured(test, "{}", distance);
    const Curve& recall = curve(found, "recall_at_1");
    CHECK(recall.at == std::vector<double>{1, 0.75, 0.5, 0.25, 0.1});
    CHECK(recall.values.front() ==
          doctest::Approx(evaluate("retrieval", test, {}, R"({"recall_at": [1]})", distance)
                              .at("recall_at_1")
                              .value));
    CHECK(found.metrics.back().name == "recall_at_1_half");
    CHECK(found.metrics.back().value == recall.values[2]);
  }
  // Classes told apart by every dimension survive; by one of 20 alone they are lost with it. The
  // mean of 400 masks: half of them have the dimension, the others guess between two classes.
  MatrixF every(60, 20), single = gaussian(60, 20, 6);
  Labels labels;
  for (std::int64_t i = 0; i < 60; ++i) {
    labels.push_back(static_cast<std::int32_t>(i % 2));
    every.row(i).setConstant(static_cast<float>(100 * (i % 2)) + static_cast<float>(i) / 100);
    single(i, 3) = static_cast<float>(1000 * (i % 2));
  }
  CHECK(measured(embedded(every, labels)).metrics.back().value == 1);
  const double half =
      measured(embedded(single, labels), R"({"n_masks": 400})").metrics.back().value;
  CHECK(half == doctest::Approx(0.75).epsilon(0.08));
}

TEST_CASE("a drawn sample of the pairs comes near all of them") {
  // Stochastic, with a fixed seed: 500 of 1500 examples.
  Random random(9);
  const Embedded test = drawn(random, 1500, 5);
  const auto all = evaluate("space", test),
             some = evaluate("space", test, {}, R"({"max_examples": 500})");
  for (const char* name : {"intra_inter_ratio", "silhouette", "alignment", "uniformity"}) {
    CAPTURE(name);
    CHECK(some.at(name).value != all.at(name).value);
    CHECK(some.at(name).value == doctest::Approx(all.at(name).value).epsilon(0.1));
  }
  for (const char* name : {"fisher_ratio", "hubness", "dimension", "effective_rank"})
    CHECK(some.at(name).value == all.at(name).value);
}

TEST_CASE("a space that is odd: reasons, not numbers that mean nothing") {
  const auto reason = [](const std::map<std::string, Metric>& found, const char* name) {
    return found.at(name).reason;
  };
  // Far from the origin, and of no exact binary digits, so that a mean would be rounded.
  MatrixF point(30, 3);
  point.rowwise() = Eigen::RowVector3f(1000.1f, -0.3f, 7.7f);
  Labels labels(30);
  for (std::size_t i = 0; i < 30; ++i) labels[i] = static_cast<std::int32_t>(i % 3);
  const auto equal = evaluate("space", embedded(point, labels));
  CHECK(reason(equal, "intra_inter_ratio") == "the means of all classes coincide");
  CHECK(reason(equal, "fisher_ratio") == "the means of all classes coincide");
  CHECK(equal.at("silhouette").value == 0);
  CHECK(equal.at("alignment").value == doctest::Approx(0));
  CHECK(reason(equal, "dimension") == "nearly all examples have duplicates");
  const auto zero =
      evaluate("space", embedded(MatrixF::Zero(30, 3), labels), {}, "{}", Distance::cosine);
  CHECK(reason(zero, "effective_rank") == "all embeddings are equal");
  CHECK(reason(zero, "spectral_decay") == "all embeddings are equal");

  MatrixF flat = gaussian(40, 3, 2);
  flat.col(1).setZero();
  CHECK(reason(evaluate("space", embedded(flat, Labels(40, 2))), "spectral_decay") ==
        "without end: the embeddings don't fill all dimensions");
  CHECK(reason(evaluate("space", embedded(flat, Labels(40, 2))), "silhouette") ==
        "the test part has one class only");
  CHECK(evaluate("space", embedded(flat, Labels(40, 2))).at("recall_at_1_half").value == 1);
  Labels different(40);
  for (std::size_t i = 0; i < 40; ++i) different[i] = static_cast<std::int32_t>(i);
  for (const char* name : {"intra_inter_ratio", "silhouette", "alignment", "recall_at_1_half"})
    CHECK(reason(evaluate("space", embedded(flat, different)), name) ==
          "no class has two examples among those measured");
  for (const auto& [name, metric] : evaluate("space", embedded(MatrixF(0, 3), {})))
    CHECK(metric.reason == "the test part is empty");
  CHECK(reason(evaluate("space", embedded(MatrixF::Ones(1, 2), {0})), "uniformity") ==
        "there is one example only");

  const Embedded without{.embeddings = gaussian(40, 3, 2), .columns = {}};
  const auto found = evaluate("space", without);
  CHECK(reason(found, "silhouette") == "the data set has no classes");
  CHECK(reason(found, "recall_at_1_half") == "the data set has no classes");
  CHECK(found.at("effective_rank").value > 2.5);
  CHECK(found.at("uniformity").value < 0);
  CHECK(reason(evaluate("space", without, {}, "{}", Distance::manhattan), "dimension") ==
        "it can't go by the distance \"manhattan\" of these embeddings");
}

}  // namespace
