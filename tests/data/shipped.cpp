// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Eigenvalues>
#include <cmath>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Counts = std::map<std::string, std::int64_t>;

// Sizes and class counts: the UCI Machine Learning Repository's pages of the sets.

TEST_CASE("iris") {
  const Data data = load(R"("iris")");
  CHECK(data.examples.as_double().rows() == 150);
  CHECK(data.examples.dimension() == 4);
  CHECK(counts(data.columns.at(0)) ==
        Counts{{"setosa", 50}, {"versicolor", 50}, {"virginica", 50}});
  // Fisher 1936, table I: the means of Iris setosa.
  const Matrix setosa = data.examples.as_double().topRows(50);
  CHECK((setosa.colwise().mean() - Eigen::RowVector4d(5.006, 3.428, 1.462, 0.246))
            .cwiseAbs()
            .maxCoeff() < 1e-9);
}

TEST_CASE("wine") {
  const Data data = load(R"("wine")");
  CHECK(data.examples.dimension() == 13);
  CHECK(counts(data.columns.at(0)) ==
        Counts{{"cultivar_1", 59}, {"cultivar_2", 71}, {"cultivar_3", 48}});
}

TEST_CASE("breast_cancer") {
  const Data data = load(R"("breast_cancer")");
  CHECK(data.examples.dimension() == 30);
  CHECK(counts(data.columns.at(0)) == Counts{{"benign", 357}, {"malignant", 212}});
}

TEST_CASE("digits") {
  const Data data = load(R"("digits")");
  CHECK(data.examples.shape() == Shape{64});
  CHECK(data.examples.is_double());
  CHECK(counts(data.columns.at(0)) == Counts{{"0", 178},
                                             {"1", 182},
                                             {"2", 177},
                                             {"3", 183},
                                             {"4", 181},
                                             {"5", 182},
                                             {"6", 181},
                                             {"7", 179},
                                             {"8", 174},
                                             {"9", 180}});
  const Data images = load(R"({"plugin": "digits", "shape": "image"})");
  CHECK(images.examples.shape() == Shape{1, 8, 8});
  CHECK_FALSE(images.examples.is_double());
  CHECK((images.examples.as_double() * 16 - data.examples.as_double()).cwiseAbs().maxCoeff() == 0);
  CHECK(images.labels() == data.labels());
}

TEST_CASE(
    "digits at three times their size: a pixel's centre keeps it, a third further on is linear") {
  const Matrix small = load(R"({"plugin": "digits", "shape": "image"})").examples.as_double();
  const Examples large = load(R"({"plugin": "digits", "shape": "image", "size": 24})").examples;
  REQUIRE(large.shape() == Shape{1, 24, 24});
  const Matrix values = large.as_double();
  for (Eigen::Index row = 0; row < 8; ++row)
    for (Eigen::Index column = 0; column < 8; ++column) {
      const Eigen::Index centre = (3 * row + 1) * 24 + 3 * column + 1, pixel = 8 * row + column;
      CHECK((values.col(centre) - small.col(pixel)).cwiseAbs().maxCoeff() == 0);
      const Vector next = small.col(column < 7 ? pixel + 1 : pixel);
      CHECK((values.col(centre + 1) - (2 * small.col(pixel) + next) / 3).cwiseAbs().maxCoeff() <
            1e-6);
    }
  CHECK_THROWS_WITH_AS(load(R"({"plugin": "digits", "size": 24})"), doctest::Contains("image"),
                       Error);
}

TEST_CASE("shipped sets say which file they read") {
  for (const char* name : {"iris", "wine", "breast_cancer", "digits"}) {
    const auto files = make_dataset("\"" + std::string(name) + "\"")->files(Places::beside(""));
    REQUIRE(files.size() == 1);
    CHECK(std::filesystem::exists(files[0]));
  }
}

TEST_CASE("gaussian: sizes, determinism, and classes that differ in as many dimensions as said") {
  const std::string spec =
      R"({"plugin": "gaussian", "n": 400, "d": 12, "classes": 5, "informative": 3, "separation": 20})";
  const Data data = load(spec);
  CHECK(data.size() == 400);
  CHECK(data.examples.shape() == Shape{12});
  for (const auto& [name, count] : counts(data.columns.at(0))) CHECK(count == 80);
  CHECK(load(spec).examples.as_double() == data.examples.as_double());
  const Data longer = load(
      R"({"plugin": "gaussian", "n": 500, "d": 12, "classes": 5, "informative": 3, "separation": 20})");
  CHECK(longer.examples.as_double().topRows(400) == data.examples.as_double());

  // With a separation far above the noise of a mean, the class means span `informative` dimensions.
  Matrix means = Matrix::Zero(5, 12);
  const Matrix X = data.examples.as_double();
  for (Eigen::Index i = 0; i < X.rows(); ++i)
    means.row(data.labels()[static_cast<std::size_t>(i)]) += X.row(i) / 80;
  means.rowwise() -= means.colwise().mean().eval();
  const Matrix gram = means * means.transpose();
  Eigen::VectorXd values = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram).eigenvalues();
  CHECK(values[2] > 100 * std::abs(values[1]));
  CHECK(complaint(R"({"plugin": "gaussian", "d": 3, "informative": 4})") ==
        "/informative: 4 informative dimensions of 3; at most all can be");
}

}  // namespace
