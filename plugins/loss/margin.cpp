// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <metriclab/deep/proxies.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Margin-based loss, with a trained border β between positives and negatives.
///
///     term of a positive pair = [d(a, p) − β_a + margin]₊                     (Eq. 4)
///     term of a negative pair = [β_a − d(a, n) + margin]₊
///     loss = mean of the terms above 0, over both kinds together, + ν β       (Eq. 5)
///
/// β_a: one border for all, or one for the anchor's class (`beta_per_class`); trained with
/// `learn_beta`, then "beta" (1) or (classes); ν: `nu`; with borders of classes ν Σ over the
/// positive pairs of β_a / N stands in the place of ν β, N being the number of terms above 0. d: by
/// default the Euclidean distance of normalised embeddings. With `by_triplets` a pair counts as
/// often as it is in triplets: a positive once for each negative of its anchor and the other way
/// round. Shapes: embeddings (B × d), labels (B). Without pairs: ν β. Triplets given count as their
/// different pairs, with `by_triplets` as often as listed. Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: no border for each example. (Its pairs come from the miner
/// "distance_weighted".)
class Margin final : public TupleLoss {
 public:
  Margin() : TupleLoss("euclidean", true, "avg_non_zero") {}
  static void describe(Description<Margin>& is) {
    is.summary("hinges on both sides of a border between positives and negatives that is trained");
    is.source(
        "Wu, Manmatha, Smola, Krähenbühl. Sampling matters in deep embedding learning. ICCV 2017");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &Margin::margin, "the width to each side of the border");
    is.parameter("beta", &Margin::beta, "β at first: the border, a distance");
    is.parameter("learn_beta", &Margin::learn_beta, "the border is trained");
    is.parameter("beta_per_class", &Margin::beta_per_class,
                 "each class has a border of its own, that of the anchor counts");
    is.parameter("nu", &Margin::nu, "ν: the weight of the borders themselves in the loss")
        .at_least(0);
    is.parameter("by_triplets", &Margin::by_triplets,
                 "a pair counts as often as it is in triplets");
    describe_common(is);
  }

  void prepare(const LossSetting& setting) override {
    if (beta_per_class && setting.n_classes < 1)
      throw Error("there are no classes to have borders of their own").in("beta_per_class");
    const at::Tensor initial =
        at::full({beta_per_class ? setting.n_classes : 1}, beta, setting.type);
    beta_ = learn_beta ? parameter("beta", initial) : buffer("beta", initial);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    PairCounts counts = pair_counts(batch, listed(tuples));
    // As often as in triplets; of listed ones this is so already.
    if (by_triplets && tuples.form != Tuples::Form::triplets) {
      const at::Tensor n = counts.negative.sum(1, true), p = counts.positive.sum(1, true);
      counts = {counts.positive.mul(n), counts.negative.mul(p)};
    }
    const at::Tensor border = borders(batch).unsqueeze(1), x = distances(batch).sub(border);
    const at::Tensor terms = at::cat({x.add(margin), x.neg().add(margin)}, 1).clamp_min(0),
                     count = at::cat({counts.positive, counts.negative}, 1);
    const at::Tensor loss = reduced(terms, count, batch.labels, reducer->reduction());
    if (nu == 0) return loss;
    if (!beta_per_class) return loss.add(beta_.sum(), nu);
    const at::Tensor active = count.mul(terms.detach().gt(0)).sum().clamp_min(1);
    return loss.add(border.squeeze(1).mul(counts.positive.sum(1)).sum().div(active), nu);
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, listed(tuples));
    const bool weighs = by_triplets && tuples.form != Tuples::Form::triplets;
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    double active = 0;
    std::vector<double> positives;  // how often positive pairs of an anchor count
    const at::Tensor border = borders(batch);
    const at::Tensor x = distances(batch).sub(border.unsqueeze(1));
    const at::Tensor loss = fused_rows(
        x, places,
        [&]<class T>(const PairRow<T>& row) {
          const auto n_positives = static_cast<std::int64_t>(row.positives.size()),
                     n_negatives = static_cast<std::int64_t>(row.negatives.size());
          const std::int64_t each_positive = weighs ? n_negatives : 1,
                             each_negative = weighs ? n_positives : 1;
          const T m = static_cast<T>(margin);
          const Kept<T> kept = terms.kept<T>();
          const KeptSum p = hinge_sum(row.positives, T(1), m, kept),
                        q = hinge_sum(row.negatives, T(-1), m, kept);
          const double factor = terms.add(row.anchor,
                                          static_cast<double>(each_positive) * p.sum +
                                              static_cast<double>(each_negative) * q.sum,
                                          each_positive * n_positives + each_negative * n_negatives,
                                          each_positive * p.n_kept + each_negative * q.n_kept);
          positives.push_back(static_cast<double>(each_positive * n_positives));
          add_hinge_gradient(row.positives, T(1), m, kept,
                             static_cast<T>(factor * static_cast<double>(each_positive)),
                             row.positive_gradient);
          add_hinge_gradient(row.negatives, T(-1), m, kept,
                             static_cast<T>(factor * static_cast<double>(each_negative)),
                             row.negative_gradient);
          if (nu == 0 || !beta_per_class) return;
          const Kept<T> above{T(0), std::numeric_limits<T>::infinity()};
          active +=
              static_cast<double>(each_positive * hinge_sum(row.positives, T(1), m, above).n_kept +
                                  each_negative * hinge_sum(row.negatives, T(-1), m, above).n_kept);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
    if (nu == 0) return loss;
    if (!beta_per_class) return loss.add(beta_.sum(), nu);
    const at::Tensor weights = double_tensor(positives).to(border.scalar_type());
    return loss.add(border.mul(weights).sum().div(std::max(active, 1.0)), nu);
  }

 private:
  /// With `by_triplets` the pairs of listed triplets, repeats included.
  Tuples listed(const Tuples& tuples) const {
    if (!by_triplets || tuples.form != Tuples::Form::triplets) return tuples;
    return Tuples::pairs(tuples.anchor, tuples.positive, tuples.anchor, tuples.negative);
  }

  /// β of each anchor, (B).
  at::Tensor borders(const Batch& batch) const {
    METRICLAB_CHECK(beta_.defined(), "a loss that was not prepared");
    if (!beta_per_class) return beta_.expand({batch.embeddings.size(0)});
    return beta_.index_select(0, labels_below(batch, beta_.size(0), "borders"));
  }

  double margin = 0.2;
  double beta = 1.2;
  bool learn_beta = false;
  bool beta_per_class = false;
  double nu = 0;
  bool by_triplets = false;
  at::Tensor beta_;
};

METRICLAB_PLUGIN(Margin, "margin");

}  // namespace
