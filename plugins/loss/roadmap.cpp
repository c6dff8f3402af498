// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/deep/ranking_loss.hpp>
#include <vector>

namespace {

using namespace metriclab;

/// ROADMAP: an upper bound of one minus the average precision, and a calibration of distances.
///
///     term of anchor i = (1 − λ) SupAP(i) + λ calibration(i)
///     SupAP(i) = 1 − mean over its positives p of r⁺(i, p) / (r⁺(i, p) + r⁻(i, p))
///     calibration(i) = mean over its positives of  [α − s(i, p)]₊
///                    + mean over its negatives of  [s(i, n) − β]₊
///     loss = mean of the terms over the anchors with positives
///
/// r⁺(i, p) = how many of i's positives are as near as p, p itself among them, without gradient;
/// r⁻(i, p) = Σ over i's negatives of H⁻(s(i, n) − s(i, p)) with
///
///     H⁻(t) = σ(t/τ) for t ≤ 0;  σ(t/τ) + ½ for 0 < t ≤ δ;  ρ (t − δ) + σ(δ/τ) + ½ beyond
///
/// s: the similarity (offset − distance), with the default distance the cosine; with a distance
/// that is no similarity ("euclidean"), α and β are distances, and s − β is β − d. σ(z) = 1/(1 +
/// e^−z). Shapes: embeddings (B × d), labels (B). Without positive pairs: 0, with zero gradient.
/// Tuples given: positives and negatives are those listed; triplets count as their different pairs.
/// Cost: O(B² d + P B) time for P positive pairs, O(B²) memory. Differs from the paper: nothing.
class Roadmap final : public TupleLoss {
 public:
  Roadmap() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<Roadmap>& is) {
    is.summary("an upper bound of the loss of average precision, and margins for the similarities");
    is.source(
        "Ramzi, Thome, Rambour, Audebert, Bitot. Robust and decomposable average precision for "
        "image retrieval. NeurIPS 2021");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("lambda", &Roadmap::lambda, "λ: the calibration's share of the loss")
        .at_least(0)
        .at_most(1);
    is.parameter("temperature", &Roadmap::temperature, "τ: how soft the step is").above(0);
    is.parameter("rho", &Roadmap::rho, "ρ: the slope where a negative is nearer by more than δ")
        .at_least(0);
    is.parameter("delta", &Roadmap::delta, "δ: from where on the step is a line").at_least(0);
    is.parameter("alpha", &Roadmap::alpha, "α: positives more similar than this are calibrated");
    is.parameter("beta", &Roadmap::beta, "β: negatives less similar than this are calibrated");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch);
    const Ranks ranks =
        ranks_of(d, batch, tuples, UpperStep{temperature, rho, delta}, [](const at::Tensor& t) {
          return Step{t.ge(0).to(t.scalar_type()), {}};
        });
    const at::Tensor n = ranks.there.sum(1), divisor = n.clamp_min(1);
    const at::Tensor sup_ap = ranks.negatives.div(ranks.positives.add(ranks.negatives).clamp_min(1))
                                  .mul(ranks.there)
                                  .sum(1)
                                  .div(divisor);
    const at::Tensor near = d.sub(distance->as_distance(alpha)).clamp_min(0).mul(counts.positive),
                     far =
                         d.neg().add(distance->as_distance(beta)).clamp_min(0).mul(counts.negative);
    const at::Tensor calibration =
        near.sum(1).div(divisor).add(far.sum(1).div(counts.negative.sum(1).clamp_min(1)));
    return reduced(sup_ap.mul(1 - lambda).add(calibration.mul(lambda)), n.gt(0).to(d.scalar_type()),
                   batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty()) return;
          const double term = (1 - lambda) * sup_ap(row) + lambda * calibration(row);
          const T factor = static_cast<T>(terms.add_one(row.anchor, term));
          multiply_by(row.positive_gradient, factor);
          multiply_by(row.negative_gradient, factor);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  /// H⁻.
  struct UpperStep {
    double temperature, rho, delta;
    Step operator()(const at::Tensor& t) const {
      const Step sigmoid = sigmoid_step(t.clamp_max(delta), temperature);
      const at::Tensor is_above = t.gt(0).to(t.scalar_type()),
                       is_beyond = t.gt(delta).to(t.scalar_type());
      return {sigmoid.value.add(is_above, 0.5).add(t.sub(delta).mul(is_beyond), rho),
              sigmoid.slope.mul(is_beyond.neg().add(1)).add(is_beyond, rho)};
    }
  };

  /// Adds (1 − λ) times its gradient to the row's.
  template <class T>
  double sup_ap(const PairRow<T>& row) const {
    const auto n = static_cast<double>(row.positives.size());
    std::vector<T> sorted(row.positives.begin(), row.positives.end()), slopes(row.negatives.size());
    std::sort(sorted.begin(), sorted.end());
    double sum = 0;
    for (std::size_t k = 0; k < row.positives.size(); ++k) {
      const T own = row.positives[k];
      const auto among_positives =
          static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), own) - sorted.begin());
      const double negatives =
          upper_step_sum<T>(row.negatives, own, static_cast<T>(temperature), static_cast<T>(delta),
                            static_cast<T>(rho), slopes);
      const double rank = among_positives + negatives;
      sum += negatives / rank;
      const double factor = (1 - lambda) * among_positives / (rank * rank * n);
      row.positive_gradient[k] += static_cast<T>(factor * sum_of<T>(slopes));
      add_scaled<T>(slopes, static_cast<T>(-factor), row.negative_gradient);
    }
    return sum / n;
  }

  /// Adds λ times its gradient to the row's.
  template <class T>
  double calibration(const PairRow<T>& row) const {
    const Kept<T> all{-std::numeric_limits<T>::infinity(), std::numeric_limits<T>::infinity()};
    auto part = [&](std::span<const T> d, double slope, double shift, std::span<T> gradient) {
      if (d.empty()) return 0.0;
      const auto n = static_cast<double>(d.size());
      const T a = static_cast<T>(slope), b = static_cast<T>(shift);
      add_hinge_gradient(d, a, b, all, static_cast<T>(lambda / n), gradient);
      return hinge_sum(d, a, b, all).sum / n;
    };
    return part(row.positives, 1, -distance->as_distance(alpha), row.positive_gradient) +
           part(row.negatives, -1, distance->as_distance(beta), row.negative_gradient);
  }

  double lambda = 0.5;
  double temperature = 0.01;
  double rho = 100;
  double delta = 0.05;
  double alpha = 0.9;
  double beta = 0.6;
};

METRICLAB_PLUGIN(Roadmap, "roadmap");

}  // namespace
