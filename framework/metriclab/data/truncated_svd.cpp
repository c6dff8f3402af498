// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <metriclab/data/truncated_svd.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kOversampling = 10;  // Halko, Martinsson, Tropp. SIAM Review 2011, §4.2
constexpr double kTolerance = 1e-10;        // of σ², against the greatest
constexpr double kLeast = 1e-7;             // of σ: squares below 10⁻¹⁴ are rounding

/// An orthonormal basis of what the columns of `block` span beyond `basis`, which is orthonormal.
Eigen::MatrixXd beyond(const Eigen::MatrixXd& basis, Eigen::MatrixXd block) {
  // Columns of like length, so that the rank is told by their directions.
  for (Eigen::Index c = 0; c < block.cols(); ++c)
    if (const double length = block.col(c).norm(); length > 0) block.col(c) /= length;
  for (int pass = 0; pass < 2; ++pass) block -= basis * (basis.transpose() * block);
  Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(block);
  constexpr double kNone = 1e-12;
  Eigen::Index rank = 0;
  const Eigen::Index most = std::min(block.cols(), basis.rows() - basis.cols());
  while (rank < most && std::abs(qr.matrixQR()(rank, rank)) > kNone) ++rank;
  Eigen::MatrixXd added = qr.householderQ() * Eigen::MatrixXd::Identity(block.rows(), rank);
  added -= basis * (basis.transpose() * added);
  return added;
}

void append(Eigen::MatrixXd& matrix, const Eigen::MatrixXd& columns) {
  matrix.conservativeResize(columns.rows(), matrix.cols() + columns.cols());
  matrix.rightCols(columns.cols()) = columns;
}

}  // namespace

TruncatedSvd truncated_svd(const Eigen::SparseMatrix<double>& matrix, std::int64_t rank,
                           Random random) {
  METRICLAB_CHECK(rank >= 1 && rank <= std::min(matrix.rows(), matrix.cols()),
                  "a truncated SVD of a rank that the matrix can't have");
  const bool turned = matrix.cols() > matrix.rows();
  Eigen::SparseMatrix<double> A = matrix;
  if (turned) A = matrix.transpose();
  const Eigen::SparseMatrix<double> At = A.transpose();
  const Eigen::Index n = A.cols();

  Eigen::MatrixXd block(n, std::min(n, rank + kOversampling));
  for (double& value : block.reshaped()) value = random.normal();
  Eigen::MatrixXd basis(n, 0), image(A.rows(), 0), vectors;  // image = A basis
  Vector squares;
  for (bool converged = false; !converged;) {
    const Eigen::MatrixXd added = beyond(basis, block);
    append(basis, added);
    const Eigen::MatrixXd added_image = A * added;
    append(image, added_image);
    // Rayleigh and Ritz: the eigenvectors of AᵀA within the basis, greatest last.
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> within(image.transpose() * image);
    const Eigen::MatrixXd chosen = within.eigenvectors().rightCols(rank).rowwise().reverse();
    squares = within.eigenvalues().tail(rank).reverse();
    vectors = basis * chosen;
    const Eigen::MatrixXd rest = At * (image * chosen) - vectors * squares.asDiagonal();
    converged = basis.cols() == n || added.cols() == 0 ||
                rest.colwise().norm().maxCoeff() <= kTolerance * squares[0];
    block = At * added_image;
  }

  Vector values = squares.cwiseMax(0).cwiseSqrt();
  Eigen::MatrixXd images = A * vectors;
  for (Eigen::Index c = 0; c < rank; ++c) {
    if (values[c] <= kLeast * values[0]) {
      values[c] = 0;
      images.col(c).setZero();
    } else {
      images.col(c) /= values[c];
    }
  }
  TruncatedSvd svd{.left = turned ? vectors : images,
                   .values = std::move(values),
                   .right = turned ? images : vectors};
  for (Eigen::Index c = 0; c < rank; ++c) {
    Eigen::Index greatest = 0;
    svd.left.col(c).cwiseAbs().maxCoeff(&greatest);
    const double sign = svd.left(greatest, c) < 0 ? -1 : 1;
    svd.left.col(c) *= sign;
    svd.right.col(c) *= sign;
  }
  return svd;
}

}  // namespace metriclab
