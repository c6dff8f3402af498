// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/maximum.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/class_tree.hpp>
#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// At which level of a tree each partner of an anchor is with it.
class PartnerLevels {
 public:
  PartnerLevels(const ClassTree& tree, const Batch& batch, const PairPlaces& places)
      : places_(places), anchors_(batch.labels), others_(batch.other_labels()) {
    apart_ = tree.levels_apart(anchors_.values, others_.values).contiguous();
  }
  /// Those of the positives, then those of the negatives.
  void of(std::int64_t anchor, std::size_t n_positives, std::size_t n_negatives,
          std::vector<std::int64_t>& levels) const {
    const auto* row = apart_.data_ptr<std::int64_t>() +
                      anchors_.places.data_ptr<std::int64_t>()[anchor] * apart_.size(1);
    const auto* column = others_.places.data_ptr<std::int64_t>();
    levels.clear();
    for (std::size_t k = 0; k < n_positives; ++k)
      levels.push_back(row[column[places_.positive(anchor, k)]]);
    for (std::size_t k = 0; k < n_negatives; ++k)
      levels.push_back(row[column[places_.negative(anchor, k)]]);
  }

 private:
  const PairPlaces& places_;
  Distinct anchors_, others_;
  at::Tensor apart_;  // (classes × classes) of the batch
};

/// An anchor's partners: of each the level, the term t and its share of the softmax, the latter in
/// the place of its gradient.
template <class T>
class SoftmaxRow {
 public:
  SoftmaxRow(const PartnerLevels& levels, double slope) : levels_(levels), slope_(slope) {}

  /// False where there are none.
  bool load(const PairRow<T>& row) {
    const T slope = static_cast<T>(slope_);
    const double near = log_sum_exp(row.positives, slope, T(0), false, row.positive_gradient);
    const double far = log_sum_exp(row.negatives, slope, T(0), false, row.negative_gradient);
    const double top = std::max(near, far);
    row_ = row;
    levels_.of(row.anchor, row.positives.size(), row.negatives.size(), level_);
    if (level_.empty()) return false;
    all_ = top + std::log(std::exp(near - top) + std::exp(far - top));
    multiply_by(row.positive_gradient, static_cast<T>(std::exp(near - all_)));
    multiply_by(row.negative_gradient, static_cast<T>(std::exp(far - all_)));
    // The rounding of a difference of equals would count as a term above 0.
    is_alone_ = level_.size() == 1;
    return true;
  }
  /// f(level, t, share) of each partner; the share may be written.
  template <class F>
  void each(F f) const {
    for (std::size_t k = 0; k < row_.positives.size(); ++k)
      f(level_[k], term(row_.positives[k]), row_.positive_gradient[k]);
    for (std::size_t k = 0; k < row_.negatives.size(); ++k)
      f(level_[row_.positives.size() + k], term(row_.negatives[k]), row_.negative_gradient[k]);
  }

 private:
  double term(T x) const { return is_alone_ ? 0 : all_ - slope_ * static_cast<double>(x); }

