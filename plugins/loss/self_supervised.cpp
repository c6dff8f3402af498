// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/outer_loss.hpp>
#include <metriclab/deep/views.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Any loss without class labels: the views of an example are a class.
///
///     loss = the inner loss of the batch with Batch::examples as its labels
///
/// The views are the rows of one number in Batch::examples, two or more; where a reference set is
/// given, row i of it is a view of row i of the batch. `symmetric`: every view is an anchor, and
/// the second side of tuples as well; otherwise first views are the anchors, and all the others the
/// reference set that they are compared with. An example of one view has no positive. No example
/// of two: an Error. Tuples given are looked at as they are, between whatever rows. To the inner
/// loss each training example is a class, of which it may have trained vectors.
/// Cost: that of the inner loss.
class SelfSupervised final : public OuterLoss {
 public:
  static void describe(Description<SelfSupervised>& is) {
    is.summary("makes another loss work without labels: the views of an example are a class");
    is.source(
        "Dosovitskiy, Springenberg, Riedmiller, Brox. Discriminative unsupervised feature learning "
        "with convolutional neural networks. NIPS 2014 (an example's views as a class)");
    is.source(
        "Chen, Kornblith, Norouzi, Hinton. A simple framework for contrastive learning of visual "
        "representations. ICML 2020 (with \"ntxent\")");
    is.cost("that of the loss");
    is.property("needs_views");
    is.parameter("loss", &SelfSupervised::loss, "what compares the views");
    is.parameter("symmetric", &SelfSupervised::symmetric,
                 "every view is an anchor; otherwise the first of each example, the others being "
                 "its reference set");
  }

  void prepare(const LossSetting& setting) override {
    LossSetting own = setting;
    own.n_classes = static_cast<std::int64_t>(setting.labels.size());
    std::iota(own.labels.begin(), own.labels.end(), 0);
    loss->prepare(own);
    adopt("loss", *loss);
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    check_batch(batch);
    Batch seen = batch;
    seen.labels =
        batch.examples.defined() ? batch.examples : at::arange(batch.embeddings.size(0), at::kLong);
    if (batch.has_reference()) {
      check_second_views(batch);
      seen.reference_labels = seen.labels;
    }
    if (tuples.form == Tuples::Form::all) seen = batch.has_reference() ? joined(seen) : split(seen);
    return loss->forward(seen, tuples);
  }

  bool needs_labels() const override { return false; }

 protected:
  std::vector<Loss*> inner() const override { return {loss.get()}; }

 private:
  /// With the second views beside the first ones, where these too are anchors.
  Batch joined(const Batch& batch) const {
    if (!symmetric) return batch;
    const at::Tensor rows = at::arange(batch.embeddings.size(0), at::kLong);
    Batch both = rows_of(batch, at::cat({rows, rows}));
    both.embeddings = at::cat({batch.embeddings, batch.reference});
    both.reference = both.reference_labels = at::Tensor();
    return both;
  }

  /// With the further views in a reference set, where these are no anchors.
  Batch split(const Batch& batch) const {
    const std::vector<std::int64_t> numbers = view_numbers(batch);
    if (symmetric) return batch;
    std::vector<std::int64_t> first, further;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      (numbers[i] == 0 ? first : further).push_back(static_cast<std::int64_t>(i));
    Batch anchors = rows_of(batch, index_tensor(first));
    const Batch others = rows_of(batch, index_tensor(further));
    anchors.reference = others.embeddings;
    anchors.reference_labels = others.labels;
    return anchors;
  }

  Plugin<Loss> loss = "ntxent";
  bool symmetric = true;
};

METRICLAB_PLUGIN(SelfSupervised, "self_supervised");

}  // namespace
