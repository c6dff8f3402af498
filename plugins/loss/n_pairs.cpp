// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/log_softmax.h>

#include <map>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// N-pair loss: of each class one pair, whose anchor is to find its positive among those of all
/// classes.
///
///     loss = mean over the classes c of −log( e^{s(a_c, p_c)} / Σ over c' of e^{s(a_c, p_c')} )
///                                                                             (Eq. 7)
///
/// (a_c, p_c): the first positive pair of class c, in the order of the batch or of the tuples
/// given; s: the similarity, by default the inner product. Classes without a pair have no part.
/// Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero gradient. The paper's
/// penalty is the regularizer "lp". Cost: O(B d + C² d) time, O(C²) memory for C classes with
/// pairs. Differs from the paper: nothing with batches of two examples a class; others have no
/// part. The first pair is that of the earliest rows, so that the value changes with the order of
/// the batch where a class has more than two examples.
class NPairs final : public TupleLoss {
 public:
  NPairs() : TupleLoss("dot", false, "mean") {}
  static void describe(Description<NPairs>& is) {
    is.summary("one pair of each class: the anchor is to find its positive among those of all");
    is.source(
        "Sohn. Improved deep metric learning with multi-class N-pair loss objective. NIPS 2016");
    is.cost("O(B d + C² d) time, O(C²) memory for C classes with pairs");
    is.property("invariant_to_rotation");
    is.property("depends_on_order");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    std::vector<std::int64_t> anchors, positives;
    first_pairs(batch, tuples, anchors, positives);
    if (anchors.empty()) return batch.embeddings.sum().mul(0);
    const at::Device device = batch.embeddings.device();
    const at::Tensor rows = index_tensor(anchors);
    const at::Tensor a = batch.embeddings.index_select(0, rows.to(device)),
                     p = batch.others().index_select(0, index_tensor(positives).to(device));
    const at::Tensor s = distances(a, p).neg().add(distance->similarity_offset());
    return reduced(at::log_softmax(s, 1).diagonal().neg(), batch.labels.index_select(0, rows),
                   reducer->reduction());
  }

 private:
  static void first_pairs(const Batch& batch, const Tuples& tuples,
                          std::vector<std::int64_t>& anchors,
                          std::vector<std::int64_t>& positives) {
    const PairPlaces places(batch, tuples);
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> first;
    for (std::int64_t i = 0; i < places.n_anchors(); ++i) {
      const bool has_any = places.is_listed() ? !places.positive_list(i).empty()
                                              : places.positive_ranges(i).size() > 0;
      if (has_any)
        first.try_emplace(places.labels()[static_cast<std::size_t>(i)], i, places.positive(i, 0));
    }
    for (const auto& [label, pair] : first) {
      anchors.push_back(pair.first);
      positives.push_back(pair.second);
    }
  }
};

METRICLAB_PLUGIN(NPairs, "n_pairs");

}  // namespace
