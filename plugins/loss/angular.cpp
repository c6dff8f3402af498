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
///     f(a, p, n) = 4 tan²α (s(a, n) + s(p, n)) − 2 (1 + tan²α) s(a, p)
///     loss = mean of the terms over the positive pairs
///
/// s: the similarity (offset − distance), by default the cosine; n: the rows of another class; α:
/// `alpha`, in degrees, the bound of the angle at the negative in the triangle of the three. Pairs
/// are ordered: (a, p) and (p, a) both count, with equal terms. Shapes: embeddings (B × d), labels
/// (B). Without positive pairs: 0, with zero gradient. Tuples given choose the positive pairs; n
/// runs over all rows of another class in any case. Cost: O(B² d + P B) time for P positive pairs,
/// O(B²) memory. Differs from the paper: there a class has two examples; it is often added to the
/// N-pair loss.
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
    is.parameter("normalize_negatives", &Angular::normalize_negatives,
                 "negatives are brought to length 1 too, where embeddings are");
    describe_common(is);
  }

 protected:
  // With distances d in the place of similarities: f = 2 (1 + t) d_ap − 4t (d_an + d_pn) + (6t − 2)
  // offset, t = tan²α.
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const Rows first = rows_of_matrix(batch);
    const at::Tensor others = pair_counts(batch, Tuples::all()).negative;
    return reduced_positives(
        matrix(batch), batch, tuples, reducer->reduction(),
        [&](const at::Tensor& d, const at::Tensor& anchors, const at::Tensor& positives) {
          const at::Tensor near = d.index_select(0, anchors).gather(1, positives.unsqueeze(1)),
                           far = d.index_select(0, anchors.add(first.anchors))
                                     .add(d.index_select(0, positives.add(first.positives)));
          return log_sum_exp(far.mul(-4 * slope()).add(near, 2 * (1 + slope())).add(rest()), others,
                             true);
        });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    // The other classes of listed pairs are no ranges.
    if (tuples.form != Tuples::Form::all) return tensor_loss(batch, tuples);
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    const Rows first = rows_of_matrix(batch);
    const std::int64_t n = places.n_anchors(), m = places.n_others();
    return fused(matrix(batch), [&]<class T>(const T* d, T* gradient) {
      PairRows<T> rows(places);
      std::vector<T> own, both, slopes;
      std::vector<T> shares;  // of all the anchor's positives, a row each
      for (std::int64_t i = 0; i < n; ++i) {
        const PairRow<T>& row = rows.load(i, d + i * m);
        const std::size_t n_positives = row.positives.size(), width = row.negatives.size();
        own.resize(width);
        both.resize(width);
        slopes.assign(width, T(0));
        shares.resize(n_positives * width);
        auto shares_of = [&](std::size_t k) {
          return std::span<T>(shares).subspan(k * width, width);
        };
        auto row_of = [&](std::size_t k) { return (first.positives + places.positive(i, k)) * m; };
        rows.negatives_of(d + (first.anchors + i) * m, own);
        KeptSum all;
        std::vector<bool> is_kept(n_positives);
        for (std::size_t k = 0; k < n_positives; ++k) {
          rows.negatives_of(d + row_of(k), both);
          add_scaled<T>(own, T(1), both);
          const double level = 2 * (1 + slope()) * static_cast<double>(row.positives[k]) + rest();
          const double term = log_sum_exp<T>(both, static_cast<T>(-4 * slope()),
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
          add_scaled<T>(of, T(1), slopes);
          rows.add_to_negatives(of, gradient + row_of(k));
        }
        rows.add_to(gradient + i * m);
        rows.add_to_negatives(slopes, gradient + (first.anchors + i) * m);
      }
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  /// tan²α
  double slope() const { return std::pow(std::tan(radians(alpha)), 2); }
  /// (6 tan²α − 2) · offset
  double rest() const { return (6 * slope() - 2) * distance->similarity_offset(); }
  /// Whether negatives are other vectors than anchors and positives.
  bool are_apart() const {
    return normalize_embeddings && !normalize_negatives && !distance->ignores_length();
  }
  /// Where in the matrix the anchors' and the positives' distances to the negatives begin.
  struct Rows {
    std::int64_t anchors, positives;
  };
  Rows rows_of_matrix(const Batch& batch) const {
    const std::int64_t n = batch.embeddings.size(0), anchors = are_apart() ? n : 0;
    return {anchors, batch.has_reference() ? anchors + n : anchors};
  }
  /// Anchors by others; where negatives are apart, anchors by these below; and where there is a
  /// reference set, its rows by the negatives below.
  at::Tensor matrix(const Batch& batch) const {
    auto far = [&](const at::Tensor& x) {
      return are_apart() ? distance->matrix(normalized_rows(x), batch.others())
                         : distances(x, batch.others());
    };
    std::vector<at::Tensor> parts = {distances(batch)};
    if (are_apart()) parts.push_back(far(batch.embeddings));
    if (batch.has_reference()) parts.push_back(far(batch.reference));
    return parts.size() == 1 ? parts[0] : at::cat(parts);
  }

  double alpha = 40;
  bool normalize_negatives = true;
};

METRICLAB_PLUGIN(Angular, "angular");

}  // namespace
