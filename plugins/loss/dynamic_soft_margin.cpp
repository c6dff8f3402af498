// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <metriclab/deep/triplet_rows.hpp>
#include <metriclab/deep/triplet_terms.hpp>

namespace {

using namespace metriclab;

/// Triplet loss with a dynamic soft margin.
///
///     term of a triplet = w(x) x,    x = d(a, p) − d(a, n)
///     w(x) = Σ of the histogram's bins up to the one that x is in
///     loss = mean of the terms over the triplets
///
/// The histogram of x over all batches so far, this one included, takes the place of the margin: a
/// triplet weighs as much as the part of all triplets that is not harder. It has `num_bins` knots
/// from −max_distance to max_distance; x goes to the two knots beside it, in proportion to its
/// nearness. Of each batch it takes in the share `momentum`, of the first the whole. The weights
/// are constants in the gradient. d: by default the Euclidean distance of normalised embeddings,
/// which is at most 2. Shapes: embeddings (B × d), labels (B), triplets (T × 3); kept: histogram
/// (num_bins), whose sum is 1, or 0 before the first triplets. Without triplets: 0, with zero
/// gradient, and the histogram stays. Pairs given are joined: every positive with every negative of
/// the same anchor. Terms below 0 are usual, and so is a loss below 0. Cost: O(B² d + P B) time
/// over all triplets, P being the number of positive pairs; O(B²) memory.
/// Differs from the paper: its triplets are those of a miner (the hardest negative of each anchor);
/// x is that of real embeddings, there is no form for binary ones.
class DynamicSoftMargin final : public TupleLoss {
 public:
  DynamicSoftMargin() : TupleLoss("euclidean", true, "mean") {}
  static void describe(Description<DynamicSoftMargin>& is) {
    is.summary("weighs a triplet by its place in a running histogram of all triplets: no margin");
    is.source(
        "Zhang, Rusinkiewicz. Learning local descriptors with a CDF-based dynamic soft margin. "
        "ICCV 2019");
    is.cost("O(B² d + P B) time over all triplets of P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.property("stops_gradient");
    is.parameter("num_bins", &DynamicSoftMargin::num_bins, "the number of knots of the histogram")
        .at_least(2);
    is.parameter("momentum", &DynamicSoftMargin::momentum,
                 "the share of the histogram that a batch makes up")
        .above(0)
        .at_most(1);
    is.parameter("max_distance", &DynamicSoftMargin::max_distance,
                 "the greatest difference of distances that the histogram tells from greater ones")
        .above(0);
    describe_common(is);
  }

  void prepare(const LossSetting& setting) override {
    histogram_ = buffer("histogram", at::zeros({num_bins}, setting.type));
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor d = distances(batch);
    auto excess = [](const at::Tensor& of, const at::Tensor& anchors, const at::Tensor& positives,
                     const at::Tensor& negatives) {
      const auto [near, far] = near_and_far(of, anchors, positives, negatives);
      return near.sub(far);
    };
    // In float64: there are millions of triplets.
    const at::Tensor found =
        at::zeros({num_bins}, d.options().dtype(at::kDouble).requires_grad(false));
    visit_triplets(d, batch, tuples, excess, [&](const at::Tensor& x, const at::Tensor& counts) {
      const at::Tensor place = places(x).to(at::kDouble), knot = place.floor();
      const at::Tensor above = place.sub(knot), n = counts.to(at::kDouble);
      const at::Tensor index = knot.to(at::kLong).flatten();
      found.index_add_(0, index, n.mul(above.neg().add(1)).flatten());
      found.index_add_(0, index.add(1).clamp_max(num_bins - 1), n.mul(above).flatten());
    });
    const at::Tensor weights = take_in(found);
    return reduced_triplets(d, batch, tuples, reducer->reduction(),
                            [&](const at::Tensor& of, const at::Tensor& anchors,
                                const at::Tensor& positives, const at::Tensor& negatives) {
                              const at::Tensor x = excess(of, anchors, positives, negatives);
                              const at::Tensor knots = places(x.detach()).floor().to(at::kLong);
                              return x.mul(weights.take(knots));
                            });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor d = distances(batch);
    const at::Tensor weights = take_in(histogram_of(d, batch, tuples)).contiguous();
    return fused_triplets(d, batch, tuples, reducer->reduction(),
                          [&, weights]<class T>(T near, T far) -> TripletSlopes<T> {
                            const T x = near - far,
                                    w = weights.data_ptr<T>()[static_cast<std::int64_t>(place(x))];
                            return {w * x, w, -w};
                          });
  }

 private:
  double knots_per_unit() const { return static_cast<double>(num_bins - 1) / (2 * max_distance); }
  /// Where x stands between the knots, from 0 to num_bins − 1.
  at::Tensor places(const at::Tensor& x) const {
    return x.add(max_distance).mul(knots_per_unit()).clamp(0, static_cast<double>(num_bins - 1));
  }
  template <class T>
  T place(T x) const {
    return std::clamp((x + static_cast<T>(max_distance)) * static_cast<T>(knots_per_unit()), T(0),
                      static_cast<T>(num_bins - 1));
  }

  /// How many of the batch's triplets are at each knot, (num_bins) float64.
  at::Tensor histogram_of(const at::Tensor& distances, const Batch& batch,
                          const Tuples& tuples) const {
    const at::Tensor here = distances.detach().contiguous();
    const at::Tensor found = at::zeros({num_bins}, at::kDouble);
    by_type(here, [&]<class T>(T) {
      // Of each bin: how many triplets, and the sum of how far they are on to the next knot.
      std::vector<std::int64_t> counts(static_cast<std::size_t>(num_bins), 0);
      std::vector<double> parts(counts.size(), 0);
      const T* d = here.data_ptr<T>();
      visit_anchors(batch, tuples, [&](std::int64_t i, std::size_t, auto for_each) {
        const T* row = d + i * here.size(1);
        for_each([&](Index positive, Index negative) {
          const T at = place(row[positive] - row[negative]);
          const auto bin = static_cast<std::size_t>(at);
          ++counts[bin];
          parts[bin] += static_cast<double>(at - static_cast<T>(bin));
        });
      });
      double* to = found.data_ptr<double>();
      for (std::size_t bin = 0; bin < counts.size(); ++bin)
        to[bin] = static_cast<double>(counts[bin]) - parts[bin] + (bin > 0 ? parts[bin - 1] : 0);
    });
    return found;
  }

  /// Takes a batch's histogram in; the weights, (num_bins) of the buffer's type.
  at::Tensor take_in(const at::Tensor& found) const {
    METRICLAB_CHECK(histogram_.defined(), "a loss that was not prepared");
    const WithoutAutograd off;
    const at::Tensor before = histogram_.to(at::kDouble), total = found.sum();
    const at::Tensor first =
        at::where(before.sum().gt(0), total.new_full({}, momentum), at::ones_like(total));
    const at::Tensor share = first.mul(total.gt(0));
    const at::Tensor after =
        before.mul(share.neg().add(1)).add(found.mul(share).div(total.clamp_min(1)));
    histogram_.copy_(after);
    return after.div(after.sum().clamp_min(1e-300)).cumsum(0).to(histogram_.scalar_type());
  }

  std::int64_t num_bins = 512;
  double momentum = 0.01;
  double max_distance = 2;
  at::Tensor histogram_;
};

METRICLAB_PLUGIN(DynamicSoftMargin, "dynamic_soft_margin");

}  // namespace
