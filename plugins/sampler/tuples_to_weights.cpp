// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/class_members.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/sampler.hpp>
#include <numeric>
#include <optional>

namespace {

using namespace metriclab;

/// Examples drawn by how hard they are: when an epoch begins a miner looks at `subset_size` random
/// training examples as they are embedded then (at all, where there are fewer), and
///
///     P(example) ∝ the number of times it is in the tuples found
///
/// as an anchor, a positive or a negative; examples outside of the subset are not drawn in that
/// epoch. Drawn independently, with replacement. Where the miner finds nothing, or chooses nothing
/// among all tuples ("all"), the examples of the subset are drawn alike. Cost: what the miner takes
/// of time and memory for a batch of `subset_size`, and O(n) an epoch.
class TuplesToWeights final : public Sampler {
 public:
  static constexpr std::string_view abi = kTorchAbi;

  static void describe(Description<TuplesToWeights>& is) {
    is.summary("examples drawn by how often they are in the tuples that a miner finds");
    is.source("Musgrave, Belongie, Lim. PyTorch metric learning. arXiv 2020");
    is.cost("one mining of subset_size examples an epoch");
    is.parameter("miner", &TuplesToWeights::miner, "finds the tuples that are counted");
    is.parameter("batch_size", &TuplesToWeights::batch_size, "examples in a batch").at_least(2);
    is.parameter("subset_size", &TuplesToWeights::subset_size,
                 "how many training examples the miner looks at")
        .at_least(2);
    is.parameter(
          "batches", &TuplesToWeights::batches,
          "batches in an epoch; null: so many that it shows about as many examples as there are")
        .at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    const auto n = static_cast<std::int64_t>(setting.labels.size());
    if (n < 2)
      throw Error(
          fmt::format("{} training example{}; a batch needs at least 2", n, n == 1 ? "" : "s"));
    labels_ = setting.labels;
    columns_ = setting.columns;
    LossSetting known{.random = Random(0, "tuples_to_weights"),
                      .labels = setting.labels,
                      .columns = setting.columns,
                      .column_names = setting.column_names};
    known.n_classes = *std::max_element(labels_.begin(), labels_.end()) + 1;
    miner->prepare(known);
    n_batches_ = batches.value_or(batches_for(n, batch_size));
  }

  bool needs_embeddings() const override { return true; }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples& embedded) const override {
    const std::vector<std::int64_t> subset =
        random.sample(embedded.n, std::min(subset_size, embedded.n));
    std::vector<std::int64_t> ends = counts(embedded, subset, random);
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    std::vector<SampledBatch> result(static_cast<std::size_t>(n_batches_));
    for (SampledBatch& batch : result)
      for (std::int64_t i = 0; i < batch_size; ++i) {
        const auto drawn =
            std::upper_bound(ends.begin(), ends.end(), random.below(ends.back())) - ends.begin();
        batch.examples.push_back(subset[static_cast<std::size_t>(drawn)]);
      }
    return result;
  }

 private:
  /// How often each of the subset is in the tuples that are mined from it; 1 for all, where none
  /// is.
  std::vector<std::int64_t> counts(const EmbeddedExamples& embedded,
                                   const std::vector<std::int64_t>& subset, Random& random) const {
    const Tuples tuples = miner->mine(batch_of(embedded, subset), random);
    std::vector<std::int64_t> result(subset.size(), 0);
    auto count = [&](const at::Tensor& places) {
      if (!places.defined()) return;
      for (const std::int64_t i : as_indices(places)) ++result[static_cast<std::size_t>(i)];
    };
    for (const at::Tensor& anchors :
         {tuples.anchor, tuples.positive_anchor, tuples.negative_anchor})
      count(anchors);
    // Places in a set of the miner's own say nothing of the subset.
    if (!tuples.reference.defined())
      for (const at::Tensor& others : {tuples.positive, tuples.negative}) count(others);
    if (std::all_of(result.begin(), result.end(), [](std::int64_t times) { return times == 0; }))
      std::fill(result.begin(), result.end(), 1);
    return result;
  }

  Batch batch_of(const EmbeddedExamples& embedded, const std::vector<std::int64_t>& subset) const {
    const auto n = static_cast<std::int64_t>(subset.size());
    Batch batch{.embeddings = at::empty({n, embedded.d}, at::kFloat), .labels = {}};
    float* row = batch.embeddings.data_ptr<float>();
    for (const std::int64_t i : subset) {
      std::copy_n(embedded.values + i * embedded.d, embedded.d, row);
      row += embedded.d;
    }
    auto of_subset = [&](const std::vector<std::int64_t>& labels) {
      std::vector<std::int64_t> values;
      for (const std::int64_t i : subset) values.push_back(labels[static_cast<std::size_t>(i)]);
      return index_tensor(values);
    };
    batch.labels = of_subset(labels_);
    for (const auto& column : columns_) batch.columns.push_back(of_subset(column));
    batch.examples = index_tensor(subset);
    return batch;
  }

  std::vector<std::int64_t> labels_;
  std::vector<std::vector<std::int64_t>> columns_;
  std::int64_t n_batches_ = 0;

  Plugin<Miner> miner = "multi_similarity";
  std::int64_t batch_size = 64;
  std::int64_t subset_size = 1024;
  std::optional<std::int64_t> batches;
};

METRICLAB_PLUGIN(TuplesToWeights, "tuples_to_weights");

}  // namespace
