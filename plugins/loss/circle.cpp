// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/deep/tuple_loss.hpp>
#include <tuple>

namespace {

using namespace metriclab;

/// Circle loss.
///
///     term of an anchor = log(1 + Σ over its negatives of e^{γ α⁻ (s(a, n) − m)}
///                               · Σ over its positives of e^{−γ α⁺ (s(a, p) − (1 − m))})   (Eq. 6)
///     α⁻ = [s(a, n) + m]₊,    α⁺ = [1 + m − s(a, p)]₊                         (Eq. 5, 8)
///     loss = mean of the terms above 0 over the anchors
///
/// s: the similarity, by default the cosine; α weighs a pair by how far it is from its optimum, and
/// is taken as a constant by the gradient, as in the paper. An anchor without positives or without
/// negatives has the term 0. Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero
/// gradient. Triplets given count as their different pairs. Cost: O(B² d) time, O(B²) memory.
class Circle final : public TupleLoss {
 public:
  Circle() : TupleLoss("cosine", true, "avg_non_zero") {}
  static void describe(Description<Circle>& is) {
    is.summary("weighs each similarity by how far it is from its optimum");
    is.source(
        "Sun, Cheng, Zhang et al. Circle loss: a unified perspective of pair similarity "
        "optimization. CVPR 2020");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.property("stops_gradient");
    is.parameter("margin", &Circle::margin, "m: the relaxation").at_least(0);
    is.parameter("gamma", &Circle::gamma, "γ: the inverse of a temperature").above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor s = distances(batch).neg().add(distance->similarity_offset()),
                     held = s.detach();
    const at::Tensor positive = s.sub(1 - margin).mul(held.neg().add(1 + margin).clamp_min(0)),
                     negative = s.sub(margin).mul(held.add(margin).clamp_min(0));
    const at::Tensor sum = log_sum_exp(negative.mul(gamma), counts.negative, false)
                               .add(log_sum_exp(positive.mul(-gamma), counts.positive, false));
    const at::Tensor terms = sum.clamp_min(0).add(sum.abs().neg().exp().log1p());
    return reduced(terms, batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    const double offset = distance->similarity_offset();
    TermSum terms(reduction, places);
    std::tuple<std::vector<float>, std::vector<double>> scratch;
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty() || row.negatives.empty()) {
            terms.add_one(row.anchor, 0);
            return;
          }
          // α (s − optimum's margin) with α = [slope · s + shift]₊, and z = sign · γ times that.
          auto weighed = [&](std::span<const T> d, T slope, T shift, T middle, T sign,
                             std::span<T> shares) {
            std::vector<T>& z = std::get<std::vector<T>>(scratch);
            z.resize(d.size());
            for (std::size_t j = 0; j < d.size(); ++j) {
              const T s = static_cast<T>(offset) - d[j];
              z[j] = std::max(slope * s + shift, T(0)) * (s - middle);
            }
            return log_sum_exp<T>(z, sign * static_cast<T>(gamma), T(0), false, shares);
          };
          // ∂z/∂d = −sign · γ · α, for every share.
          auto differentiate = [&](std::span<const T> d, T slope, T shift, T factor,
                                   std::span<T> gradient) {
            for (std::size_t j = 0; j < d.size(); ++j)
              gradient[j] *=
                  factor * std::max(slope * (static_cast<T>(offset) - d[j]) + shift, T(0));
          };
          const T m = static_cast<T>(margin), g = static_cast<T>(gamma);
          const double sum =
              weighed(row.positives, T(-1), 1 + m, 1 - m, T(-1), row.positive_gradient) +
              weighed(row.negatives, T(1), m, m, T(1), row.negative_gradient);
          const double term = std::max(sum, 0.0) + std::log1p(std::exp(-std::abs(sum)));
          const T factor =
              static_cast<T>(terms.add_one(row.anchor, term) / (1 + std::exp(-sum))) * g;
          differentiate(row.positives, T(-1), 1 + m, factor, row.positive_gradient);
          differentiate(row.negatives, T(1), m, -factor, row.negative_gradient);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  double margin = 0.25;
  double gamma = 80;
};

METRICLAB_PLUGIN(Circle, "circle");

}  // namespace
