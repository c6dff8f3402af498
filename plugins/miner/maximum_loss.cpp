// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/limited_miner.hpp>
#include <metriclab/deep/loss.hpp>

namespace {

using namespace metriclab;

/// The subset of a batch with the greatest loss: `n_trials` subsets of `subset_size` anchors are
/// drawn, each without replacement; the tuples of the one with the greatest loss are given, the
/// first of several as great.
///
/// The loss looks at all tuples within a subset, or at those that `miner` finds there; the second
/// side of tuples is the subset itself, or the whole reference set where the batch has one. A batch
/// no larger than `subset_size` is taken as a whole. Gives pairs, or what `miner` gives. Cost:
/// `n_trials` losses of subsets; memory O(subset_size²) beside the loss's.
class MaximumLoss final : public LimitedMiner {
 public:
  static void describe(Description<MaximumLoss>& is) {
    is.summary("of several random subsets of the batch, the tuples of the one with most loss");
    is.source("Musgrave, Belongie, Lim. PyTorch metric learning. arXiv 2020");
    is.cost("n_trials × the loss of subset_size examples");
    is.parameter(
        "loss", &MaximumLoss::loss,
        "what subsets are compared by; one without trained vectors or a memory of its own");
    is.parameter("miner", &MaximumLoss::miner,
                 "chooses among the tuples of a subset; null: all of them");
    is.parameter("subset_size", &MaximumLoss::subset_size,
                 "how many examples of the batch are kept")
        .at_least(2);
    is.parameter("n_trials", &MaximumLoss::n_trials, "how many subsets are drawn").at_least(1);
    describe_limit(is);
  }

  void prepare(const LossSetting& setting) override {
    loss->prepare(setting);
    if (!loss->parameters().empty() || !loss->buffers().empty())
      throw Error(
          "it has tensors of its own, which nothing would train here; take a loss over pairs or "
          "triplets")
          .in("loss");
    if (!miner) return;
    miner->prepare(setting);
    adopt("miner", *miner);
  }
  bool wants_snapshot(const Progress& progress) const override {
    return miner && miner->wants_snapshot(progress);
  }
  void see(const Snapshot& snapshot) override { miner->see(snapshot); }

  Tuples mine(const Batch& batch, Random& random) override {
    check_batch(batch);
    const std::int64_t n = batch.embeddings.size(0);
    Subset worst;
    if (n <= subset_size) {
      for (std::int64_t i = 0; i < n; ++i) worst.examples.push_back(i);
      worst.batch = batch;
      worst.tuples = tuples_of(batch, random);
    } else {
      for (std::int64_t trial = 0; trial < n_trials; ++trial) {
        Subset one;
        one.examples = random.sample(n, subset_size);
        one.batch = rows_of(batch, index_tensor(one.examples));
        one.tuples = tuples_of(one.batch, random);
        one.loss = loss->forward(one.batch, one.tuples).item<double>();
        if (trial == 0 || one.loss > worst.loss) worst = std::move(one);
      }
    }
    return in_batch(worst, random);
  }

 private:
  struct Subset {
    std::vector<std::int64_t> examples;  // by their places in the batch
    Batch batch;
    Tuples tuples;
    double loss = 0;
  };

  Tuples tuples_of(const Batch& batch, Random& random) const {
    return miner ? miner->mine(batch, random) : Tuples::all();
  }

  /// A subset's tuples, listed, by places in the whole batch.
  Tuples in_batch(const Subset& subset, Random& random) const {
    TupleList found(tuples_per_anchor, random);
    const bool within = !subset.batch.has_reference() && !subset.tuples.reference.defined();
    auto place = [&](std::int64_t i) { return subset.examples[static_cast<std::size_t>(i)]; };
    auto other = [&](std::int64_t i) { return within ? place(i) : i; };
    Batch seen = subset.batch;
    if (subset.tuples.reference.defined()) {
      seen.reference = subset.tuples.reference;
      seen.reference_labels = subset.tuples.reference_labels;
    }
    Tuples result;
    if (subset.tuples.form == Tuples::Form::triplets) {
      const AnchorTriplets triplets(seen, subset.tuples);
      for (std::int64_t i = 0; i < seen.embeddings.size(0); ++i)
        for (const auto& [p, q] : triplets.of(i)) found.add_triplet(place(i), other(p), other(q));
      result = found.triplets();
    } else {
      const AnchorPairs pairs(seen, subset.tuples);
      for (std::int64_t i = 0; i < pairs.n_anchors(); ++i) {
        for (const Index p : pairs.positives(i)) found.add_positive(place(i), other(p));
        for (const Index q : pairs.negatives(i)) found.add_negative(place(i), other(q));
      }
      result = found.pairs();
    }
    result.reference = subset.tuples.reference;
    result.reference_labels = subset.tuples.reference_labels;
    return result;
  }

  Plugin<Loss> loss = "triplet";
  Plugin<Miner> miner;
  std::int64_t subset_size = 32;
  std::int64_t n_trials = 5;
};

METRICLAB_PLUGIN(MaximumLoss, "maximum_loss");

}  // namespace
