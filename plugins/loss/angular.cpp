// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>

#include <cmath>
#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/triplet_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Angular loss.
///
///     term of a positive pair (a, p) = log(1 + Σ over n of e^{f(a, p, n)})
///     f(a, p, n) = 4 tan²α (x_a + x_p)ᵀ x_n − 2 (1 + tan²α) x_aᵀ x_p
///     loss = mean of the terms over the positive pairs
///
/// x: embeddings of length 1; n: the rows of another class; α: `alpha`, in degrees, the bound of
/// the angle at the negative in the triangle of the three. Pairs are ordered: (a, p) and (p, a)
/// both count, with equal terms. Shapes: embeddings (B × d), labels (B). Without positive pairs: 0,
/// with zero gradient. Tuples given choose the positive pairs; n runs over all rows of another
/// class in any case. Cost: O(B² d + P B) time for P positive pairs, O(B²) memory. Differs from the
/// paper: there a class has two examples; it is often added to the N-pair loss.
class Angular final : public TupleLoss {
 public:
  Angular() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<Angular>& is) {
    is.summary("bounds the angle at the negative in the triangle with a positive pair");
    is.source("Wang, Zhou, Wen, Liu, Lin. Deep metric learning with angular loss. ICCV 2017");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("alpha", &Angular::alpha, "α, in degrees: the bound of the negative's angle")
        .above(0)
        .below(90);
    describe_reduction(is);
  }

 protected:
  // With cosine distances d in the place of inner products: f = 2 (1 + t) d_ap − 4t (d_an + d_pn) +
  // 6t − 2, t = tan²α.
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const std::int64_t first = batch.has_reference() ? batch.embeddings.size(0) : 0;
    const at::Tensor others = pair_counts(batch, Tuples::all()).negative;
    return reduced_positives(
        matrix(batch), batch, tuples, reducer->reduction(),
        [&](const at::Tensor& d, const at::Tensor& anchors, const at::Tensor& positives) {
          const at::Tensor near = d.index_select(0, anchors),
                           both = near.add(d.index_select(0, positives.add(first)));
          const at::Tensor level = near.gather(1, positives.unsqueeze(1)).mul(2 * (1 + slope()));
          return log_sum_exp(both.mul(-4 * slope()).add(level).add(6 * slope() - 2), others, true);
        });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    // The other classes of listed pairs are no ranges.
    if (tuples.form != Tuples::Form::all) return tensor_loss(batch, tuples);
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    const std::int64_t n = places.n_anchors(), m = places.n_others(),
                       first = batch.has_reference() ? n * m : 0;
    return fused(matrix(batch), [&]<class T>(const T* d, T* gradient) {
      PairRows<T> rows(places);
      std::vector<T> sums, shares;  // of all the anchor's positives, a row each
      for (std::int64_t i = 0; i < n; ++i) {
        const PairRow<T>& row = rows.load(i, d + i * m);
        const std::size_t n_positives = row.positives.size(), width = row.negatives.size();
        sums.resize(width);
        shares.resize(n_positives * width);
        auto shares_of = [&](std::size_t k) {
          return std::span<T>(shares).subspan(k * width, width);
        };
        KeptSum all;
        std::vector<bool> is_kept(n_positives);
        for (std::size_t k = 0; k < n_positives; ++k) {
          rows.negatives_of(d + first + places.positive(i, k) * m, sums);
          add_scaled<T>(row.negatives, T(1), sums);
          const double level =
              2 * (1 + slope()) * static_cast<double>(row.positives[k]) + 6 * slope() - 2;
          const double term = log_sum_exp<T>(sums, static_cast<T>(-4 * slope()),
                                             static_cast<T>(level), true, shares_of(k));
          is_kept[k] = terms.keeps(term);
          if (!is_kept[k]) continue;
          all.sum += term;
          ++all.n_kept;
        }
        const double factor = terms.add(i, all, n_positives);
        for (std::size_t k = 0; k < n_positives; ++k) {
          if (!is_kept[k] || factor == 0) continue;
          const std::span<T> of = shares_of(k);
          row.positive_gradient[k] = static_cast<T>(2 * (1 + slope()) * factor * sum_of<T>(of));
          multiply_by(of, static_cast<T>(-4 * slope() * factor));
          add_scaled<T>(of, T(1), row.negative_gradient);
          rows.add_to_negatives(of, gradient + first + places.positive(i, k) * m);
        }
        rows.add_to(gradient + i * m);
      }
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  /// tan²α
  double slope() const { return std::pow(std::tan(radians(alpha)), 2); }
  /// Anchors by others, and where these are a reference set, others by others below.
  static at::Tensor matrix(const Batch& batch) {
    const at::Tensor d = cosine_matrix(batch.embeddings, batch.others());
    if (!batch.has_reference()) return d;
    return at::cat({d, cosine_matrix(batch.reference, batch.reference)});
  }

  double alpha = 40;
};

METRICLAB_PLUGIN(Angular, "angular");

}  // namespace
