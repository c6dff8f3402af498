// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/sampled_views.hpp>

namespace {

using namespace metriclab;

/// Batches without regard to classes: an epoch is a random permutation of all examples, cut into
/// batches of `batch_size`. What remains makes a smaller last batch; a single example that remains
/// joins the batch before it, since a batch of one has no tuples and no batch statistics. Each
/// example is in exactly one batch, `views` times, one after the other. Cost: O(n·views) time and
/// memory an epoch.
class Uniform final : public Sampler {
 public:
  static void describe(Description<Uniform>& is) {
    is.summary("every example once an epoch, in random order, whatever its class");
    is.source(
        "Bottou. Stochastic gradient descent tricks. Neural networks: tricks of the trade, 2nd "
        "edition, 2012 (shuffled epochs)");
    is.cost("O(n) time and memory an epoch");
    is.parameter("batch_size", &Uniform::batch_size,
                 "examples in a batch; the last one of an epoch may be smaller, or larger by one")
        .at_least(2);
    is.parameter("views", &Uniform::views,
                 "how often each example stands in its batch, transformed anew each time")
        .at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    n_ = static_cast<std::int64_t>(setting.labels.size());
    if (n_ < 2)
      throw Error(
          fmt::format("{} training example{}; a batch needs at least 2", n_, n_ == 1 ? "" : "s"));
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    const std::vector<std::int64_t> order = random.permutation(n_);
    std::vector<SampledBatch> batches;
    for (std::int64_t first = 0; first < n_;) {
      std::int64_t last = std::min(first + batch_size, n_);
      if (n_ - last == 1) last = n_;
      batches.push_back(
          {.examples = with_views({order.begin() + first, order.begin() + last}, views)});
      first = last;
    }
    return batches;
  }

 private:
  std::int64_t n_ = 0;

  std::int64_t batch_size = 64;
  std::int64_t views = 1;
};

METRICLAB_PLUGIN(Uniform, "uniform");

}  // namespace
