// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <metriclab/data/normalize.hpp>

namespace {

using namespace metriclab;

Examples random_table(std::int64_t d) {
  const auto n = *rc::gen::inRange<std::int64_t>(1, 20);
  const auto values = *rc::gen::container<std::vector<int>>(static_cast<std::size_t>(n * d),
                                                            rc::gen::inRange(-1000, 1000));
  return Examples({d}, std::vector<double>(values.begin(), values.end()));
}

TEST_CASE("standard: mean 0 and deviation 1 a feature, or 0 where it is constant") {
  CHECK(rc::check([] {
    const Examples train = random_table(3);
    const Matrix X = train.as_double(),
                 Z = Normalizer::fit(Normalization::standard, train).apply(train).as_double();
    for (Eigen::Index f = 0; f < 3; ++f) {
      RC_ASSERT(std::abs(Z.col(f).mean()) < 1e-12);
      const bool constant = X.col(f).minCoeff() == X.col(f).maxCoeff();
      RC_ASSERT(std::abs(Z.col(f).squaredNorm() / static_cast<double>(Z.rows()) -
                         (constant ? 0 : 1)) < 1e-12);
    }
  }));
}

TEST_CASE("minmax: exactly from 0 to 1 a feature, or 0 where it is constant") {
  CHECK(rc::check([] {
    const Examples train = random_table(3);
    const Matrix X = train.as_double(),
                 Z = Normalizer::fit(Normalization::minmax, train).apply(train).as_double();
    for (Eigen::Index f = 0; f < 3; ++f) {
      RC_ASSERT(Z.col(f).minCoeff() == 0);
      RC_ASSERT(Z.col(f).maxCoeff() == (X.col(f).minCoeff() == X.col(f).maxCoeff() ? 0 : 1));
    }
  }));
}

TEST_CASE("unit: every example of length 1, zeros stay, however large or small the values") {
  const Examples examples({2}, std::vector<double>{3, 4, 0, 0, 3e200, -4e200, 3e-200, 4e-200});
  const Matrix Z = Normalizer::fit(Normalization::unit, examples).apply(examples).as_double();
  const Matrix wanted{{0.6, 0.8}, {0, 0}, {0.6, -0.8}, {0.6, 0.8}};
  CHECK((Z - wanted).cwiseAbs().maxCoeff() < 1e-15);
}

TEST_CASE(
    "statistics are those of the training part: the test part goes through one affine map, fixed "
    "before it is seen") {
  const Examples train({2}, std::vector<double>{0, 7, 2, 7});
  const Examples test({2}, std::vector<double>{4, 7, 6, 8});
  const auto standard =
      Normalizer::fit(Normalization::standard, train);  // mean 1, deviation 1; a constant
  CHECK(standard.apply(test).as_double() == Matrix{{3, 0}, {5, 0}});
  const auto minmax = Normalizer::fit(Normalization::minmax, train);
  CHECK(minmax.apply(test).as_double() == Matrix{{2, 0}, {3, 0}});
  // An example's image does not depend on its company.
  CHECK(standard.apply(test.subset({1})).as_double() == Matrix{{5, 0}});
}

TEST_CASE("a constant that no binary fraction holds is still constant") {
  const Examples train({1}, std::vector<double>(10, 0.1));
  CHECK(Normalizer::fit(Normalization::standard, train)
            .apply(train)
            .as_double()
            .cwiseAbs()
            .maxCoeff() == 0);
}

TEST_CASE("images are normalized per channel and stay float32") {
  // Two images of two channels of 1 × 2.
  const Examples images({2, 1, 2}, std::vector<float>{0, 2, 10, 30, 4, 2, 20, 20});
  const Examples scaled = Normalizer::fit(Normalization::minmax, images).apply(images);
  CHECK_FALSE(scaled.is_double());
  CHECK(scaled.as_float() == MatrixF{{0.0f, 0.5f, 0.0f, 1.0f}, {1.0f, 0.5f, 0.5f, 0.5f}});
}

TEST_CASE("a normalizer comes back from its value, and refuses other shapes") {
  const Examples train({2}, std::vector<double>{0.1, 7, 0.25, 3});
  for (const std::string& name : normalization_names()) {
    const auto fitted = Normalizer::fit(normalization_from_string(name), train);
    CHECK(Normalizer::from_value(fitted.to_value()).apply(train).as_double() ==
          fitted.apply(train).as_double());
  }
  const Examples other({3}, std::vector<double>{1, 2, 3});
  CHECK_THROWS_WITH_AS(Normalizer::fit(Normalization::standard, train).apply(other),
                       "the normalization was fitted on examples of shape (2), these have (3)",
                       Error);
  CHECK_THROWS_AS(Normalizer::fit(Normalization::standard, train.subset({})), Error);
  CHECK_THROWS_WITH_AS(normalization_from_string("standart"),
                       "there is no normalization \"standart\"; did you mean \"standard\"?", Error);
}

}  // namespace
