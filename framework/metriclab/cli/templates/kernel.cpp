#include <metriclab/classical/kernel.hpp>

namespace {

using namespace metriclab;

/// k(x, y) = 1/(1 + γ·‖x − y‖²), the rational quadratic kernel of exponent 1; 1 for x = y, positive
/// definite for every γ above 0.
class MyKernel final : public Kernel {
 public:
  static void describe(Description<MyKernel>& is) {
    is.summary("1/(1 + γ·‖x − y‖²), the rational quadratic kernel");
    is.source("yours: authors, title, venue, year; the number of the equation");
    is.cost("O(n m d) time on a matrix product");
    is.parameter("gamma", &MyKernel::gamma, "γ; null is 1/d").above(0);
    describe_landmarks(is);
  }

  Matrix between(const Matrix& A, const Matrix& B) const override {
    const double scale = gamma.value_or(1 / static_cast<double>(A.cols()));
    Matrix K = -2 * A * B.transpose();
    K.colwise() += A.rowwise().squaredNorm();
    K.rowwise() += B.rowwise().squaredNorm().transpose();
    return (1 + scale * K.array().max(0)).inverse();
  }
  Vector diagonal(const Matrix& A) const override { return Vector::Ones(A.rows()); }

 private:
  std::optional<double> gamma;
};

METRICLAB_PLUGIN(MyKernel, "my_kernel");

}  // namespace
