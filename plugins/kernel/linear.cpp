// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/kernel.hpp>

namespace {

using namespace metriclab;

/// k(x, y) = x·y: the input space itself, as far as the examples span it. For more features than
/// examples.
class Linear final : public Kernel {
 public:
  static void describe(Description<Linear>& is) {
    is.summary("x·y: the input space, as far as the examples span it");
    is.source("Schölkopf, Smola. Learning with kernels. MIT Press 2002");
    is.cost("O(n m d) time");
    describe_landmarks(is);
  }
  Matrix between(const Matrix& A, const Matrix& B) const override { return A * B.transpose(); }
  Vector diagonal(const Matrix& A) const override { return A.rowwise().squaredNorm(); }
};

METRICLAB_PLUGIN(Linear, "linear");

}  // namespace
