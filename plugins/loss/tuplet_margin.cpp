// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <tuple>

namespace {

using namespace metriclab;

/// Tuplet margin loss.
///
///     term of a positive pair (a, p) = log(1 + Σ over a's negatives n of
///                                      e^{s (cos θ_an − cos(θ_ap − β))})
///     loss = mean of the terms over the positive pairs
///
/// θ: the angle between two embeddings; β: `margin`, in degrees; s: `scale`. The margin is a slack:
/// it lessens the angle of the positive, so that the hardest tuples pull less. Where embeddings
/// coincide, or are opposite, the slope of θ, which is infinite, is taken to be 0. An anchor
/// without negatives has terms 0. Shapes: embeddings (B × d), labels (B). Without positive pairs:
/// 0, with zero gradient. Triplets given count as their different pairs. Cost: O(B² d) time, O(B²)
/// memory. Differs from the paper: the margin is in degrees, the paper's 0.1 being 5.73.
class TupletMargin final : public TupleLoss {
 public:
  TupletMargin() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<TupletMargin>& is) {
    is.summary("a softmax finds the positive among all negatives, its angle lessened by a slack");
    is.source("Yu, Tao. Deep metric learning with tuplet margin loss. ICCV 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &TupletMargin::margin,
                 "β, in degrees: by what the positive's angle is lessened")
        .at_least(0)
        .below(180);
    is.parameter("scale", &TupletMargin::scale, "s: the inverse of a temperature").above(0);
    describe_reduction(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = cosine_matrix(batch.embeddings, batch.others());
    const at::Tensor cosine = d.neg().add(1), sine = d.mul(d.neg().add(2)).clamp_min(kLeast).sqrt();
    const at::Tensor slack =
        cosine.mul(std::cos(radians(margin))).add(sine, std::sin(radians(margin)));
    const at::Tensor z =
        log_sum_exp(cosine.mul(scale), counts.negative, false).unsqueeze(1).sub(slack, scale);
    return reduced(z.clamp_min(0).add(z.abs().neg().exp().log1p()), counts.positive, batch.labels,
                   reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    std::tuple<std::vector<float>, std::vector<double>> scratch;
    return fused_rows(
        cosine_matrix(batch.embeddings, batch.others()), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty() || row.negatives.empty()) {
            const auto n = static_cast<std::int64_t>(row.positives.size());
            terms.add(row.anchor, 0, n, terms.keeps(0) ? n : 0);
            return;
          }
          const T s = static_cast<T>(scale), cos = static_cast<T>(std::cos(radians(margin))),
                  sin = static_cast<T>(std::sin(radians(margin)));
          // cos(θ − β) of the positives.
          std::vector<T>& slack = std::get<std::vector<T>>(scratch);
          slack.clear();
          for (const T d : row.positives) slack.push_back((1 - d) * cos + sine(d) * sin);
          const double all = log_sum_exp(row.negatives, -s, s, false, row.negative_gradient);
          // The slope of a term is the share of the softmax that the positive misses.
          const KeptSum is = softplus_sum<T>(slack, -s, static_cast<T>(all), terms.kept<T>(),
                                             row.positive_gradient);
          const double factor = terms.add(row.anchor, is, row.positives.size()) * scale;
          const double misses = sum_of<T>(row.positive_gradient);
          for (std::size_t k = 0; k < slack.size(); ++k) {
            const T d = row.positives[k];
            const bool is_smooth = d * (2 - d) > static_cast<T>(kLeast);
            row.positive_gradient[k] *=
                static_cast<T>(factor) * (cos - (is_smooth ? sin * (1 - d) / sine(d) : T(0)));
          }
          multiply_by(row.negative_gradient, static_cast<T>(-factor * misses));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  // Below this sin² θ the sine has no slope. Above it that is at most 10⁶, and meets a cosine whose
  // own slope is as small as its inverse.
  static constexpr double kLeast = 1e-12;

  /// sin θ from 1 − cos θ, which keeps the digits of small angles.
  template <class T>
  static T sine(T d) {
    return std::sqrt(std::max(d * (2 - d), static_cast<T>(kLeast)));
  }

  double margin = 5.73;
  double scale = 64;
};

METRICLAB_PLUGIN(TupletMargin, "tuplet_margin");

}  // namespace
