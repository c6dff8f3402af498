// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/ranking_loss.hpp>

namespace metriclab {

double auc_violation(const Vector& relevant, const Vector& others, Vector& by_relevant,
                     Vector& by_others) {
  const Eigen::Index R = relevant.size(), N = others.size();
  const double share = 1 / (static_cast<double>(R) * static_cast<double>(N));
  by_relevant.setZero(R);
  by_others.setZero(N);
  // Of relevant example i the others below d_i + ½ are in a hinge, the first ones: sums over these
  // grow with i.
  double value = 0, sum = 0;
  Eigen::Index near = 0;
  for (Eigen::Index i = 0; i < R; ++i) {
    while (near < N && others[near] < relevant[i] + 0.5) {
      sum += others[near];
      // Every relevant example from here on is in a hinge with this one.
      by_others[near] = -2 * share * static_cast<double>(R - i);
      ++near;
    }
    const auto count = static_cast<double>(near);
    value += share * (count * (1 + 2 * relevant[i]) - 2 * sum);
    by_relevant[i] = 2 * share * count;
  }
  return value;
}

double map_violation(const Vector& relevant, const Vector& others, Vector& by_relevant,
                     Vector& by_others) {
  const Eigen::Index R = relevant.size(), N = others.size();
  const double each = 1 / static_cast<double>(R);
  const double share = 2 * each / static_cast<double>(N);
  by_relevant.setZero(R);
  by_others.setZero(N);
  double value = 0;
  Eigen::Index place = 0;  // relevant examples before the other one at hand
  for (Eigen::Index j = 0; j < N; ++j) {
    // Put before relevant example i, behind j others already there, it takes i/(i + j) − i/(i + j +
    // 1) (i from 1 here) of that one's precision.
    const auto before = static_cast<double>(j);
    double gain = 0, best = 0;
    Eigen::Index best_place = R;
    for (Eigen::Index i = R; i > place; --i) {
      const auto rank = static_cast<double>(i);
      gain += each * rank / ((rank + before) * (rank + before + 1)) -
              share * (others[j] - relevant[i - 1]);
      if (gain > best) {
        best = gain;
        best_place = i - 1;
      }
    }
    place = best_place;
    if (place == R) break;
    value += best;
    by_others[j] = -share * static_cast<double>(R - place);
    by_relevant[place] += share;  // and all after it, below
  }
  for (Eigen::Index i = 1; i < R; ++i) by_relevant[i] += by_relevant[i - 1];
  return value;
}

}  // namespace metriclab
