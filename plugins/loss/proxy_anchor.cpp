// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/class_vectors.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Proxy anchor loss: each class has a trained proxy, which is the anchor of the whole batch.
///
///     loss = 1/|P⁺| Σ over P⁺ of log(1 + Σ over its class's examples of e^{−α (s(x, p) − margin)})
///          + 1/|P|  Σ over P  of log(1 + Σ over the other examples of e^{α (s(x, p) + margin)})
///                                                                             (Eq. 4)
///
/// P: all the proxies; P⁺: those with examples in the batch; s: the similarity, by default the
/// cosine. Both sums go through the reducer, whose default divides by those numbers; class weights
/// are those of the proxy. Shapes: embeddings (B × d), labels (B) below the number of classes;
/// trained: proxies (classes × d), at first normal (He's initialisation). An empty batch: 0, with
/// zero gradient. A reference set has no part in this loss. Tuples given weigh the examples: to
/// each exponent w − 1 is added, w being how often the example is in the tuples, measured by the
/// most frequent one (0 for one that is not in them). Cost: O(B C d) time, O(B C) memory for C
/// classes.
class ProxyAnchor final : public ClassVectorLoss {
 public:
  ProxyAnchor() : ClassVectorLoss("proxies", "cosine", true, "divisor") {}
  static void describe(Description<ProxyAnchor>& is) {
    is.summary(
        "each class's trained proxy draws its examples and pushes the others, the harder the more");
    is.source("Kim, Kim, Cho, Kwak. Proxy anchor loss for deep metric learning. CVPR 2020");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter(
        "margin", &ProxyAnchor::margin,
        "δ of the paper: how much more similar than 0 an example is to be, and the others less");
    is.parameter("alpha", &ProxyAnchor::alpha, "how sharply the hardest examples are picked out")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor is_own = one_hot(labels(batch), n_classes(), batch.embeddings).t();
    // s = offset − d; α (s − margin) and α (s + margin), with the tuples' weight in them.
    const at::Tensor
        s = distances(weights(), batch.embeddings).neg().add(distance->similarity_offset()),
        shift = example_weights(batch, tuples).sub(1).unsqueeze(0);
    const at::Tensor near = log_sum_exp(s.sub(margin).mul(-alpha).add(shift), is_own, true),
                     far = log_sum_exp(s.add(margin).mul(alpha).add(shift), is_own.neg().add(1),
                                       true);
    const at::Tensor classes = at::arange(n_classes(), at::kLong);
    const at::Tensor is_there = is_own.sum(1).gt(0).to(s.scalar_type());
    const at::Tensor all =
        batch.embeddings.size(0) > 0 ? is_there.detach().new_ones({n_classes()}) : is_there;
    const Reduction reduction = reducer->reduction();
    return reduced(near, is_there, classes, reduction, is_there.sum())
        .add(reduced(far, all, classes, reduction, all.sum()));
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    if (tuples.form != Tuples::Form::all) return tensor_loss(batch, tuples);
    // The batch is grouped by class: a proxy's own examples stand together.
    const std::vector<std::int64_t> labels_of = as_indices(labels(batch));
    return fused(distances(weights(), batch.embeddings), [&]<class T>(const T* d, T* gradient) {
      return kernel<T>(d, gradient, labels_of);
    });
  }

 private:
  /// Over the rows of the distances from proxies to examples, (classes × B).
  template <class T>
  Reduced kernel(const T* d, T* gradient, const std::vector<std::int64_t>& labels_of) const {
    const std::int64_t n = static_cast<std::int64_t>(labels_of.size());
    std::vector<std::int64_t> classes(static_cast<std::size_t>(n_classes()));
    std::iota(classes.begin(), classes.end(), 0);
    const Reduction reduction = reducer->reduction();
    TermSum near(reduction, classes.data(), n_classes()),
        far(reduction, classes.data(), n_classes());
    const double offset = distance->similarity_offset();
    const T slope = static_cast<T>(alpha), near_shift = static_cast<T>(alpha * (margin - offset)),
            far_shift = static_cast<T>(alpha * (margin + offset));
    struct Part {
      std::span<const T> d;
      std::span<T> gradient;
    };
    auto part = [&](std::int64_t c, std::int64_t begin, std::int64_t end) {
      const auto size = static_cast<std::size_t>(end - begin);
      return Part{{d + c * n + begin, size}, {gradient + c * n + begin, size}};
    };
    auto own_range = [&](std::int64_t c) {
      const auto [begin, end] = std::equal_range(labels_of.begin(), labels_of.end(), c);
      return std::pair{begin - labels_of.begin(), end - labels_of.begin()};
    };
    std::int64_t n_there = 0;
    for (std::int64_t c = 0; n > 0 && c < n_classes(); ++c) {
      const auto [begin, end] = own_range(c);
      if (begin < end) {
        ++n_there;
        const Part own = part(c, begin, end);
        const double term = log_sum_exp(own.d, slope, near_shift, true, own.gradient);
        multiply_by(own.gradient, static_cast<T>(alpha * near.add_one(c, term)));
      }
      // Of the others two ranges, and the 1.
      const Part before = part(c, 0, begin), after = part(c, end, n);
      const double first = log_sum_exp(before.d, -slope, far_shift, true, before.gradient),
                   second = log_sum_exp(after.d, -slope, far_shift, false, after.gradient),
                   top = std::max(first, second),
                   term = top + std::log(std::exp(first - top) + std::exp(second - top));
      const double factor = -alpha * far.add_one(c, term);
      multiply_by(before.gradient, static_cast<T>(factor * std::exp(first - term)));
      multiply_by(after.gradient, static_cast<T>(factor * std::exp(second - term)));
    }
    near.state_divisor(static_cast<double>(n_there));
    far.state_divisor(n > 0 ? static_cast<double>(n_classes()) : 0);
    for (std::int64_t c = 0; n > 0 && c < n_classes(); ++c) {
      const auto [begin, end] = own_range(c);
      multiply_by(part(c, begin, end).gradient, static_cast<T>(near.scale()));
      multiply_by(part(c, 0, begin).gradient, static_cast<T>(far.scale()));
      multiply_by(part(c, end, n).gradient, static_cast<T>(far.scale()));
    }
    return {.value = near.value() + far.value()};
  }

  double margin = 0.1;
  double alpha = 32;
};

METRICLAB_PLUGIN(ProxyAnchor, "proxy_anchor");

}  // namespace
