// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/sampler.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Examples drawn with replacement, each with a probability that its class says.
///
/// An example of class c is drawn with probability w_c / Σ over the examples of their classes'
/// weights. Without `weights`, w_c = 1 / (number of examples of c), so that all classes are drawn
/// equally often. Cost: O(n + examples shown · log n) time and O(n) memory an epoch.
class ClassWeighted final : public Sampler {
 public:
  static void describe(Description<ClassWeighted>& is) {
    is.summary("examples drawn with a probability that their class says");
    is.source(
        "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis. Decoupling representation and "
        "classifier for long-tailed recognition. ICLR 2020 (section 3, class-balanced sampling)");
    is.cost("O(n + examples shown · log n) time and O(n) memory an epoch");
    is.parameter("batch_size", &ClassWeighted::batch_size, "examples in a batch").at_least(2);
    is.parameter("weights", &ClassWeighted::weights,
                 "of an example of each class; empty: one over the class's size")
        .at_least(0);
    is.parameter("batches", &ClassWeighted::batches,
                 "batches in an epoch; null: so many that it shows about as many examples as "
                 "there are")
        .at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    const std::vector<std::int64_t>& labels = setting.labels;
    const auto n = static_cast<std::int64_t>(labels.size());
    if (n < 2)
      throw Error(
          fmt::format("{} training example{}; a batch needs at least 2", n, n == 1 ? "" : "s"));
    const std::int64_t n_classes = *std::max_element(labels.begin(), labels.end()) + 1;
    if (!weights.empty() && static_cast<std::int64_t>(weights.size()) < n_classes)
      throw Error(
          fmt::format("{} weights for {} classes; give one for each", weights.size(), n_classes))
          .in("weights");
    std::vector<double> sizes(static_cast<std::size_t>(n_classes), 0);
    for (const std::int64_t label : labels) ++sizes[static_cast<std::size_t>(label)];
    double sum = 0;
    reach_.clear();
    for (const std::int64_t label : labels) {
      const auto c = static_cast<std::size_t>(label);
      sum += weights.empty() ? 1 / sizes[c] : weights[c];
      reach_.push_back(sum);
    }
    if (sum <= 0) throw Error("no class that is there has a weight above 0").in("weights");
    n_batches_ = batches.value_or(std::max<std::int64_t>(1, (n + batch_size / 2) / batch_size));
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    std::vector<SampledBatch> result(static_cast<std::size_t>(n_batches_));
    for (SampledBatch& batch : result)
      for (std::int64_t k = 0; k < batch_size; ++k) {
        // An example of weight 0 has no width, which upper_bound steps over.
        const auto at =
            std::upper_bound(reach_.begin(), reach_.end(), random.uniform() * reach_.back());
        batch.examples.push_back(std::min<std::int64_t>(
            at - reach_.begin(), static_cast<std::int64_t>(reach_.size()) - 1));
      }
    return result;
  }

 private:
  std::vector<double> reach_;  // the sums of the examples' weights up to each
  std::int64_t n_batches_ = 0;

  std::int64_t batch_size = 64;
  std::vector<double> weights;
  std::optional<std::int64_t> batches;
};

METRICLAB_PLUGIN(ClassWeighted, "class_weighted");

}  // namespace
