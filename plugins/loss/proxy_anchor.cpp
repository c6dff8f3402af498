// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/log_sum.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Proxy anchor loss: each class has a trained proxy, which is the anchor of the whole batch.
///
///     loss = 1/|P⁺| Σ over P⁺ of log(1 + Σ over the examples of the proxy's class of exp(−α (s(x,
///     p) − margin)))
///          + 1/|P|  Σ over P  of log(1 + Σ over the other examples of              exp( α (s(x, p)
///          + margin)))    (Eq. 4)
///
/// P: all the proxies; P⁺: those with examples in the batch; s: the similarity, by default the
/// cosine. Both sums go through the reducer, whose default divides by those numbers; class weights
/// are those of the proxy. Shapes: embeddings (B × d), labels (B) below the number of classes;
/// trained: proxies (classes × d), at first normal (He's initialisation). An empty batch: 0, with
/// zero gradient. A reference set has no part in this loss. Tuples given weigh the examples: to
/// each exponent w − 1 is added, w being how often the example is in the tuples, measured by the
/// most frequent one (0 for one that is not in them). Cost: O(B C d) time, O(B C) memory for C
/// classes.
class ProxyAnchor final : public TupleLoss {
 public:
  ProxyAnchor() : TupleLoss("cosine", true, "divisor") {}
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

  void prepare(const LossSetting& setting) override {
    if (setting.n_classes < 1)
      throw Error("loss \"proxy_anchor\" needs classes: the data has none");
    Random random = setting.random.child("proxies");
    const double deviation = std::sqrt(2.0 / static_cast<double>(setting.n_classes));
    proxies_ = parameter("proxies", normal_tensor({setting.n_classes, setting.embedding_size},
                                                  deviation, random, setting.type));
  }

 protected:
  at::Tensor tuple_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(proxies_.defined(), "a loss that was not prepared");
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    const std::int64_t n_classes = proxies_.size(0), n = batch.embeddings.size(0);
    std::vector<std::vector<Index>> members(static_cast<std::size_t>(n_classes));
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t label = labels[static_cast<std::size_t>(i)];
      if (label < 0 || label >= n_classes)
        throw Error(
            fmt::format("example {} of the batch has label {}; there are proxies for 0 … {}", i,
                        label, n_classes - 1));
      members[static_cast<std::size_t>(label)].push_back(static_cast<Index>(i));
    }
    const Reduction reduction = reducer->reduction();
    const std::vector<double> shifts = exponent_shifts(n, tuples);
    const double offset = distance->similarity_offset();
    std::vector<std::int64_t> classes(static_cast<std::size_t>(n_classes));
    for (std::int64_t c = 0; c < n_classes; ++c) classes[static_cast<std::size_t>(c)] = c;

    return fused(distances(proxies_, batch.embeddings), [&]<class T>(const T* d, T* gradient) {
      TermSum positive(reduction, classes.data(), n_classes),
          negative(reduction, classes.data(), n_classes);
      std::int64_t with_positives = 0;
      for (const auto& list : members) with_positives += list.empty() ? 0 : 1;
      positive.state_divisor(static_cast<double>(with_positives));
      negative.state_divisor(static_cast<double>(n > 0 ? n_classes : 0));
      std::vector<Index> others;
      LogSum<T> sum;
      // What is an example's distance from a proxy, with the tuples' weight in it.
      std::vector<T> row(static_cast<std::size_t>(n));
      auto part = [&](TermSum& terms, std::int64_t c, const std::vector<Index>& list, double slope,
                      double shift, T* to) {
        if (list.empty() && &terms == &positive) return;
        for (std::size_t i = 0; i < row.size(); ++i)
          row[i] = d[static_cast<std::size_t>(c * n) + i] + static_cast<T>(shifts[i] / slope);
        sum.set(list, row.data(), slope, shift, true);
        const bool kept = terms.keeps(sum.value());
        const double factor = terms.add(c, kept ? sum.value() : 0, 1, kept ? 1 : 0);
        if (kept) sum.add_gradient(list, factor * slope, to);
      };
      // The examples of a proxy's class and the others are different cells of the gradient: each
      // part is brought to its own scale in the end.
      for (std::int64_t c = 0; c < n_classes; ++c) {
        const std::vector<Index>& own = members[static_cast<std::size_t>(c)];
        others.clear();
        for (std::int64_t i = 0; i < n; ++i)
          if (labels[static_cast<std::size_t>(i)] != c) others.push_back(static_cast<Index>(i));
        // −α (s − margin) with s = offset − d, and α (s + margin).
        part(positive, c, own, alpha, -alpha * (offset - margin), gradient + c * n);
        part(negative, c, others, -alpha, alpha * (offset + margin), gradient + c * n);
      }
      for (std::int64_t c = 0; c < n_classes; ++c)
        for (std::int64_t i = 0; i < n; ++i)
          gradient[c * n + i] *= static_cast<T>(
              labels[static_cast<std::size_t>(i)] == c ? positive.scale() : negative.scale());
      return Reduced{positive.value() + negative.value()};
    });
  }

  at::Tensor weights() const override { return proxies_; }

 private:
  static std::vector<double> exponent_shifts(std::int64_t n, const Tuples& tuples) {
    std::vector<double> counts(static_cast<std::size_t>(n), 0);
    if (tuples.form == Tuples::Form::all) return counts;
    double most = 0;
    for (const at::Tensor& list : {tuples.anchor, tuples.positive_anchor, tuples.positive,
                                   tuples.negative_anchor, tuples.negative})
      if (list.defined())
        for (std::int64_t i : as_indices(list))
          if (i < n) most = std::max(most, ++counts[static_cast<std::size_t>(i)]);
    for (double& count : counts) count = most > 0 ? count / most - 1 : 0;
    return counts;
  }

  double margin = 0.1;
  double alpha = 32;
  at::Tensor proxies_;
};

METRICLAB_PLUGIN(ProxyAnchor, "proxy_anchor");

}  // namespace
