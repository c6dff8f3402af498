// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/outer_loss.hpp>
#include <metriclab/deep/pair_rows.hpp>

namespace {

using namespace metriclab;

/// Cross-batch memory: the last `memory_size` embeddings that went by are the reference set that
/// another loss compares the batch with.
///
///     loss = the inner loss of (batch, memory), the memory having taken in the batch before
///
/// The memory keeps embeddings without gradient, those of this batch among them, oldest first out;
/// an anchor is never paired with its own row there. A batch larger than the memory leaves its last
/// rows in it. With `miner`, that chooses the tuples between batch and memory; tuples given (from
/// the method's own miner) are of the batch alone: they are added to the loss as those of the batch
/// with itself. Memory: O(B·memory_size) while a batch is looked at, memory_size × d kept. Differs
/// from the paper: nothing; it begins when it likes, since an empty memory holds the batch.
class CrossBatchMemory final : public OuterLoss {
 public:
  static void describe(Description<CrossBatchMemory>& is) {
    is.summary("compares the batch with the embeddings of the batches before, by another loss");
    is.source("Wang, Zhang, Huang, Scott. Cross-batch memory for embedding learning. CVPR 2020");
    is.cost("that of the loss between B and memory_size examples");
    is.property("stops_gradient");
    is.parameter("loss", &CrossBatchMemory::loss, "what compares batch and memory").required();
    is.parameter("miner", &CrossBatchMemory::miner,
                 "which tuples of batch and memory the loss sees; null: all");
    is.parameter("memory_size", &CrossBatchMemory::memory_size, "how many embeddings are kept")
        .at_least(1);
  }

  void prepare(const LossSetting& setting) override {
    loss->prepare(setting);
    adopt("loss", *loss);
    memory_ = buffer("memory", at::zeros({memory_size, setting.embedding_size}, setting.type));
    // −1: nothing there yet.
    memory_labels_ = buffer("memory_labels", at::full({memory_size}, -1, at::kLong));
    next_ = buffer("next", at::zeros({1}, at::kLong));
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    check_batch(batch);
    const Batch seen = remember(batch);
    Tuples chosen = Tuples::all();
    if (miner) {
      const WithoutAutograd off;
      Random random(0);
      Batch detached = seen;
      detached.embeddings = seen.embeddings.detach();
      chosen = miner->mine(detached, random);
    }
    const at::Tensor across = loss->forward(seen, chosen);
    return tuples.form == Tuples::Form::all ? across : across.add(loss->forward(batch, tuples));
  }

 protected:
  std::vector<Loss*> inner() const override { return {loss.get()}; }

 private:
  /// Takes the batch in; it, with the memory for a reference set, grouped by class.
  Batch remember(const Batch& batch) const {
    const std::int64_t n = batch.embeddings.size(0), kept = std::min(n, memory_size);
    std::int64_t& next = *next_.data_ptr<std::int64_t>();
    std::vector<std::int64_t> own(static_cast<std::size_t>(n), -1);
    for (std::int64_t from = n - kept; from < n;) {
      const std::int64_t count = std::min(n - from, memory_size - next);
      memory_.narrow(0, next, count).copy_(batch.embeddings.detach().narrow(0, from, count));
      memory_labels_.narrow(0, next, count).copy_(batch.labels.narrow(0, from, count));
      for (std::int64_t k = 0; k < count; ++k) own[static_cast<std::size_t>(from + k)] = next + k;
      from += count;
      next = (next + count) % memory_size;
    }
    // Rows are filled from the first on.
    const std::vector<std::int64_t> labels = as_indices(memory_labels_);
    const std::int64_t filled = std::find(labels.begin(), labels.end(), -1) - labels.begin();
    Batch seen = batch;
    seen.reference = memory_.narrow(0, 0, filled);
    seen.reference_labels = memory_labels_.narrow(0, 0, filled);
    seen.own = index_tensor(own);
    seen = grouped(seen);
    // What comes later must not change what autograd holds of this step; grouping copies the rows,
    // unless they stood in order.
    if (seen.reference.data_ptr() == memory_.data_ptr()) {
      seen.reference = seen.reference.clone();
      seen.reference_labels = seen.reference_labels.clone();
    }
    return seen;
  }

  Plugin<Loss> loss;
  Plugin<Miner> miner;
  std::int64_t memory_size = 1024;
  at::Tensor memory_, memory_labels_, next_;
};

METRICLAB_PLUGIN(CrossBatchMemory, "cross_batch_memory");

}  // namespace
