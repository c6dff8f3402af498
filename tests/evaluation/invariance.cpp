// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <Eigen/QR>
#include <algorithm>

#include "../neighbors/points.hpp"
#include "evaluate.hpp"

namespace {

using namespace metriclab;

struct Case {
  MatrixF points;
  std::vector<std::int32_t> labels;
};

Case drawn(Random& random) {
  const auto n = *rc::gen::inRange<std::int64_t>(8, 50);
  const auto d = *rc::gen::inRange<std::int64_t>(1, 6);
  Case is{.points = MatrixF(n, d), .labels = {}};
  for (std::int64_t i = 0; i < n; ++i) {
    is.labels.push_back(static_cast<std::int32_t>(i < 4 ? i % 2 : random.below(4)));
    for (std::int64_t t = 0; t < d; ++t)
      is.points(i, t) = static_cast<float>(random.normal() + (t == is.labels.back() ? 1 : 0));
  }
  return is;
}

void require_same(const Case& a, const Case& b, Distance distance) {
  const Embedded first = embedded(fit_for(distance, a.points), a.labels),
                 second = embedded(fit_for(distance, b.points), b.labels);
  for (const char* name : {"knn", "retrieval", "verification"}) {
    const auto before = evaluate(name, first, {}, "{}", distance);
    const auto after = evaluate(name, second, {}, "{}", distance);
    for (const auto& [metric, value] : before)
      RC_ASSERT(std::abs(value.value - after.at(metric).value) < 1e-9);
  }
}

constexpr Distance kDistances[] = {
    Distance::euclidean, Distance::squared_euclidean, Distance::cosine,  Distance::dot,
    Distance::manhattan, Distance::chi_squared,       Distance::poincare};

TEST_CASE("metrics don't depend on the order of examples") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Case is = drawn(random);
    // In one dimension all cosines are ±1, and ties go by index.
    if (is.points.cols() == 1)
      is.points = MatrixF::NullaryExpr(is.points.rows(), 2, [&] { return float(random.normal()); });
    const auto order = random.permutation(is.points.rows());
    Case other{.points = is.points(order, Eigen::all), .labels = {}};
    for (std::int64_t i : order) other.labels.push_back(is.labels[static_cast<std::size_t>(i)]);
    for (Distance distance : kDistances) require_same(is, other, distance);
  }));
}

TEST_CASE("metrics don't depend on the names of classes") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Case is = drawn(random);
    Case other = is;
    // Rising, since votes that tie go to the smallest label.
    for (std::int32_t& label : other.labels) label = 3 * label + 2;
    for (Distance distance : kDistances) require_same(is, other, distance);
  }));
}

TEST_CASE("Euclidean metrics don't depend on turning and moving, cosine ones not on lengths") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Case is = drawn(random);
    const std::int64_t d = is.points.cols();
    Case other = is;
    const Matrix square = Matrix::NullaryExpr(d, d, [&] { return random.normal(); });
    const Matrix turn =
        Eigen::HouseholderQR<Matrix>(square).householderQ() * Matrix::Identity(d, d);
    const Matrix points = is.points.cast<double>();
    other.points = ((points * turn).rowwise() + Matrix::Constant(1, d, 3).row(0)).cast<float>();
    // Rounded back to float, distances that differ by less than 1e-5 may change places: such cases
    // are left out.
    std::vector<double> distances;
    for (std::int64_t i = 0; i < points.rows(); ++i)
      for (std::int64_t j = 0; j < i; ++j)
        distances.push_back((points.row(i) - points.row(j)).norm());
    std::sort(distances.begin(), distances.end());
    bool apart = true;
    for (std::size_t i = 1; i < distances.size(); ++i)
      apart = apart && distances[i] - distances[i - 1] > 1e-5;
    if (apart) require_same(is, other, Distance::euclidean);

    Case scaled = is;
    // Powers of two are exact.
    for (std::int64_t i = 0; i < scaled.points.rows(); ++i)
      scaled.points.row(i) *= std::ldexp(1.0f, static_cast<int>(random.below(9)) - 4);
    require_same(is, scaled, Distance::cosine);
  }));
}

}  // namespace