  const PartnerLevels& levels_;
  double slope_, all_ = 0;
  bool is_alone_ = false;
  PairRow<T> row_;
  std::vector<std::int64_t> level_;
};

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

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(tree_.groups().defined(), "a loss that was not prepared");
    const PairPlaces places(batch, tuples);
    const PartnerLevels partners(tree_, batch, places);
    return fused(distances(batch), [&]<class T>(const T* distances, T* gradient) {
      return kernel(distances, gradient, places, partners);
    });
  }

 private:
  /// What is known of a level once all anchors were seen.
  struct Level {
    double largest = 0;               // of its own terms
    double n_largest = 0;             // how many are as large
    double floor = 0;                 // M of the finer levels
    double to_floor = 0, to_own = 0;  // derivatives by `floor` and by `largest`
  };

  /// Three times over the rows, for the largest terms must be known before the levels' values, and
  /// those before the gradient.
  template <class T>
  Reduced kernel(const T* distances, T* gradient, const PairPlaces& places,
                 const PartnerLevels& partners) const {
    const std::size_t n_levels = level_weights.size();
    const auto n = static_cast<std::size_t>(places.n_anchors());
    PairRows<T> rows(places);
    SoftmaxRow<T> row(partners, -1 / temperature);
    const auto each_row = [&](auto f) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto anchor = static_cast<std::int64_t>(i);
        if (row.load(rows.load(anchor, distances + anchor * places.n_others()))) f(i);
      }
    };
    const auto at = [](std::int64_t level) { return static_cast<std::size_t>(level); };

    std::vector<Level> of_level(n_levels);
    std::vector<double> counts(n * n_levels);
    each_row([&](std::size_t i) {
      row.each([&](std::int64_t l, double term, T) {
        if (at(l) >= n_levels) return;
        ++counts[i * n_levels + at(l)];
        Level& level = of_level[at(l)];
        if (term > level.largest) level.n_largest = 0;
        level.largest = std::max(level.largest, term);
        if (term == level.largest) ++level.n_largest;
      });
    });
    if (constraint)
      for (std::size_t l = 1; l < n_levels; ++l)
        of_level[l].floor = std::max(of_level[l - 1].floor, of_level[l - 1].largest);
    // The derivative of max(t, M) by t; equals share it.
    const auto above = [&](double term, const Level& level) {
      if (!constraint || term > level.floor) return 1.0;
      return term < level.floor ? 0.0 : 0.5;
    };

    const Reduction reduction = reducer->reduction();
    std::vector<TermSum> sums(n_levels, TermSum(reduction, places));
    std::vector<double> factors(n * n_levels);  // of a partner's term in the gradient
    std::vector<double> sum(n_levels), below(n_levels);
    each_row([&](std::size_t i) {
      std::fill(sum.begin(), sum.end(), 0);
      std::fill(below.begin(), below.end(), 0);
      row.each([&](std::int64_t l, double term, T) {
        if (at(l) >= n_levels) return;
        sum[at(l)] += constraint ? std::max(term, of_level[at(l)].floor) : term;
        below[at(l)] += 1 - above(term, of_level[at(l)]);
      });
      for (std::size_t l = 0; l < n_levels; ++l) {
        const double count = counts[i * n_levels + l];
        if (count == 0) continue;
        double& factor = factors[i * n_levels + l];
        factor = sums[l].add_one(static_cast<std::int64_t>(i), sum[l] / count) / count;
        of_level[l].to_floor += factor * below[l];
      }
    });
    double value = 0;
    std::vector<double> scales(n_levels);
    for (std::size_t l = 0; l < n_levels; ++l) {
      const double weight = level_weights[l] / static_cast<double>(n_levels);
      value += weight * sums[l].value();
      scales[l] = weight * sums[l].scale();
      of_level[l].to_floor *= scales[l];
    }
    // A floor is the larger of the finer level's floor and its largest term.
    for (std::size_t l = n_levels; l-- > 1;) {
      Level& finer = of_level[l - 1];
      const double own =
          finer.largest > finer.floor ? 1 : (finer.largest < finer.floor ? 0.0 : 0.5);
      finer.to_own = own * of_level[l].to_floor / std::max(finer.n_largest, 1.0);
      finer.to_floor += (1 - own) * of_level[l].to_floor;
    }

    each_row([&](std::size_t i) {
      const double* factor = factors.data() + i * n_levels;
      const auto by_term = [&](std::int64_t l, double term) {
        if (at(l) >= n_levels) return 0.0;
        const Level& level = of_level[at(l)];
        return scales[at(l)] * factor[l] * above(term, level) +
               (term == level.largest ? level.to_own : 0);
      };
      double all = 0;
      row.each([&](std::int64_t l, double term, T) { all += by_term(l, term); });
      row.each([&](std::int64_t l, double term, T& share) {
        share = static_cast<T>((by_term(l, term) - all * static_cast<double>(share)) / temperature);
      });
      rows.store(gradient + static_cast<std::int64_t>(i) * places.n_others());
    });
    return {.value = value};
  }

  double temperature = 0.1;
  std::vector<std::string> levels;
  std::vector<double> level_weights;
  bool constraint = true;
  ClassTree tree_;
};

METRICLAB_PLUGIN(HierarchicalSupCon, "hierarchical_supcon");

}  // namespace
