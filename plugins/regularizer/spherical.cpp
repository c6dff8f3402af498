// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// The spherical embedding constraint: keeps the embeddings of a batch equally long.
///
///     penalty = mean over the vectors of (‖x‖ − mean of the lengths)²    (Eq. 9)
///
/// Losses on normalised embeddings have gradients that shrink with the embeddings' lengths; equal
/// lengths make them comparable.
class Spherical final : public Regularizer {
 public:
  static void describe(Description<Spherical>& is) {
    is.summary("the variance of the vectors' lengths");
    is.source("Zhang, Li, Zhang. Deep metric learning with spherical embedding. NeurIPS 2020");
    is.cost("O(n d) time and memory");
    is.property("invariant_to_rotation");
    describe_common(is);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t) const override {
    if (vectors.size(0) == 0) return vectors.sum();
    const at::Tensor lengths = vectors.norm(2, {1});
    return lengths.sub(lengths.mean()).square().mean();
  }
};

METRICLAB_PLUGIN(Spherical, "spherical");

}  // namespace
