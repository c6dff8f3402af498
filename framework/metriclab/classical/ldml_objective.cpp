// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/classical/ldml_objective.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/vector_math.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kTile = 256;

/// Turns squared distances of pairs of one kind into the derivatives of their log-likelihoods by
/// them, and returns the sum of these. At most 8·1000 of them: log(1 + e) is summed as the
/// logarithm of eight products, whose factors are at most 2.
METRICLAB_WIDE double likelihoods(double* d, std::int64_t count, double b, double similar) {
  constexpr int kLanes = 8;
  double linear[kLanes] = {}, product[kLanes];
  std::fill_n(product, kLanes, 1.0);
  auto one = [&](double& distance, int lane) {
    const double z = distance - b;
    const double e = exp_of_negative(z < 0 ? z : -z);
    const double share = 1 / (1 + e), p = z < 0 ? share : e * share;  // p = σ(b − d)
    // log p = −[z]₊ − log(1 + e), log(1 − p) = −[−z]₊ − log(1 + e)
    const double wrong = similar > 0 ? z : -z;
    linear[lane] += wrong > 0 ? wrong : 0;
    product[lane] *= 1 + e;
    distance = p - similar;
  };
  std::int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) one(d[k + lane], lane);
  for (; k < count; ++k) one(d[k], 0);
  double sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum -= linear[lane] + std::log(product[lane]);
  return sum;
}

}  // namespace

LdmlObjective::LdmlObjective(const Matrix& X, const std::vector<std::int32_t>& y) {
  Indices order;
  for (const Indices& members : class_members(y)) {
    order.insert(order.end(), members.begin(), members.end());
    end_.resize(order.size(), static_cast<std::int64_t>(order.size()));
  }
  X_ = X(order, Eigen::all);
  X_.rowwise() -= mean(X_).transpose();
  const auto n = static_cast<double>(X.rows());
  count_ = n * (n - 1) / 2;
}

LdmlObjective::LdmlObjective(const Matrix& X, const std::vector<LabelledPair>& pairs)
    : X_(X.rowwise() - mean(X).transpose()), count_(static_cast<double>(pairs.size())) {
  for (const bool similar : {true, false}) {
    for (const LabelledPair& pair : pairs)
      if (pair.similar == similar)
        pairs_.push_back(
            {static_cast<std::int32_t>(pair.first), static_cast<std::int32_t>(pair.second)});
    if (similar) n_similar_ = static_cast<std::int64_t>(pairs_.size());
  }
}

double LdmlObjective::operator()(const Matrix& L, double b, Matrix& by_L, double& by_b) const {
  const Matrix Z = X_ * L.transpose();
  // With w_ij the derivative by d²_ij, that by L is 2·((Laplacian of w)·Z)ᵀ·X.
  Matrix laplacian = Matrix::Zero(Z.rows(), Z.cols());
  const double value =
      pairs_.empty() ? over_labels(Z, b, laplacian, by_b) : over_pairs(Z, b, laplacian, by_b);
  by_b /= count_;
  by_L.noalias() = 2 / count_ * laplacian.transpose() * X_;
  return value / count_;
}

double LdmlObjective::mean_distance(const Matrix& L) const {
  const Matrix Z = X_ * L.transpose();
  if (!pairs_.empty()) return pair_distances(Z, pairs_).sum() / count_;
  // Σ_{i<j} ‖z_i − z_j‖² = n·Σ ‖z_i‖², since the mean of Z is 0.
  return static_cast<double>(Z.rows()) * Z.squaredNorm() / count_;
}

double LdmlObjective::over_labels(const Matrix& Z, double b, Matrix& laplacian,
                                  double& by_b) const {
  const std::int64_t n = Z.rows();
  const Vector norms = Z.rowwise().squaredNorm();
  Vector degree = Vector::Zero(n);
  Matrix w;
  double value = 0;
  by_b = 0;
  for (std::int64_t top = 0; top < n; top += kTile) {
    const std::int64_t rows = std::min(kTile, n - top);
    for (std::int64_t left = top; left < n; left += kTile) {
      const std::int64_t columns = std::min(kTile, n - left);
      w.noalias() = -2 * Z.middleRows(top, rows) * Z.middleRows(left, columns).transpose();
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t i = top + row;
        auto values = w.row(row);
        values.array() += norms[i] + norms.segment(left, columns).transpose().array();
        // Each pair once: the columns after the diagonal, those of the row's class first.
        const std::int64_t first = std::clamp<std::int64_t>(i + 1 - left, 0, columns);
        const std::int64_t other =
            std::clamp<std::int64_t>(end_[static_cast<std::size_t>(i)] - left, first, columns);
        values.head(first).setZero();
        value += likelihoods(values.data() + first, other - first, b, 1) +
                 likelihoods(values.data() + other, columns - other, b, 0);
        const double sum = values.sum();
        degree[i] += sum;
        by_b -= sum;
      }
      degree.segment(left, columns) += w.colwise().sum().transpose();
      laplacian.middleRows(top, rows).noalias() -= w * Z.middleRows(left, columns);
      laplacian.middleRows(left, columns).noalias() -= w.transpose() * Z.middleRows(top, rows);
    }
  }
  laplacian += degree.asDiagonal() * Z;
  return value;
}

double LdmlObjective::over_pairs(const Matrix& Z, double b, Matrix& laplacian, double& by_b) const {
  Vector w = pair_distances(Z, pairs_);
  double value = 0;
  for (std::int64_t begin = 0; begin < w.size();) {
    const bool similar = begin < n_similar_;
    const std::int64_t end = std::min(begin + kTile, similar ? n_similar_ : w.size());
    value += likelihoods(w.data() + begin, end - begin, b, similar ? 1 : 0);
    begin = end;
  }
  by_b = -w.sum();
  add_laplacian(Z, pairs_, w, laplacian);
  return value;
}

}  // namespace metriclab
