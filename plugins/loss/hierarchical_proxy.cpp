// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/log_softmax.h>
#include <fmt/format.h>

#include <cmath>
#include <metriclab/deep/class_tree.hpp>
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Hierarchical proxies: a softmax over the proxies of the classes, and one over those of their
/// groups at each coarser level.
///
///     loss = R over the examples of Σ_l w_l · −log( e^{s(x, p^l_y)/τ} / Σ over the groups g of
///            level l of e^{s(x, p^l_g)/τ} )
///
/// Level 0 are the classes, the others label columns from fine to coarse; p^l_y: the proxy of the
/// group that the example's class is in at level l; w: `weights`; s: the similarity, by default the
/// cosine; R: the reducer, by default the mean. Shapes: embeddings (B × d), labels (B) below the
/// number of classes; trained: proxies (classes × d), proxies_1 (groups of level 1 × d), … . An
/// empty batch: 0. Tuples given weigh the examples (see ClassVectorLoss). Penalties "on": "weights"
/// are on the proxies of the classes. Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: there any loss of proxies may stand in the softmax's place, and coarse
/// proxies come of clustering those of the classes; here the data says which classes go together.
class HierarchicalProxy final : public ClassVectorLoss {
 public:
  HierarchicalProxy() : ClassVectorLoss("proxies", "cosine", true, "mean") {}
  static void describe(Description<HierarchicalProxy>& is) {
    is.summary("trained proxies of the classes, and of their groups at each coarser level");
    is.source(
        "Yang, Bastan, Zhu, Gray, Samaras. Hierarchical proxy-based loss for deep metric learning. "
        "WACV 2022");
    is.source(
        "Teh, DeVries, Taylor. ProxyNCA++: revisiting and revitalizing proxy neighborhood "
        "component "
        "analysis. ECCV 2020 (the softmax and its temperature)");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &HierarchicalProxy::temperature,
                 "τ: the smaller, the more the nearest proxies count")
        .above(0);
    is.parameter("levels", &HierarchicalProxy::levels,
                 "names of label columns from fine to coarse; none: all beside the class");
    is.parameter("weights", &HierarchicalProxy::level_weights,
                 "one for the classes and one for each level; none: all count the same")
        .at_least(0);
    describe_common(is);
  }

  void prepare(const LossSetting& setting) override {
    ClassVectorLoss::prepare(setting);
    try {
      tree_ = ClassTree::of_columns(setting, levels);
    } catch (Error& error) {
      throw error.in("levels");
    }
    if (level_weights.empty()) level_weights.assign(static_cast<std::size_t>(tree_.n_levels()), 1);
    if (static_cast<std::int64_t>(level_weights.size()) != tree_.n_levels())
      throw Error(fmt::format("{} weights for the classes and {} levels; give one for each",
                              level_weights.size(), tree_.n_levels() - 1))
          .in("weights");
    proxies_ = {weights()};
    for (std::int64_t l = 1; l < tree_.n_levels(); ++l) {
      const std::string name = fmt::format("proxies_{}", l);
      const std::int64_t n = tree_.n_groups(l);
      Random random = setting.random.child(name);
      proxies_.push_back(parameter(
          name, normal_tensor({n, setting.embedding_size}, std::sqrt(2 / static_cast<double>(n)),
                              random, setting.type)));
    }
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(!proxies_.empty(), "a loss that was not prepared");
    const at::Tensor& x = batch.embeddings;
    at::Tensor terms = x.detach().new_zeros({x.size(0)});
    for (std::size_t l = 0; l < proxies_.size(); ++l) {
      const at::Tensor own =
          tree_.groups_of(batch.labels, static_cast<std::int64_t>(l)).to(x.device()).unsqueeze(1);
      const at::Tensor logits = distances(x, proxies_[l]).div(-temperature);
      terms = terms.sub(at::log_softmax(logits, 1).gather(1, own).squeeze(1), level_weights[l]);
    }
    return reduced_examples(terms, batch, tuples);
  }

 private:
  double temperature = 1.0 / 9;
  std::vector<std::string> levels;
  std::vector<double> level_weights;
  ClassTree tree_;
  std::vector<at::Tensor> proxies_;
};

METRICLAB_PLUGIN(HierarchicalProxy, "hierarchical_proxy");

}  // namespace
