// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/kernel.hpp>
#include <metriclab/classical/linear_algebra.hpp>

namespace {

using namespace metriclab;

/// k(x, y) = exp(−γ·‖x − y‖²), the Gaussian kernel.
class Rbf final : public Kernel {
 public:
  static void describe(Description<Rbf>& is) {
    is.summary("exp(−γ·‖x − y‖²), the Gaussian kernel");
    is.source("Schölkopf, Smola. Learning with kernels. MIT Press 2002");
    is.cost("O(n m d) time");
    is.parameter("gamma", &Rbf::gamma, "γ; null is 1/d").above(0);
    describe_landmarks(is);
  }
  Matrix between(const Matrix& A, const Matrix& B) const override {
    const double scale = gamma.value_or(1 / static_cast<double>(A.cols()));
    // Near rows far from 0 would lose their distance to rounding.
    const Eigen::RowVectorXd origin = B.row(0);
    return (-scale * squared_distances(A.rowwise() - origin, B.rowwise() - origin).array()).exp();
  }
  Vector diagonal(const Matrix& A) const override { return Vector::Ones(A.rows()); }

 private:
  std::optional<double> gamma;
};

METRICLAB_PLUGIN(Rbf, "rbf");

}  // namespace
