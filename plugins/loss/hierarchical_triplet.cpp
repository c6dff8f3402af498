// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/linspace.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <metriclab/deep/class_tree.hpp>
#include <metriclab/deep/sorted_hinge.hpp>
#include <metriclab/deep/triplet_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <tuple>

namespace {

using namespace metriclab;

/// Hierarchical triplet loss: the margin of a triplet follows from where its two classes meet in a
/// tree of classes.
///
///     loss = ½ R over T of [d(a, p) − d(a, n) + α]₊,    α = β + d_{H(y_a, y_n)} − s_{y_a}
///     d_l = d_0 + l (4 − d_0) / L
///
/// d: the squared Euclidean distance of normalised embeddings, at most 4; T: the triplets; R: the
/// reducer, by default the mean; H(p, q): the finest of the levels 0 … L at which the classes p and
/// q are in one group; s_c: the mean of d over the pairs within class c (0 for a class of one),
/// d_0: the mean of s over the classes of two and more. The tree is that of average linkage over
/// the means of d between classes, its groups of level l being what merges below d_l; level L is
/// all classes. It is built from a snapshot of the training examples at the beginning, and anew
/// every `rebuild_epochs`; without one, α = β. Shapes: embeddings (B × d), labels (B) below the
/// number of classes; kept: groups (L × classes), thresholds (L + 1), spreads (classes). Tuples
/// given are to go with the labels; pairs are joined on their anchor. Without triplets: 0, with
/// zero gradient. Cost: O(B² log B) time, O(B²) memory; a tree O(n d + C² d) time, O(C²) memory for
/// C classes. Differs from the paper: clusters are compared by the average over their examples; its
/// batches of neighbouring classes are a sampler's matter.
class HierarchicalTriplet final : public TupleLoss {
 public:
  HierarchicalTriplet() : TupleLoss("squared_euclidean", true, "mean") {}
  static void describe(Description<HierarchicalTriplet>& is) {
    is.summary("a triplet loss whose margins follow from a tree of the classes, built as it goes");
    is.source(
        "Ge, Huang, Dong, Scott. Deep metric learning with hierarchical triplet loss. ECCV 2018");
    is.cost("O(B² log B) time, O(B²) memory; a tree O(n d + C² d) time, O(C²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("beta", &HierarchicalTriplet::beta, "β: the margin beside that of the tree");
    is.parameter("levels", &HierarchicalTriplet::levels,
                 "L: how many levels the tree has between the spread within classes and its root")
        .at_least(1);
    is.parameter("rebuild_epochs", &HierarchicalTriplet::rebuild_epochs,
                 "the tree is built anew every so many epochs")
        .at_least(1);
    describe_common(is);
  }

  void prepare(const LossSetting& setting) override {
    if (setting.n_classes < 1) throw Error("needs classes: the data has none");
    tree_ = ClassTree(buffer("groups", at::zeros({levels, setting.n_classes}, at::kLong)));
    thresholds_ = buffer("thresholds", at::zeros({levels + 1}, setting.type));
    spreads_ = buffer("spreads", at::zeros({setting.n_classes}, setting.type));
  }

  bool wants_snapshot(const Progress& progress) const override {
    return progress.step_of_epoch == 0 && progress.epoch % rebuild_epochs == 0;
  }

  void see(const Snapshot& snapshot) override {
    const at::Tensor x = normalized_rows(snapshot.embeddings.to(at::kDouble));
    auto sums = [&](const at::Tensor& of) {
      std::vector<std::int64_t> shape = of.sizes().vec();
      shape[0] = tree_.n_classes();
      return at::Tensor(of.new_zeros(shape)).index_add_(0, snapshot.labels, of);
    };
    const at::Tensor counts = sums(x.new_ones({x.size(0)})), n = counts.clamp_min(1);
    const at::Tensor means = sums(x).div(n.unsqueeze(1)), squares = sums(x.square().sum(1)).div(n);
    // The mean of ‖x − y‖² over x of one class and y of another, and over pairs within a class.
    const at::Tensor between =
        squares.unsqueeze(1).add(squares.unsqueeze(0)).sub(means.matmul(means.t()), 2);
    const at::Tensor several = counts.gt(1);
    const at::Tensor within = at::where(
        several,
        squares.sub(means.square().sum(1)).clamp_min(0).mul(2).mul(n).div(n.sub(1).clamp_min(1)),
        x.new_zeros({}));
    const double least = within.sum().item<double>() / std::max(1.0, several.sum().item<double>());
    const at::Tensor thresholds = at::linspace(least, 4, levels + 1, x.options());
    const double* at = thresholds.data_ptr<double>();
    tree_.groups().copy_(ClassTree::of_distances(between, n, {at, at + levels}).groups());
    thresholds_.copy_(thresholds);
    spreads_.copy_(within);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return reduced_triplets(
               with_margins(batch), batch, tuples, reducer->reduction(),
               [](const at::Tensor& d, const at::Tensor& anchors, const at::Tensor& positives,
                  const at::Tensor& negatives) {
                 const at::Tensor rows = d.index_select(0, anchors);
                 const at::Tensor near = rows.gather(1, positives.unsqueeze(1));
                 if (!negatives.defined()) return near.sub(rows).clamp_min(0);
                 return near.sub(rows.gather(1, negatives.unsqueeze(1))).squeeze(1).clamp_min(0);
               })
        .mul(0.5);
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    if (tuples.form == Tuples::Form::triplets) return tensor_loss(batch, tuples);
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    std::tuple<SortedHinge<float>, SortedHinge<double>> sorted;
    return fused_rows(
               with_margins(batch), places,
               [&]<class T>(const PairRow<T>& row) {
                 add_triplet_hinges(terms, row, T(0), std::get<SortedHinge<T>>(sorted));
               },
               [&] {
                 return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
               })
        .mul(0.5);
  }

 private:
  /// Distances, less the margin where the classes are different, (B × R).
  at::Tensor with_margins(const Batch& batch) const {
    METRICLAB_CHECK(thresholds_.defined(), "a loss that was not prepared");
    const Distinct anchors(batch.labels), others(batch.other_labels());
    const at::Tensor d = distances(batch);
    auto here = [&](const at::Tensor& indices) { return indices.to(d.device()); };
    const at::Tensor apart = here(tree_.levels_apart(anchors.values, others.values)),
                     different = here(anchors.values.unsqueeze(1).ne(others.values.unsqueeze(0)));
    const at::Tensor margins = thresholds_.index_select(0, apart.view(-1))
                                   .view_as(apart)
                                   .sub(spreads_.index_select(0, here(anchors.values)).unsqueeze(1))
                                   .add(beta)
                                   .mul(different)
                                   .to(d.scalar_type());
    return d.sub(
        margins.index_select(0, here(anchors.places)).index_select(1, here(others.places)));
  }

  double beta = 0.1;
  std::int64_t levels = 16;
  std::int64_t rebuild_epochs = 1;
  ClassTree tree_;
  at::Tensor thresholds_, spreads_;
};

METRICLAB_PLUGIN(HierarchicalTriplet, "hierarchical_triplet");

}  // namespace
