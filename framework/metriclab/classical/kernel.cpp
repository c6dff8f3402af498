// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <lapacke.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/kernel.hpp>
#include <metriclab/data/npy.hpp>
#include <numeric>

namespace metriclab {
namespace {

constexpr std::int64_t kBlock = 1024;  // examples whose kernel values are held at a time

struct Pivots {
  Matrix R;       // (n × m) in the order of the examples: K ≈ R·Rᵀ
  Indices order;  // the m landmarks
};

Pivots all_pivots(const Kernel& kernel, const Matrix& X, double tolerance) {
  // LAPACK's is blocked, and takes the symmetric matrix in either order.
  Matrix K = kernel.between(X, X);
  const auto n = static_cast<lapack_int>(K.rows());
  std::vector<lapack_int> place(static_cast<std::size_t>(n));
  lapack_int rank = 0;
  LAPACKE_dpstrf(LAPACK_COL_MAJOR, 'U', n, K.data(), n, place.data(), &rank, tolerance);
  // Its upper triangle by columns is the lower one by rows: row i is of example place[i].
  Pivots found{Matrix::Zero(n, rank), {}};
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t example = place[static_cast<std::size_t>(i)] - 1;
    const std::int64_t known = std::min<std::int64_t>(i + 1, rank);
    found.R.row(example).head(known) = K.row(i).head(known);
    if (i < rank) found.order.push_back(example);
  }
  return found;
}

Pivots leading_pivots(const Kernel& kernel, const Matrix& X, std::int64_t m, double tolerance) {
  const std::int64_t n = X.rows();
  // Column by column, so that a column is contiguous.
  Eigen::MatrixXd R(n, m);
  Vector rest = kernel.diagonal(X);  // squared distance of each example's features from the span
  Pivots found;
  for (std::int64_t column = 0; column < m; ++column) {
    Eigen::Index pivot = 0;
    const double largest = rest.maxCoeff(&pivot);
    if (largest <= tolerance) break;
    found.order.push_back(pivot);
    auto next = R.col(column);
    next = kernel.between(X, X.row(pivot));
    if (column > 0) next.noalias() -= R.leftCols(column) * R.row(pivot).head(column).transpose();
    next /= std::sqrt(largest);
    rest -= next.cwiseAbs2();
    for (std::int64_t known : found.order) rest[known] = 0;
  }
  found.R = R.leftCols(static_cast<Eigen::Index>(found.order.size()));
  return found;
}

}  // namespace

Kernel::~Kernel() = default;

KernelFeatures::KernelFeatures(const Kernel& kernel, const Matrix& X) {
  const std::int64_t n = X.rows();
  METRICLAB_CHECK(n > 0, "the features of no example");
  const Vector diagonal = kernel.diagonal(X);
  if (!diagonal.allFinite())
    throw Error("of some example with itself is not finite; scale the features").in("kernel");
  const double largest = diagonal.maxCoeff();
  if (!(largest > 0)) throw Error("is 0 on all examples: nothing can be told apart").in("kernel");
  const double tolerance =
      static_cast<double>(n) * std::numeric_limits<double>::epsilon() * largest;
  Pivots found = kernel.landmarks && *kernel.landmarks < n
                     ? leading_pivots(kernel, X, *kernel.landmarks, tolerance)
                     : all_pivots(kernel, X, tolerance);
  const auto m = static_cast<std::int64_t>(found.order.size());
  features_ = std::move(found.R);
  landmarks_ = X(found.order, Eigen::all);
  const Matrix R = features_(found.order, Eigen::all);
  T_ = Matrix::Identity(m, m);
  R.triangularView<Eigen::Lower>().solveInPlace(T_);
}

KernelModel::KernelModel(Plugin<Kernel> kernel, Matrix landmarks, Matrix A)
    : kernel_(std::move(kernel)), landmarks_(std::move(landmarks)), A_(std::move(A)) {}

MatrixF KernelModel::embed(const Examples& examples) const {
  METRICLAB_CHECK(examples.dimension() == landmarks_.cols(),
                  "examples of another dimension than the model's");
  const Matrix X = examples.as_double();
  MatrixF embeddings(X.rows(), A_.rows());
  for (std::int64_t begin = 0; begin < X.rows(); begin += kBlock) {
    const std::int64_t rows = std::min(kBlock, X.rows() - begin);
    const Matrix K = kernel_->between(X.middleRows(begin, rows), landmarks_);
    embeddings.middleRows(begin, rows) = (K * A_.transpose()).cast<float>();
  }
  return embeddings;
}

void KernelModel::save(const std::filesystem::path& folder) const {
  write_npy(folder / "landmarks.npy", landmarks_);
  write_npy(folder / "A.npy", A_);
}

std::unique_ptr<Model> KernelModel::restore(Plugin<Kernel> kernel,
                                            const std::filesystem::path& folder) {
  return std::make_unique<KernelModel>(std::move(kernel), read_npy_matrix(folder / "landmarks.npy"),
                                       read_npy_matrix(folder / "A.npy"));
}

}  // namespace metriclab
