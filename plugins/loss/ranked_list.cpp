// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Ranked list loss.
///
///     term of an anchor = (1 − λ) · weighted mean over its positives of [d(a, p) − (α − m)]₊
///                         + λ · weighted mean over its negatives of [α − d(a, n)]₊    (Eq. 6–8)
///     weights: e^{T⁺ h} and e^{T⁻ h} of the hinges h above 0
///     loss = mean of the terms over the B anchors
///
/// d: by default the Euclidean distance of normalised embeddings; α: `alpha`; m: `margin`; λ:
/// `imbalance`; T: `positive_temperature`, `negative_temperature`. A mean over nothing is 0.
/// Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero gradient. Triplets given
/// count as their different pairs. Cost: O(B² d) time, O(B²) memory. Differs from the paper:
/// nothing with the defaults; `weight_epsilon` ε adds R ε to each sum of weights, R being the
/// number of others, as a popular implementation does (with 10⁻⁵).
class RankedList final : public TupleLoss {
 public:
  RankedList() : TupleLoss("euclidean", true, "mean") {}
  static void describe(Description<RankedList>& is) {
    is.summary("positives inside of a hypersphere, negatives outside, the hardest weighing most");
    is.source(
        "Wang, Hua, Kodirov, Hu, Garnier, Robertson. Ranked list loss for deep metric learning. "
        "CVPR 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &RankedList::margin, "m: positives are to be nearer than α − m")
        .at_least(0);
    is.parameter("alpha", &RankedList::alpha, "α: how far negatives are to be");
    is.parameter("imbalance", &RankedList::imbalance, "λ: how much the negatives count, of 1")
        .at_least(0)
        .at_most(1);
    is.parameter("positive_temperature", &RankedList::positive_temperature,
                 "T⁺: the larger, the more the farthest positives count; 0: all alike")
        .at_least(0);
    is.parameter("negative_temperature", &RankedList::negative_temperature,
                 "T⁻: the larger, the more the nearest negatives count; 0: all alike")
        .at_least(0);
    is.parameter("weight_epsilon", &RankedList::weight_epsilon,
                 "added to each weight in the sums of weights")
        .at_least(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch);
    const double more = weight_epsilon * static_cast<double>(d.size(1));
    auto part = [&](const at::Tensor& excess, const at::Tensor& count, double temperature) {
      const at::Tensor hinge = excess.clamp_min(0);
      const at::Tensor weights = hinge.mul(temperature).exp().mul(hinge.detach().gt(0)).mul(count);
      const at::Tensor sum = weights.sum(1);
      const at::Tensor divisor = at::where(sum.gt(0), sum.add(more), sum.new_ones({}));
      return hinge.mul(weights).sum(1).div(divisor);
    };
    return reduced(
        part(d.sub(alpha - margin), counts.positive, positive_temperature)
            .mul(1 - imbalance)
            .add(part(d.neg().add(alpha), counts.negative, negative_temperature), imbalance),
        batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    const double more = weight_epsilon * static_cast<double>(places.n_others());
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          const double term =
              part(row.positives, T(1), static_cast<T>(margin - alpha), positive_temperature,
                   1 - imbalance, more, row.positive_gradient) +
              part(row.negatives, T(-1), static_cast<T>(alpha), negative_temperature, imbalance,
                   more, row.negative_gradient);
          const T factor = static_cast<T>(terms.add_one(row.anchor, term));
          multiply_by(row.positive_gradient, factor);
          multiply_by(row.negative_gradient, -factor);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  /// The weighted mean of the hinges h = [slope · d + shift]₊ times `share`, and its gradient by h.
  template <class T>
  static double part(std::span<const T> d, T slope, T shift, double temperature, double share,
                     double more, std::span<T> gradient) {
    // Weights are measured by that of the largest hinge, so that none overflows.
    const T most = d.empty() ? T(0) : slope * (slope > 0 ? maximum_of(d) : minimum_of(d)) + shift;
    if (most <= 0) return 0;
    const T t = static_cast<T>(temperature);
    double sum = 0, weights = 0;
    for (std::size_t j = 0; j < d.size(); ++j) {
      const T hinge = slope * d[j] + shift;
      if (hinge <= 0) continue;
      gradient[j] = t == 0 ? T(1) : std::exp(t * (hinge - most));
      weights += static_cast<double>(gradient[j]);
      sum += static_cast<double>(gradient[j] * hinge);
    }
    weights += more * std::exp(-temperature * static_cast<double>(most));
    // ∂/∂h Σ w h / W with w = e^{T h}: w/W (1 + T (h − the mean)).
    const T mean = static_cast<T>(sum / weights), factor = static_cast<T>(share / weights);
    for (std::size_t j = 0; j < d.size(); ++j)
      gradient[j] *= factor * (1 + t * (slope * d[j] + shift - mean));
    return share * sum / weights;
  }

  double margin = 0.4;
  double alpha = 1.2;
  double imbalance = 0.5;
  double positive_temperature = 0;
  double negative_temperature = 10;
  double weight_epsilon = 0;
};

METRICLAB_PLUGIN(RankedList, "ranked_list");

}  // namespace
