// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <metriclab/classical/soft_neighbors.hpp>
#include <numeric>
#include <vector>

#include "support.hpp"

namespace metriclab {
namespace {

using namespace testing;

struct Expected {
  std::vector<std::array<std::int32_t, 2>> pairs;
  std::vector<double> first, second;
};

/// The pairs with e_ij or e_ji of e⁻²⁶ or more, by the definition.
Expected plain_near_pairs(const Matrix& Z) {
  Matrix D(Z.rows(), Z.rows());
  for (Eigen::Index i = 0; i < Z.rows(); ++i)
    for (Eigen::Index j = 0; j < Z.rows(); ++j)
      D(i, j) =
          i == j ? std::numeric_limits<double>::infinity() : (Z.row(i) - Z.row(j)).squaredNorm();
  const Vector least = D.rowwise().minCoeff();
  Expected is;
  for (Eigen::Index i = 0; i < Z.rows(); ++i)
    for (Eigen::Index j = i + 1; j < Z.rows(); ++j)
      if (D(i, j) <= std::max(least[i], least[j]) + 26) {
        is.pairs.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(j)});
        is.first.push_back(std::exp(least[i] - D(i, j)));
        is.second.push_back(std::exp(least[j] - D(i, j)));
      }
  return is;
}

void check_near_pairs(NeighborScreen& screen, const Matrix& Z) {
  Expected expected = plain_near_pairs(Z);
  const NearPairs* near = screen.few(Z);
  const auto n = static_cast<double>(Z.rows());
  CHECK((near != nullptr) == (static_cast<double>(expected.pairs.size()) < 0.15 * n * (n - 1) / 2));
  if (near == nullptr) return;
  // Tile after tile instead of row after row.
  std::vector<std::size_t> order(near->pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const RowPair &one = near->pairs[a], &other = near->pairs[b];
    return std::pair(one.first, one.second) < std::pair(other.first, other.second);
  });
  REQUIRE(order.size() == expected.pairs.size());
  double worst = 0;
  bool same = true;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const RowPair& pair = near->pairs[order[k]];
    const auto at = static_cast<Eigen::Index>(order[k]);
    same = same && expected.pairs[k] == std::array{pair.first, pair.second};
    worst = std::max({worst, std::abs(near->first[at] - expected.first[k]),
                      std::abs(near->second[at] - expected.second[k])});
  }
  CHECK(same);
  CHECK(worst < 1e-11);
}

TEST_CASE("the near pairs are those of the definition, however far the rows have moved") {
  const Matrix X = gaussian_classes(600, 8, 5, 2).X;
  Matrix L = random_matrix(8, 8, 3.0, 1);
  NeighborScreen screen;
  // Small steps, some in one direction and some back and forth.
  for (int step = 0; step < 25; ++step) {
    CAPTURE(step);
    check_near_pairs(screen, X * L.transpose());
    L += random_matrix(8, 8, step % 5 == 0 ? 0.1 : 0.01, static_cast<std::uint64_t>(step + 2));
  }
  CHECK(screen.times_anew() < 15);  // mostly not
  // From few pairs to all and back, and another width.
  for (double scale : {1.0, 0.3, 0.05, 0.01, 0.5, 3.0, 0.9}) {
    CAPTURE(scale);
    check_near_pairs(screen, scale * X * L.transpose());
  }
  check_near_pairs(screen, X * L.topRows(3).transpose());
  check_near_pairs(screen, 20 * X.topRows(300) * L.transpose());
}

TEST_CASE("rows far from the origin and duplicates are not lost") {
  Matrix Z = 10 * gaussian_classes(300, 4, 3, 2).X;
  Z.row(7) = Z.row(211);
  Z.row(8) = Z.row(211);
  NeighborScreen screen;
  for (double far : {0.0, 0.01, 1.0, 100.0}) {
    CAPTURE(far);
    check_near_pairs(screen, Z.array() + far);
  }
  Z(3, 2) = 1e20;
  CHECK(screen.few(Z) == nullptr);
  CHECK_FALSE(screen.single_suffices());
}

}  // namespace
}  // namespace metriclab
