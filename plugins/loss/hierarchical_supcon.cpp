// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/maximum.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

#include <cmath>
#include <metriclab/deep/class_tree.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Hierarchical multi-label contrastive loss: the supervised contrastive loss at each level of a
/// hierarchy of labels.
///
///     loss = (1/L) Σ_l λ_l R over the anchors with P_l of (1/|P_l(i)|) Σ over p in P_l(i) of
///            max(t(i, p), M_{l−1})
///     t(i, p) = −log( e^{s(i, p)/τ} / Σ over a in A(i) of e^{s(i, a)/τ} ),    M_l = max of t over
///     the pairs of levels 0 … l
///
/// Level 0 are the classes, the others label columns from fine to coarse, L in all. P_l(i): the
/// anchor's partners that are in one group with it at level l and not at a finer one; A(i): all its
/// partners; s: the similarity, by default the cosine; R: the reducer, by default the mean. λ:
/// `weights`, by default e^{1/(l + 1)}. Without `constraint` (the paper's HiMulCon) M is 0; with
/// weights of 1 it is its HiConE, with both, the default, its HiMulConE. Shapes: embeddings (B ×
/// d), labels (B) below the number of classes. A level without pairs adds 0. Tuples given: the
/// partners are those listed, positive and negative, and their level is the tree's. Cost: O(B² (d +
/// L)) time, O(B² L) memory.
/// Differs from the paper: the sum over the anchors is a mean.
class HierarchicalSupCon final : public TupleLoss {
 public:
  HierarchicalSupCon() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<HierarchicalSupCon>& is) {
    is.summary(
        "partners are to be the nearer, the finer the level at which their labels still agree");
    is.source(
        "Zhang, Xu, Xiong, Ramaiah. Use all the labels: a hierarchical multi-label contrastive "
        "learning framework. CVPR 2022");
    is.cost("O(B² (d + L)) time, O(B² L) memory for L levels");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &HierarchicalSupCon::temperature,
                 "τ: the smaller, the more the nearest partners count")
        .above(0);
    is.parameter("levels", &HierarchicalSupCon::levels,
                 "names of label columns from fine to coarse; none: all beside the class");
    is.parameter("weights", &HierarchicalSupCon::level_weights,
                 "λ, one for the classes and one for each level; none: e^(1/(l + 1))")
        .at_least(0);
    is.parameter("constraint", &HierarchicalSupCon::constraint,
                 "no pair counts less than any pair of a finer level");
    describe_common(is);
  }

  void prepare(const LossSetting& setting) override {
    try {
      tree_ = ClassTree::of_columns(setting, levels);
    } catch (Error& error) {
      throw error.in("levels");
    }
    if (level_weights.empty())
      for (std::int64_t l = 0; l < tree_.n_levels(); ++l)
        level_weights.push_back(std::exp(1 / static_cast<double>(l + 1)));
    if (static_cast<std::int64_t>(level_weights.size()) != tree_.n_levels())
      throw Error(fmt::format("{} weights for the classes and {} levels; give one for each",
                              level_weights.size(), tree_.n_levels() - 1))
          .in("weights");
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(tree_.groups().defined(), "a loss that was not prepared");
    const Distinct anchors(batch.labels), others(batch.other_labels());
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor partners = counts.positive.add(counts.negative);
    const at::Tensor z = distances(batch).div(-temperature);
    if (z.numel() == 0) return z.sum();
    const at::Tensor apart = tree_.levels_apart(anchors.values, others.values)
                                 .to(z.device())
                                 .index_select(0, anchors.places.to(z.device()))
                                 .index_select(1, others.places.to(z.device()));
    at::Tensor terms = log_sum_exp(z, partners, false).unsqueeze(1).sub(z);
    const at::Tensor none = z.new_zeros({});
    const Reduction reduction = reducer->reduction();
    at::Tensor sum = z.sum().mul(0), largest = none;
    for (std::size_t l = 0; l < level_weights.size(); ++l) {
      const at::Tensor of_level = partners.mul(apart.eq(static_cast<std::int64_t>(l)));
      const at::Tensor own = at::where(of_level.gt(0), terms, none);
      const at::Tensor count = of_level.sum(1);
      const at::Tensor held = constraint ? at::maximum(own, largest) : own;
      sum = sum.add(reduced(held.mul(of_level).sum(1).div(count.clamp_min(1)),
                            count.gt(0).to(z.scalar_type()), batch.labels, reduction),
                    level_weights[l]);
      largest = at::maximum(largest, own.amax({0, 1}));
    }
    return sum.div(static_cast<double>(level_weights.size()));
  }

 private:
  double temperature = 0.1;
  std::vector<std::string> levels;
  std::vector<double> level_weights;
  bool constraint = true;
  ClassTree tree_;
};

METRICLAB_PLUGIN(HierarchicalSupCon, "hierarchical_supcon");

}  // namespace
