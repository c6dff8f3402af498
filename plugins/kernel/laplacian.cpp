// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/kernel.hpp>

namespace {

using namespace metriclab;

/// k(x, y) = exp(−γ·‖x − y‖₁), the Laplacian kernel.
class Laplacian final : public Kernel {
 public:
  static void describe(Description<Laplacian>& is) {
    is.summary("exp(−γ·‖x − y‖₁), the Laplacian kernel");
    is.source("Schölkopf, Smola. Learning with kernels. MIT Press 2002");
    is.cost("O(n m d) time");
    is.parameter("gamma", &Laplacian::gamma, "γ; null is 1/d").above(0);
    describe_landmarks(is);
  }
  Matrix between(const Matrix& A, const Matrix& B) const override {
    const double scale = gamma.value_or(1 / static_cast<double>(A.cols()));
    Matrix K(A.rows(), B.rows());
    for (Eigen::Index i = 0; i < A.rows(); ++i)
      for (Eigen::Index j = 0; j < B.rows(); ++j) K(i, j) = (A.row(i) - B.row(j)).lpNorm<1>();
    return (-scale * K.array()).exp();
  }
  Vector diagonal(const Matrix& A) const override { return Vector::Ones(A.rows()); }

 private:
  std::optional<double> gamma;
};

METRICLAB_PLUGIN(Laplacian, "laplacian");

}  // namespace
