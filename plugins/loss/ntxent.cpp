// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/log_sum.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// NT-Xent, the normalised temperature-scaled cross entropy, with labels.
///
///     term of a positive pair (i, p) = −log( e^{s(i, p)/τ} / (e^{s(i, p)/τ} + Σ over i's negatives
///     of e^{s(i, n)/τ}) ) loss = mean of the terms over the positive pairs
///
/// s: the similarity (offset − distance), by default the cosine. An anchor's other positives are
/// not in the sum. An anchor without negatives has terms 0. Shapes: embeddings (B × d), labels (B).
/// Without positive pairs: 0, with zero gradient. Triplets given count as their different pairs.
/// Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: there each class is an image with two views, so that an anchor has one
/// positive; with two examples of each class this is Eq. 1, averaged over the 2N pairs.
class NtXent final : public TupleLoss {
 public:
  NtXent() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<NtXent>& is) {
    is.summary(
        "each positive pair is to be found among the anchor's negatives: a softmax over "
        "similarities");
    is.source(
        "Chen, Kornblith, Norouzi, Hinton. A simple framework for contrastive learning of visual "
        "representations. ICML 2020");
    is.source(
        "Sohn. Improved deep metric learning with multi-class N-pair loss objective. NIPS 2016 "
        "(the form with labels)");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &NtXent::temperature,
                 "τ: the smaller, the more the nearest negatives count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tuple_loss(const Batch& batch, const Tuples& tuples) override {
    const AnchorPairs pairs(batch, tuples);
    const Reduction reduction = reducer->reduction();
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = pairs.n_anchors(), m = pairs.n_others();
      TermSum terms(reduction, pairs.labels().data(), n);
      LogSum<T> negative;
      std::vector<double> misses;
      for (std::int64_t i = 0; i < n; ++i) {
        const auto positives = pairs.positives(i), negatives = pairs.negatives(i);
        if (positives.empty()) continue;
        const T* row = d + i * m;
        T* to = gradient + i * m;
        negative.set(negatives, row, -1 / temperature, 0, false);
        // A term is log(1 + e^x), x being how far the negatives together are above the positive;
        // its slope is the share of the softmax that the positive misses.
        double sum = 0;
        std::int64_t kept = 0;
        misses.assign(positives.size(), 0);
        for (std::size_t k = 0; k < positives.size(); ++k) {
          const double x = negative.value() + static_cast<double>(row[positives[k]]) / temperature;
          const double term = std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
          if (!terms.keeps(term)) continue;
          ++kept;
          sum += term;
          misses[k] = 1 / (1 + std::exp(-x));
        }
        const double factor =
            terms.add(i, sum, static_cast<std::int64_t>(positives.size()), kept) / temperature;
        double all_misses = 0;
        for (std::size_t k = 0; k < positives.size(); ++k) {
          to[positives[k]] += static_cast<T>(factor * misses[k]);
          all_misses += misses[k];
        }
        negative.add_gradient(negatives, -factor * all_misses, to);
      }
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  double temperature = 0.07;
};

METRICLAB_PLUGIN(NtXent, "ntxent");

}  // namespace
