// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <metriclab/deep/ranking_loss.hpp>
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/triplet_terms.hpp>

namespace metriclab {

Step sigmoid_step(const at::Tensor& t, double temperature) {
  const at::Tensor value = t.div(temperature).sigmoid();
  return {value, value.mul(value.neg().add(1)).div(temperature)};
}

Ranks ranks_of(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
               const std::function<Step(const at::Tensor&)>& of_negatives,
               const std::function<Step(const at::Tensor&)>& of_positives) {
  const at::Tensor held = distances.detach();
  const PairCounts counts = pair_counts(batch, tuples);
  const Positives positives = positives_of(PairPlaces(batch, tuples));
  const at::Tensor columns = positives.columns.to(held.device());
  const std::int64_t n = held.size(0), most = columns.size(1);
  auto for_each_positive = [=](auto visit) {
    for (std::int64_t k = 0; k < most; ++k) {
      const at::Tensor own = columns.narrow(1, k, 1), t = held.gather(1, own).sub(held);
      visit(k, own, of_negatives(t), of_positives(t));
    }
  };
  const at::Tensor sums = held.new_zeros({2, n, most});
  for_each_positive([&](std::int64_t k, const at::Tensor&, const Step& far, const Step& near) {
    sums.select(2, k).copy_(
        at::stack({far.value.mul(counts.negative).sum(1), near.value.mul(counts.positive).sum(1)}));
  });
  const at::Tensor connected = with_backward(sums, {distances}, [=](const at::Tensor& outer) {
    const at::Tensor gradient = at::zeros_like(held);
    for_each_positive(
        [&](std::int64_t k, const at::Tensor& own, const Step& far, const Step& near) {
          at::Tensor slope = far.slope.mul(counts.negative).mul(outer[0].narrow(1, k, 1));
          if (near.slope.defined())
            slope = slope.add(near.slope.mul(counts.positive).mul(outer[1].narrow(1, k, 1)));
          gradient.sub_(slope).scatter_add_(1, own, slope.sum(1, true));
        });
    return std::vector<at::Tensor>{gradient};
  });
  return {connected.select(0, 0), connected.select(0, 1),
          positives.there.to(held.device(), held.scalar_type())};
}

RankingLoss::RankingLoss(double default_temperature)
    : TupleLoss("cosine", true, "mean"), temperature(default_temperature) {}
RankingLoss::~RankingLoss() = default;

bool RankingLoss::is_with_itself(const Batch& batch, const Tuples& tuples) const {
  return anchor_is_positive && tuples.form == Tuples::Form::all && !batch.has_reference();
}

at::Tensor RankingLoss::tensor_loss(const Batch& given, const Tuples& tuples) {
  const bool with_itself = is_with_itself(given, tuples);
  const Batch batch = with_itself ? against_itself(given) : given;
  // The backward pass may come when the loss is gone.
  auto step = [tau = temperature](const at::Tensor& t) { return sigmoid_step(t, tau); };
  const Ranks ranks = ranks_of(distances(batch), batch, tuples, step, step);
  const at::Tensor n = ranks.there.sum(1, true), divisor = n.clamp_min(1);
  const at::Tensor each = terms(ranks.negatives, ranks.positives.sub(0.5), divisor);
  return reduced(each.mul(ranks.there).sum(1).div(divisor.squeeze(1)),
                 n.squeeze(1).gt(with_itself ? 1 : 0).to(each.scalar_type()), batch.labels,
                 reducer->reduction());
}

at::Tensor RankingLoss::fused_loss(const Batch& given, const Tuples& tuples) {
  const bool with_itself = is_with_itself(given, tuples);
  const Batch batch = with_itself ? against_itself(given) : given;
  const std::size_t least = with_itself ? 2 : 1;
  const PairPlaces places(batch, tuples);
  const Reduction reduction = reducer->reduction();
  TermSum sum(reduction, places);
  return fused_rows(
      distances(batch), places,
      [&]<class T>(const PairRow<T>& row) {
        if (row.positives.size() < least) return;
        const auto n = static_cast<double>(row.positives.size());
        std::vector<T> far(row.negatives.size()), near(row.positives.size());
        double value = 0;
        for (std::size_t k = 0; k < row.positives.size(); ++k) {
          const T slope = static_cast<T>(-1 / temperature),
                  shift = static_cast<T>(row.positives[k] / temperature);
          const double negatives = sigmoid_sum<T>(row.negatives, slope, shift, far);
          // The positive itself is at σ(0).
          const double positives =
              ranks_positives() ? sigmoid_sum<T>(row.positives, slope, shift, near) - 0.5 : 0;
          const Term is = term(negatives, positives, n);
          value += is.value;
          auto add = [&](const std::vector<T>& values, double derivative, std::span<T> gradient) {
            row.positive_gradient[k] -= static_cast<T>(add_sigmoid_gradient<T>(
                values, static_cast<T>(-derivative / (n * temperature)), gradient));
          };
          add(far, is.by_negatives, row.negative_gradient);
          if (ranks_positives()) add(near, is.by_positives, row.positive_gradient);
        }
        const T factor = static_cast<T>(sum.add_one(row.anchor, value / n));
        multiply_by(row.positive_gradient, factor);
        multiply_by(row.negative_gradient, factor);
      },
      [&] {
        return ReducedPairs{sum.value(), sum.scale(), sum.scale()};
      });
}

}  // namespace metriclab
