// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>

#include <algorithm>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Generalised lifted structure loss.
///
///     term of an anchor = [ log Σ over its positives of e^{d(a, p) − positive_margin}
///                         + log Σ over its negatives of e^{negative_margin − d(a, n)} ]₊   (Eq. 8)
///     loss = mean of the terms over the B anchors
///
/// d: by default the Euclidean distance of normalised embeddings. A sum of nothing has no part in
/// the term (0 in the place of its logarithm). Shapes: embeddings (B × d), labels (B). Without
/// pairs: 0, with zero gradient. Triplets given count as their different pairs. Cost: O(B² d) time,
/// O(B²) memory.
/// Differs from the paper: it has one margin, that of the negatives; embeddings are normalised
/// unless told otherwise.
class GeneralizedLiftedStructure final : public TupleLoss {
 public:
  GeneralizedLiftedStructure() : TupleLoss("euclidean", true, "mean") {}
  static void describe(Description<GeneralizedLiftedStructure>& is) {
    is.summary("a smooth farthest positive is to be nearer than a smooth nearest negative");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("negative_margin", &GeneralizedLiftedStructure::negative_margin,
                 "how far negatives are to be");
    is.parameter("positive_margin", &GeneralizedLiftedStructure::positive_margin,
                 "how near positives are to be");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch);
    auto part = [&](const at::Tensor& z, const at::Tensor& count) {
      const at::Tensor sum = log_sum_exp(z, count, false);
      return at::where(count.sum(1).gt(0), sum, sum.new_zeros({}));
    };
    const at::Tensor sums =
        part(d.sub(distance->as_distance(positive_margin)), counts.positive)
            .add(part(d.neg().add(distance->as_distance(negative_margin)), counts.negative));
    return reduced(sums.clamp_min(0), batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    const double near = distance->as_distance(positive_margin),
                 far = distance->as_distance(negative_margin);
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          double sum = 0;
          if (!row.positives.empty())
            sum += log_sum_exp(row.positives, T(1), static_cast<T>(-near), false,
                               row.positive_gradient);
          if (!row.negatives.empty())
            sum += log_sum_exp(row.negatives, T(-1), static_cast<T>(far), false,
                               row.negative_gradient);
          double factor = terms.add_one(row.anchor, std::max(sum, 0.0));
          if (sum <= 0) factor = 0;
          multiply_by(row.positive_gradient, static_cast<T>(factor));
          multiply_by(row.negative_gradient, static_cast<T>(-factor));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  double negative_margin = 1;
  double positive_margin = 0;
};

METRICLAB_PLUGIN(GeneralizedLiftedStructure, "generalized_lifted_structure");

}  // namespace
