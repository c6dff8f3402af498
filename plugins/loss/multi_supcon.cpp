// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_loss.hpp>
#include <utility>

namespace {

using namespace metriclab;

/// Multi-label supervised contrastive loss.
///
///     term of anchor i = −(1/|P(i)|) Σ over p in P(i) of J(i, p) ·
///                        log( e^{s(i, p)/τ} / Σ over a in A(i) of e^{s(i, a)/τ} )
///     P(i) = {a in A(i) with J(i, a) ≥ threshold, above 0},    J(i, a) = |Y_i ∩ Y_a| / |Y_i ∪ Y_a|
///     loss = mean of the terms over the anchors with such positives
///
/// Y: the sets of classes (Batch::label_sets), J their Jaccard overlap, 0 for two empty ones; A(i):
/// the other rows of the batch; s: the similarity (offset − distance), by default the cosine. Class
/// labels have no part in it. Shapes: embeddings (B × d), label sets (B × C) of 0 and 1. Without
/// such positives: 0, with zero gradient. Tuples given: A(i) is what is listed for i, positive or
/// negative; triplets count as their different pairs. Cost: O(B² (d + C)) time, O(B²) memory.
/// Differs from the paper: the sum over the anchors is a mean.
class MultiSupCon final : public TupleLoss {
 public:
  MultiSupCon() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<MultiSupCon>& is) {
    is.summary(
        "supervised contrastive loss whose positives weigh as their sets of classes overlap");
    is.source(
        "Zaigrajew, Zięba. Contrastive learning for unsupervised and multi-label image "
        "classification. arXiv 2022");
    is.source(
        "Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan. Supervised "
        "contrastive learning. NeurIPS 2020 (the form with one class each)");
    is.cost("O(B² (d + C)) time, O(B²) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &MultiSupCon::temperature,
                 "τ: the smaller, the more the nearest partners count")
        .above(0);
    is.parameter("threshold", &MultiSupCon::threshold,
                 "how much two sets overlap, at the least, of which one is the other's positive")
        .at_least(0)
        .at_most(1);
    describe_common(is);
  }

  bool needs_labels() const override { return false; }
  void prepare(const LossSetting& setting) override {
    if (setting.n_label_sets < 1)
      throw Error(
          "the loss \"multi_supcon\" compares sets of classes, and the data set has none; "
          "take \"supcon\"")
          .by_nature();
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor partners = partners_of(batch, tuples);
    const auto [weights, n] = positives_of(batch, partners);
    const at::Tensor z = distances(batch).div(-temperature);
    const at::Tensor missed =
        log_sum_exp(z, partners, false).mul(weights.sum(1)).sub(z.mul(weights).sum(1));
    return reduced(missed.div(n.clamp_min(1)), n.gt(0).to(z.scalar_type()), batch.labels,
                   reducer->reduction());
  }

 private:
  static at::Tensor partners_of(const Batch& batch, const Tuples& tuples) {
    const PairCounts counts = pair_counts(batch, tuples);
    return counts.positive.add(counts.negative);
  }

  /// J of the positives, 0 elsewhere, as often as they are partners, (B × B); and how many
  /// positives each anchor has, (B).
  std::pair<at::Tensor, at::Tensor> positives_of(const Batch& batch,
                                                 const at::Tensor& partners) const {
    at::Tensor overlap = overlaps(batch);
    const at::Tensor is_positive = overlap.ge(threshold).logical_and_(overlap.gt(0));
    overlap = overlap.to(partners.options());
    const at::Tensor positives = partners.mul(is_positive.to(partners.device()));
    return {overlap.mul_(positives), positives.sum(1)};
  }

  /// J, (B × B) float64 where the sets are, in the CPU's memory. In place: B² values are many.
  static at::Tensor overlaps(const Batch& batch) {
    if (batch.has_reference() || !batch.label_sets.defined())
      throw Error(
          "the loss \"multi_supcon\" compares sets of classes, which a reference set or this "
          "batch doesn't have; take \"supcon\"");
    const at::Tensor sizes = batch.label_sets.sum(1),
                     common = batch.label_sets.matmul(batch.label_sets.t());
    return common.div_(sizes.unsqueeze(1).add(sizes).sub_(common).clamp_min_(1));
  }

  double temperature = 0.1;
  double threshold = 0.3;
};

METRICLAB_PLUGIN(MultiSupCon, "multi_supcon");

}  // namespace
