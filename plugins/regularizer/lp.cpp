// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// The mean over the vectors of (Σ |x_k|^p)^(power / p): keeps vectors short.
///
/// Differs from the paper: the paper squares the Euclidean norm (power 2).
class Lp final : public Regularizer {
 public:
  static void describe(Description<Lp>& is) {
    is.summary("the mean p-norm of the vectors");
    is.source(
        "Sohn. Improved deep metric learning with multi-class N-pair loss objective. NIPS 2016 "
        "(section 3.2.3)");
    is.cost("O(n d) time and memory");
    describe_common(is);
    is.parameter("p", &Lp::p, "which norm").at_least(1);
    is.parameter("power", &Lp::power, "the norm is raised to this").at_least(1);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t) const override {
    if (vectors.size(0) == 0) return vectors.sum();
    const at::Tensor norms = vectors.norm(p, {1});
    return (power == 1 ? norms : norms.pow(power)).mean();
  }

 private:
  double p = 2;
  double power = 1;
};

METRICLAB_PLUGIN(Lp, "lp");

}  // namespace
