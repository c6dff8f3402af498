// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/rsub.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/class_vectors.hpp>
#include <vector>

namespace {

using namespace metriclab;

/// Manifold similarity: embeddings and trained proxies are compared by where random walks over all
/// of them lead. A proxy stands for a meta-class, a group of classes drawn at random.
///
///     loss = mean over the examples of l(f_i) + λ_C l(cos(f_i, f_·))
///     l(s) = log(1 + Σ over the proxies k ≠ y of e^{s_k − s_y + m})
///
///     F = (1 − α) (I − α D^{−½} S D^{−½})^{−1},    D = diag(S 1)
///     S_ij = e^{[cos(x_i, x_j)]₊ / τ} for i ≠ j,    S_ii = 0
///
/// The rows of F are those of S: the B embeddings, then the K proxies; f_i: row i of F, f_ik its
/// entry at proxy k; y: the proxy of the example's class; m: `margin`; α: how often a walk goes on;
/// τ: `temperature`. With `only_violations` the sums run over the k with s_k − s_y + m > 0 only.
/// Shapes: embeddings (B × d), labels (B) below the number of classes C; trained: proxies (K × d),
/// K = min(n_proxies, C); kept: meta_classes (C), of sizes that differ by 1 at most. One proxy
/// only, or an empty batch: 0. Cost: O((B + K)³) time, O((B + K)²) memory.
/// Differs from the paper: the loss itself trains the proxies, and one draw of meta-classes takes
/// the place of an ensemble of draws.
class Manifold final : public ClassVectorLoss {
 public:
  Manifold() : ClassVectorLoss("proxies", "cosine", true, "mean") {}
  static void describe(Description<Manifold>& is) {
    is.summary("an N-pair loss on random-walk similarities to proxies of random groups of classes");
    is.source(
        "Aziere, Todorovic. Ensemble deep manifold similarity learning using hard proxies. CVPR "
        "2019");
    is.cost("O((B + K)³) time, O((B + K)²) memory for K proxies");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("n_proxies", &Manifold::n_proxies,
                 "K: into how many groups the classes are put; at most one for each class")
        .at_least(1);
    is.parameter("alpha", &Manifold::alpha, "α: the probability that a walk goes on")
        .above(0)
        .below(1);
    is.parameter("temperature", &Manifold::temperature,
                 "τ: the smaller, the more a walk keeps to near vectors")
        .above(0);
    is.parameter("margin", &Manifold::margin,
                 "m: how much more similar the own proxy is to be than others")
        .at_least(0);
    is.parameter("lambda_c", &Manifold::lambda_c,
                 "λ_C: the weight of the part that compares whole rows of F")
        .at_least(0);
    is.parameter("only_violations", &Manifold::only_violations,
                 "other proxies count only where they break the margin");
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    LossSetting of_groups = setting;
    of_groups.n_classes = std::min(n_proxies, setting.n_classes);
    ClassVectorLoss::prepare(of_groups);
    Random random = setting.random.child("meta_classes");
    std::vector<std::int64_t> groups = random.permutation(setting.n_classes);
    for (std::int64_t& group : groups) group %= n_classes();
    meta_classes_ = buffer("meta_classes", index_tensor(groups));
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    labels_below(batch, meta_classes_.size(0), "meta-classes");
    Batch grouped = batch;
    grouped.labels = meta_classes_.index_select(0, batch.labels);
    const std::int64_t n = batch.embeddings.size(0);
    if (n == 0) return batch.embeddings.sum();
    const at::Tensor all = at::cat({batch.embeddings, weights()});
    const at::Tensor walks = walk_similarities(cosine_matrix(all, all));
    // Cosines of rows as products by lengths: unit rows would be another (B + K)² values.
    const at::Tensor lengths = walks.norm(2, {1});
    const at::Tensor whole = walks.mm(walks.narrow(0, n, n_classes()).t())
                                 .div(lengths.unsqueeze(1))
                                 .div(lengths.narrow(0, n, n_classes()).unsqueeze(0))
                                 .narrow(0, 0, n);
    const at::Tensor to_proxies = walks.narrow(1, n, n_classes()).narrow(0, 0, n);
    const at::Tensor terms =
        n_pair_terms(to_proxies, grouped).add(n_pair_terms(whole, grouped), lambda_c);
    return reduced_examples(terms, batch, tuples);
  }

 private:
  /// F of the distances 1 − cos between all vectors, (n × n). The gradient is written out so that
  /// of all the matrices only S and F are kept for it.
  at::Tensor walk_similarities(const at::Tensor& distances) const {
    at::Tensor s, scales, walks;
    {
      const WithoutAutograd off;
      s = at::rsub(distances, 1).clamp_min_(0).div_(temperature).exp_();
      s.fill_diagonal_(0);
      scales = s.sum(1).rsqrt();
      at::Tensor system = s.mul(scales.unsqueeze(1)).mul_(scales.unsqueeze(0)).mul_(-alpha);
      system.fill_diagonal_(1);
      // It is positive definite, and its inverse that of its factor with itself.
      const at::Tensor identity = at::eye(s.size(0), s.options());
      const at::Tensor inverse =
          at::linalg_solve_triangular(std::get<0>(at::linalg_cholesky_ex(system)), identity, false);
      walks = inverse.t().mm(inverse).mul_(1 - alpha);
    }
    return with_backward(
        walks, {distances},
        [s, scales, f = walks.detach(), alpha = alpha,
         temperature = temperature](const at::Tensor& outer) {
          at::Tensor slopes = f.mm(outer).mm(f).mul_(alpha / (1 - alpha)).mul_(s);
          // Each degree is in a row and a column.
          const at::Tensor by_degree =
              slopes.mv(scales).add(slopes.t().mv(scales)).mul(scales.pow(3)).mul(-0.5);
          slopes.mul_(scales.unsqueeze(1)).mul_(scales.unsqueeze(0));
          slopes.addcmul_(s, by_degree.unsqueeze(1));
          return std::vector<at::Tensor>{slopes.mul_(s.gt(1)).div_(-temperature)};
        });
  }

  /// l of each row of similarities to the proxies, (B × K) to (B).
  at::Tensor n_pair_terms(const at::Tensor& similarities, const Batch& batch) const {
    const at::Tensor excess = similarities.sub(own(similarities, batch).unsqueeze(1)).add(margin);
    at::Tensor others = one_hot(labels(batch), n_classes(), similarities).neg().add(1);
    if (only_violations) others = others.mul(excess.detach().gt(0));
    return log_sum_exp(excess, others, true);
  }

  std::int64_t n_proxies = 50;
  double alpha = 0.8;
  double temperature = 0.05;  // the authors' program; pytorch-metric-learning has 0.5
  double margin = 5e-4;
  double lambda_c = 1;
  bool only_violations = false;
  at::Tensor meta_classes_;
};

METRICLAB_PLUGIN(Manifold, "manifold");

}  // namespace
