// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/kernel.hpp>

namespace {

using namespace metriclab;

/// k(x, y) = (γ·x·y + offset)^degree.
class Polynomial final : public Kernel {
 public:
  static void describe(Description<Polynomial>& is) {
    is.summary("(γ·x·y + offset)^degree");
    is.source("Schölkopf, Smola. Learning with kernels. MIT Press 2002");
    is.cost("O(n m d) time");
    is.parameter("degree", &Polynomial::degree, "the power").at_least(1);
    is.parameter("gamma", &Polynomial::gamma, "γ; null is 1/d").above(0);
    is.parameter("offset", &Polynomial::offset, "added to the inner product; weighs low powers")
        .at_least(0);
    describe_landmarks(is);
  }
  Matrix between(const Matrix& A, const Matrix& B) const override {
    const double scale = gamma.value_or(1 / static_cast<double>(A.cols()));
    return (scale * (A * B.transpose()).array() + offset).pow(static_cast<double>(degree));
  }
  Vector diagonal(const Matrix& A) const override {
    const double scale = gamma.value_or(1 / static_cast<double>(A.cols()));
    return (scale * A.rowwise().squaredNorm().array() + offset).pow(static_cast<double>(degree));
  }

 private:
  std::int64_t degree = 3;
  std::optional<double> gamma;
  double offset = 1;
};

METRICLAB_PLUGIN(Polynomial, "polynomial");

}  // namespace
