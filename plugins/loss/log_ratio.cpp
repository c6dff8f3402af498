// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/deep/triplet_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Log-ratio loss, for real targets: ratios of distances are to be the ratios of the targets'.
///
///     term of a triplet (a, i, j) = ( log(D(a, i) / D(a, j)) − log(T(a, i) / T(a, j)) )²
///     loss = mean over the anchors a of the mean of their terms over all i ≠ j other than a
///
/// D: by default the squared Euclidean distance of embeddings as they are; T: the squared
/// difference of the targets (Batch::targets); `epsilon` is added to each of the four. Class labels
/// have no part in it. With u_i = log D(a, i) − log T(a, i), an anchor's term is (2/(B − 2)) Σ over
/// i of (u_i − mean u)². Shapes: embeddings (B × d), targets (B). A batch of fewer than three: 0,
/// with zero gradient. Tuples given: the mean over the triplets listed; of pairs, over the joined
/// ones, every positive with every negative of the same anchor. Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: all triplets of the batch, and not those with one of the anchor's
/// nearest.
class LogRatio final : public TupleLoss {
 public:
  LogRatio() : TupleLoss("squared_euclidean", false, "mean") {}
  static void describe(Description<LogRatio>& is) {
    is.summary("ratios of distances between embeddings are to be those between real targets");
    is.source(
        "Kim, Seo, Laptev, Cho, Kwak. Deep metric learning beyond binary supervision. CVPR 2019");
    is.cost("O(B² d) time, O(B²) memory, over all triplets");
    is.property("invariant_to_rotation");
    is.property("invariant_to_translation");
    is.parameter("epsilon", &LogRatio::epsilon,
                 "what is added to distances, so that those of 0 have a logarithm")
        .above(0);
    describe_common(is);
  }

  bool needs_labels() const override { return false; }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    check_targets(batch);
    const at::Tensor d = distances(batch);
    const at::Tensor wanted =
        batch.targets.unsqueeze(1).sub(batch.targets).square().add(epsilon).log();
    const at::Tensor u = d.add(epsilon).log().sub(wanted.to(d.options().requires_grad(false)));
    if (tuples.form == Tuples::Form::all) return over_all(u, batch);
    return reduced_triplets(u, batch, tuples, reducer->reduction(),
                            [](const at::Tensor& values, const at::Tensor& anchors,
                               const at::Tensor& positives, const at::Tensor& negatives) {
                              const NearAndFar is =
                                  near_and_far(values, anchors, positives, negatives);
                              return is.near.sub(is.far).square();
                            });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    if (tuples.form != Tuples::Form::all) return tensor_loss(batch, tuples);
    check_targets(batch);
    const at::Tensor targets = batch.targets.to(at::kDouble).contiguous();
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      return kernel(d, gradient, batch, targets.data_ptr<double>());
    });
  }

 private:
  static void check_targets(const Batch& batch) {
    if (batch.has_reference() || !batch.targets.defined())
      throw Error(
          "the loss \"log_ratio\" learns from real targets, which a reference set or this "
          "batch doesn't have; take a data set with targets")
          .by_nature();
  }

  template <class T>
  Reduced kernel(const T* d, T* gradient, const Batch& batch, const double* targets) const {
    const std::int64_t n = batch.embeddings.size(0);
    if (n < 3) return {};
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, labels.data(), n);
    const double share = 2 / static_cast<double>(n - 2);
    std::vector<double> u(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
      const T* row = d + i * n;
      double mean = 0, squares = 0;
      const auto each_other = [&](auto f) {
        for (std::int64_t j = 0; j < n; ++j)
          if (j != i) f(j, u[static_cast<std::size_t>(j)]);
      };
      each_other([&](std::int64_t j, double& uj) {
        const double wanted = (targets[i] - targets[j]) * (targets[i] - targets[j]);
        uj = std::log((static_cast<double>(row[j]) + epsilon) / (wanted + epsilon));
        mean += uj;
      });
      mean /= static_cast<double>(n - 1);
      each_other([&](std::int64_t, double& uj) { squares += (uj - mean) * (uj - mean); });
      const double factor = 2 * share * terms.add_one(i, share * squares);
      each_other([&](std::int64_t j, double& uj) {
        gradient[i * n + j] =
            static_cast<T>(factor * (uj - mean) / (static_cast<double>(row[j]) + epsilon));
      });
    }
    return {terms.value(), terms.scale()};
  }

  at::Tensor over_all(const at::Tensor& u, const Batch& batch) const {
    const std::int64_t n = u.size(0);
    if (n < 3) return u.sum().mul(0);
    at::Tensor others = u.detach().new_ones({n, n});
    others.fill_diagonal_(0);
    const at::Tensor mean = u.mul(others).sum(1, true).div(static_cast<double>(n - 1));
    const at::Tensor squares = u.sub(mean).square().mul(others).sum(1);
    return reduced(squares.mul(2 / static_cast<double>(n - 2)), batch.labels, reducer->reduction());
  }

  double epsilon = 1e-6;
};

METRICLAB_PLUGIN(LogRatio, "log_ratio");

}  // namespace
