// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// InfoNCE between the views of an example, with a queue of earlier keys as further negatives.
///
///     term of two views (i, p) = −log( e^{s(i, p)/τ} / (e^{s(i, p)/τ} + N_i) )     (MoCo's Eq. 1)
///     N_i = Σ over n of e^{s(i, n)/τ}
///     loss = mean of the terms over the pairs of views, in both orders
///
/// n: the rows of the batch that are of another example, and the queue; s: the similarity (offset −
/// distance), by default the cosine. Class labels have no part in it. The queue holds the last
/// `queue_size` embeddings of the batches before, without gradient, oldest out first; a larger
/// batch leaves its last rows in it. All of it is negative, whatever the example, so it should be
/// smaller than the training set. Shapes: embeddings (B × d), Batch::examples (B). Without two
/// views of one example: 0, with zero gradient. Tuples given are looked at without the queue and
/// take the place of the views; triplets count as their different pairs. Cost: O(B (B + queue_size)
/// d) time, O(B (B + queue_size)) memory. Differs from the papers: MoCo's keys come from a second
/// network that follows the first, and only they are the queue's; here all views do, from the one
/// network.
class InfoNce final : public TupleLoss {
 public:
  InfoNce() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<InfoNce>& is) {
    is.summary("a view of an example is to be told from other examples, of this and past batches");
    is.source(
        "van den Oord, Li, Vinyals. Representation learning with contrastive predictive "
        "coding. arXiv 2018");
    is.source(
        "He, Fan, Wu, Xie, Girshick. Momentum contrast for unsupervised visual representation "
        "learning. CVPR 2020 (the queue)");
    is.cost("O(B (B + queue_size) d) time, O(B (B + queue_size)) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &InfoNce::temperature,
                 "τ: the smaller, the more the nearest negatives count")
        .above(0);
    is.parameter("queue_size", &InfoNce::queue_size,
                 "how many embeddings of earlier batches are negatives too; 0: none")
        .at_least(0);
    describe_common(is);
  }

  bool needs_labels() const override { return false; }
  void prepare(const LossSetting& setting) override {
    if (queue_size == 0) return;
    queue_ = buffer("queue", at::zeros({queue_size, setting.embedding_size}, setting.type));
    taken_ = buffer("taken", at::zeros({1}, at::kLong));
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return loss_of(batch, tuples, info_nce);
  }
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    return loss_of(batch, tuples, fused_info_nce);
  }

 private:
  template <class Formula>
  at::Tensor loss_of(const Batch& batch, const Tuples& tuples, Formula formula) {
    const Batch seen = tuples.form == Tuples::Form::all ? views_of(batch) : batch;
    const at::Tensor loss =
        formula(distances(seen), seen, tuples, temperature, reducer->reduction());
    if (queue_size > 0) take_in(batch.embeddings.detach());
    return loss;
  }

  /// The batch with its examples as labels, and the queue behind it as a class of its own.
  Batch views_of(const Batch& batch) const {
    if (batch.has_reference())
      throw Error(
          "the loss \"infonce\" compares views of an example, which a reference set doesn't "
          "have; take \"ntxent\"");
    if (!batch.examples.defined())
      throw Error(
          "the loss \"infonce\" compares views of an example, and the batch doesn't say "
          "which rows those are; sample with 2 views or more");
    Batch seen = batch;
    seen.labels = batch.examples;
    seen = grouped(seen);
    if (queue_size == 0) return seen;
    METRICLAB_CHECK(queue_.defined(), "a loss that was not prepared");
    const std::int64_t n = batch.embeddings.size(0),
                       filled = std::min(queue_size, *taken_.data_ptr<std::int64_t>());
    if (filled == 0) return seen;
    // What comes later must not change what autograd holds of this step.
    seen.reference = at::cat({seen.embeddings, queue_.narrow(0, 0, filled).clone()});
    seen.reference_labels = at::cat(
        {seen.labels, seen.labels.new_full({filled}, std::numeric_limits<std::int64_t>::max())});
    std::vector<std::int64_t> own(static_cast<std::size_t>(n));
    std::iota(own.begin(), own.end(), 0);
    seen.own = index_tensor(own);
    return seen;
  }

  void take_in(const at::Tensor& embeddings) const {
    METRICLAB_CHECK(queue_.defined(), "a loss that was not prepared");
    const std::int64_t n = embeddings.size(0);
    std::int64_t& taken = *taken_.data_ptr<std::int64_t>();
    for (std::int64_t from = std::max<std::int64_t>(0, n - queue_size); from < n;) {
      const std::int64_t next = taken % queue_size, count = std::min(n - from, queue_size - next);
      queue_.narrow(0, next, count).copy_(embeddings.narrow(0, from, count));
      from += count;
      taken += count;
    }
  }

  double temperature = 0.07;
  std::int64_t queue_size = 0;
  at::Tensor queue_, taken_;  // how many embeddings went into it: the next place is taken % size
};

METRICLAB_PLUGIN(InfoNce, "infonce");

}  // namespace
