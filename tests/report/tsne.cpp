// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cmath>
#include <metriclab/plugin/random.hpp>
#include <metriclab/report/tsne.hpp>

namespace {

using namespace metriclab;
using doctest::Approx;

/// Clusters of normal points; their centres are 10 apart from each other along their own axes.
Eigen::ArrayXXd clusters(int count, int each, int d) {
  Random random(1);
  Eigen::ArrayXXd points(count * each, d);
  for (int i = 0; i < count * each; ++i)
    for (int c = 0; c < d; ++c) points(i, c) = random.normal() + (i % count == c ? 10 : 0);
  return points;
}

Eigen::ArrayXXd squared_distances(const Eigen::ArrayXXd& points) {
  Eigen::ArrayXXd squared(points.rows(), points.rows());
  for (Eigen::Index i = 0; i < points.rows(); ++i)
    for (Eigen::Index j = 0; j < points.rows(); ++j)
      squared(i, j) = (points.row(i) - points.row(j)).square().sum();
  return squared;
}

TEST_CASE("t-SNE: each point has the perplexity that was asked for") {
  const auto squared = squared_distances(clusters(3, 20, 5));
  for (const double perplexity : {2.0, 5.0, 15.0}) {
    const auto p = conditional_neighbors(squared, perplexity);
    for (Eigen::Index i = 0; i < p.rows(); ++i) {
      CHECK(p(i, i) == 0);
      CHECK(p.row(i).sum() == Approx(1));
      double bits = 0;
      for (Eigen::Index j = 0; j < p.cols(); ++j)
        if (p(i, j) > 0) bits -= p(i, j) * std::log2(p(i, j));
      CHECK(std::exp2(bits) == Approx(perplexity).epsilon(1e-6));
      // Gaussian: log p falls linearly in the squared distance.
      const Eigen::Index a = (i + 1) % p.rows(), b = (i + 2) % p.rows(), c = (i + 4) % p.rows();
      const double slope = std::log(p(i, a) / p(i, b)) * (squared(i, a) - squared(i, c));
      const double other = std::log(p(i, a) / p(i, c)) * (squared(i, a) - squared(i, b));
      if (p(i, a) > 1e-200 && p(i, b) > 1e-200 && p(i, c) > 1e-200)
        CHECK(slope == Approx(other).epsilon(1e-6));
    }
  }
}

TEST_CASE("t-SNE: points that coincide are neighbours alike") {
  const Eigen::ArrayXXd p = conditional_neighbors(Eigen::ArrayXXd::Zero(5, 5), 2);
  for (Eigen::Index i = 0; i < 5; ++i)
    for (Eigen::Index j = 0; j < 5; ++j) CHECK(p(i, j) == Approx(i == j ? 0 : 0.25));
}

TEST_CASE("t-SNE: the loss is the divergence, its gradient that of finite differences") {
  Random random(2);
  const Eigen::Index n = 12;
  Eigen::ArrayXXd p(n, n);
  Eigen::ArrayX2d y(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) p(i, j) = i == j ? 0 : random.uniform();
    y.row(i) << random.normal(), random.normal();
  }
  p = ((p + p.transpose()) / 2).eval();
  p /= p.sum();
  double sum = 0, plain = 0;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      if (i != j) sum += 1 / (1 + (y.row(i) - y.row(j)).square().sum());
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      if (i != j)
        plain +=
            p(i, j) * std::log(p(i, j) / (1 / (1 + (y.row(i) - y.row(j)).square().sum()) / sum));
  CHECK(tsne_loss(p, y, nullptr) == Approx(plain));

  Eigen::ArrayX2d gradient;
  tsne_loss(p, y, &gradient);
  constexpr double kStep = 1e-5;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index c = 0; c < 2; ++c) {
      Eigen::ArrayX2d up = y, down = y;
      up(i, c) += kStep;
      down(i, c) -= kStep;
      const double difference =
          (tsne_loss(p, up, nullptr) - tsne_loss(p, down, nullptr)) / kStep / 2;
      CHECK(gradient(i, c) == Approx(difference).epsilon(1e-5));
    }
}

TEST_CASE("t-SNE: clusters stay together and apart, and nothing is drawn at random") {
  const auto points = clusters(4, 25, 8);
  const Eigen::ArrayX2d y = tsne(points);
  CHECK((tsne(points) == y).all());
  CHECK(y.isFinite().all());
  int right = 0;
  for (Eigen::Index i = 0; i < y.rows(); ++i) {
    Eigen::ArrayXd far = (y.col(0) - y(i, 0)).square() + (y.col(1) - y(i, 1)).square();
    far(i) = 1e300;
    Eigen::Index nearest = 0;
    far.minCoeff(&nearest);
    right += nearest % 4 == i % 4 ? 1 : 0;
  }
  CHECK(right == 100);
}

TEST_CASE("t-SNE: few points, equal ones, one dimension") {
  CHECK(tsne(Eigen::ArrayXXd(0, 3)).rows() == 0);
  CHECK(tsne(Eigen::ArrayXXd::Ones(1, 3)).rows() == 1);
  CHECK(tsne(Eigen::ArrayXXd::Constant(30, 3, 7)).isFinite().all());
  Eigen::ArrayXXd line(40, 1);
  for (Eigen::Index i = 0; i < 40; ++i) line(i, 0) = static_cast<double>(i);
  const Eigen::ArrayX2d y = tsne(line, 5);
  CHECK(y.isFinite().all());
  // Apart in both directions.
  CHECK((y.col(1) - y.col(1).mean()).abs().maxCoeff() > 1e-3);
}

}  // namespace
