// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>

#include <Eigen/Core>
#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/distance.hpp>
#include <optional>

namespace metriclab {

BatchDistance::~BatchDistance() = default;

namespace {

template <class T>
using RowMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Column = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
using Row = Eigen::Array<T, 1, Eigen::Dynamic>;

template <class T>
Eigen::Map<const RowMatrix<T>> as_matrix(const at::Tensor& tensor) {
  return {tensor.data_ptr<T>(), tensor.size(0), tensor.size(1)};
}

// Below this share of ‖x‖² + ‖y‖², the difference has lost too many digits.
constexpr double kCancelled = 1e-3;

/// Turns the products x·y held by `distances` into distances.
template <class T>
void distances_from_products(const at::Tensor& x, const at::Tensor& y, at::Tensor& distances,
                             bool squared) {
  const auto X = as_matrix<T>(x), Y = as_matrix<T>(y);
  const Column<T> lengths_x = X.rowwise().squaredNorm();
  const Row<T> lengths_y = Y.rowwise().squaredNorm().transpose().array();
  const std::int64_t m = Y.rows();
  Row<T> sums(m);
  for (std::int64_t i = 0; i < X.rows(); ++i) {
    Eigen::Map<Row<T>> row(distances.data_ptr<T>() + i * m, m);
    sums = lengths_y + lengths_x[i];
    row = sums - T(2) * row;
    // The sum of lengths is compared with ≤, so that two zero vectors are seen to as well.
    const auto near = row <= T(kCancelled) * sums;
    if (near.any())
      for (std::int64_t j = 0; j < m; ++j)
        if (row[j] <= T(kCancelled) * sums[j]) row[j] = (X.row(i) - Y.row(j)).squaredNorm();
    if (!squared) row = row.sqrt();
  }
}

/// h = ∂/∂(d²)·2 from the gradient with respect to d or d², and its sums over rows and columns.
template <class T>
void gradient_of_squares(const at::Tensor& outer, const at::Tensor& distances, bool squared,
                         at::Tensor& h, Column<T>& row_sums, Column<T>& column_sums) {
  const std::int64_t n = outer.size(0), m = outer.size(1);
  row_sums.resize(n);
  column_sums.setZero(m);
  for (std::int64_t i = 0; i < n; ++i) {
    const Eigen::Map<const Row<T>> g(outer.data_ptr<T>() + i * m, m);
    Eigen::Map<Row<T>> to(h.data_ptr<T>() + i * m, m);
    if (squared) {
      to = T(2) * g;
    } else {
      const Eigen::Map<const Row<T>> d(distances.data_ptr<T>() + i * m, m);
      to = (d > T(0)).select(g / d, T(0));
    }
    row_sums[i] = to.sum();
    column_sums.array() += to.transpose();
  }
}

template <class T>
void add_scaled_rows(at::Tensor& result, const at::Tensor& rows, const Column<T>& factors) {
  Eigen::Map<RowMatrix<T>> to(result.data_ptr<T>(), result.size(0), result.size(1));
  to = factors.asDiagonal() * as_matrix<T>(rows) - to;
}

}  // namespace

at::Tensor euclidean_matrix(const at::Tensor& x, const at::Tensor& y, bool squared) {
  if (x.size(0) == 0 || y.size(0) == 0) return at::mm(x, y.t());
  const bool same = x.is_same(y);
  at::Tensor centred_x, centred_y, distances;
  {
    const WithoutAutograd off;
    // Distances don't change, but products of centred vectors lose fewer digits.
    const at::Tensor centre = y.detach().mean(0, true);
    centred_x = x.detach().sub(centre).contiguous();
    centred_y = same ? centred_x : y.detach().sub(centre).contiguous();
    distances = at::mm(centred_x, centred_y.t());
    by_type(distances, [&]<class T>(T) {
      distances_from_products<T>(centred_x, centred_y, distances, squared);
    });
  }
  std::vector<at::Tensor> inputs = {x};
  if (!same) inputs.push_back(y);
  return with_backward(distances, inputs,
                       [=, held = distances.detach()](const at::Tensor& outer_any) {
                         const at::Tensor outer = outer_any.contiguous();
                         at::Tensor h = at::empty_like(outer);
                         at::Tensor gradient_x, gradient_y;
                         by_type(outer, [&]<class T>(T) {
                           Column<T> row_sums, column_sums;
                           gradient_of_squares<T>(outer, held, squared, h, row_sums, column_sums);
                           gradient_x = at::mm(h, centred_y);
                           gradient_y = at::mm(h.t(), centred_x);
                           add_scaled_rows<T>(gradient_x, centred_x, row_sums);
                           add_scaled_rows<T>(gradient_y, centred_y, column_sums);
                         });
                         if (same) return std::vector<at::Tensor>{gradient_x.add_(gradient_y)};
                         return std::vector<at::Tensor>{gradient_x, gradient_y};
                       });
}

at::Tensor cosine_matrix(const at::Tensor& x, const at::Tensor& y) {
  const at::Tensor unit_x = normalized_rows(x);
  const at::Tensor unit_y = x.is_same(y) ? unit_x : normalized_rows(y);
  return at::mm(unit_x, unit_y.t()).neg_().add_(1);
}

at::Tensor dot_matrix(const at::Tensor& x, const at::Tensor& y) { return at::mm(x, y.t()).neg_(); }

at::Tensor normalized_rows(const at::Tensor& x) {
  return x.div(x.norm(2, {1}, true).clamp_min(1e-12));
}

}  // namespace metriclab
