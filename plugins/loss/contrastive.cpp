// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/pair_hinges.hpp>

namespace {

using namespace metriclab;

/// Contrastive loss.
///
///     loss = R over P of f(d(a, p) − positive_margin) + R over N of f(negative_margin − d(a, n))
///
/// f(t) = [t]₊, or ½ [t]₊² with `squared`; P and N: the positive and negative pairs, each reduced
/// by itself with the reducer R (by default the mean over its terms above 0); d: the loss's
/// distance. Pairs are ordered: (i, j) and (j, i) both count. Shapes: embeddings (B × d), labels
/// (B). Without pairs: 0, with zero gradient. Triplets given count as their different pairs. Cost:
/// O(B² d) time, O(B²) memory. Differs from the paper: Eq. 4 there is squared and has no positive
/// margin (`squared` gives it), its embeddings are not normalised, and it sums over the pairs.
class Contrastive final : public PairHingeLoss {
 public:
  Contrastive() : PairHingeLoss("euclidean", true, "avg_non_zero") {}
  static void describe(Description<Contrastive>& is) {
    is.summary("pulls positive pairs together, pushes negative pairs apart to a margin");
    is.source(
        "Hadsell, Chopra, LeCun. Dimensionality reduction by learning an invariant mapping. CVPR "
        "2006");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("positive_margin", &Contrastive::positive_margin,
                 "positives nearer than this cost nothing");
    is.parameter("negative_margin", &Contrastive::negative_margin,
                 "negatives farther than this cost nothing");
    is.parameter("squared", &Contrastive::squared,
                 "each term is half the square of the hinge, as in the paper");
    describe_common(is);
  }

 protected:
  Hinges hinges() const override { return {positive_margin, negative_margin, squared}; }

 private:
  double positive_margin = 0;
  double negative_margin = 1;
  bool squared = false;
};

METRICLAB_PLUGIN(Contrastive, "contrastive");

}  // namespace
