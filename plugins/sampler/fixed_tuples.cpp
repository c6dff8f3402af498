// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/class_members.hpp>
#include <metriclab/deep/sampler.hpp>
#include <unordered_map>

namespace {

using namespace metriclab;

/// Batches made of a fixed set of tuples: those that the data set states, or such as are drawn
/// once, before training, from the labels.
///
/// An epoch is a random permutation of the tuples, cut into batches of `batch_size`; the last one
/// may be smaller. A batch holds each example of its tuples once, and the loss looks at the tuples
/// alone. Where the data set states both pairs and triplets, a batch is made of one sort. Drawn
/// from the labels: `count` triplets with an anchor uniform among the examples that have a
/// positive, a positive uniform among the others of its class and a negative uniform among the
/// examples of other classes; or as many pairs, every other one positive, drawn likewise. They are
/// drawn independently, and depend on `seed` alone. Cost: O(tuples) time and memory an epoch.
class FixedTuples final : public Sampler {
 public:
  static void describe(Description<FixedTuples>& is) {
    is.summary("batches of given pairs or triplets: the data set's, or drawn once from the labels");
    is.source(
        "Xing, Ng, Jordan, Russell. Distance metric learning, with application to clustering "
        "with side-information. NIPS 2002 (pairs given)");
    is.source(
        "Schultz, Joachims. Learning a distance metric from relative comparisons. NIPS 2003 "
        "(triplets given)");
    is.cost("O(tuples) time and memory an epoch");
    is.parameter("batch_size", &FixedTuples::batch_size, "tuples in a batch").at_least(1);
    is.parameter("from", &FixedTuples::from,
                 "the tuples that the data set states, or triplets or pairs drawn from its labels")
        .one_of({"data", "triplets", "pairs"});
    is.parameter("count", &FixedTuples::count, "how many are drawn from the labels")
        .at_least(1)
        .unused_when("from", "data");
    is.parameter("seed", &FixedTuples::seed, "what those drawn depend on")
        .unused_when("from", "data");
  }

  bool gives_tuples() const override { return from == "data"; }

  void prepare(const SamplingSetting& setting) override {
    positive_pairs_.clear();
    negative_pairs_.clear();
    triplets_.clear();
    if (from != "data") {
      draw(setting.labels);
      return;
    }
    positive_pairs_ = setting.positive_pairs;
    negative_pairs_ = setting.negative_pairs;
    triplets_ = setting.triplets;
    if (positive_pairs_.empty() && negative_pairs_.empty() && triplets_.empty())
      throw Error(
          "the data set states no pairs and no triplets; take \"triplets\" or \"pairs\", drawn "
          "from its labels")
          .in("from");
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    std::vector<SampledBatch> batches;
    const auto n_positive = static_cast<std::int64_t>(positive_pairs_.size()),
               n_pairs = n_positive + static_cast<std::int64_t>(negative_pairs_.size());
    add_batches(random.permutation(n_pairs), batches, [&](std::int64_t k, Batch& to) {
      const bool is_positive = k < n_positive;
      const auto& pair = is_positive ? positive_pairs_[static_cast<std::size_t>(k)]
                                     : negative_pairs_[static_cast<std::size_t>(k - n_positive)];
      (is_positive ? to.batch.positive_pairs : to.batch.negative_pairs)
          .push_back({to.place(pair[0]), to.place(pair[1])});
    });
    add_batches(random.permutation(static_cast<std::int64_t>(triplets_.size())), batches,
                [&](std::int64_t k, Batch& to) {
                  const auto& [a, p, n] = triplets_[static_cast<std::size_t>(k)];
                  // One after another, so that places don't depend on the compiler.
                  const std::int64_t anchor = to.place(a), positive = to.place(p);
                  to.batch.triplets.push_back({anchor, positive, to.place(n)});
                });
    random.shuffle(batches);
    return batches;
  }

 private:
  /// A batch in the making.
  struct Batch {
    SampledBatch batch;
    std::unordered_map<std::int64_t, std::int64_t> places;

    std::int64_t place(std::int64_t example) {
      const auto [at, is_new] =
          places.try_emplace(example, static_cast<std::int64_t>(batch.examples.size()));
      if (is_new) batch.examples.push_back(example);
      return at->second;
    }
  };

  template <class Add>
  void add_batches(const std::vector<std::int64_t>& order, std::vector<SampledBatch>& batches,
                   Add add) const {
    const auto n = static_cast<std::int64_t>(order.size());
    for (std::int64_t first = 0; first < n; first += batch_size) {
      Batch batch;
      for (std::int64_t k = first; k < std::min(first + batch_size, n); ++k)
        add(order[static_cast<std::size_t>(k)], batch);
      batches.push_back(std::move(batch.batch));
    }
  }

  void draw(const std::vector<std::int64_t>& labels) {
    const auto members = members_of_classes(labels);
    const auto n = static_cast<std::int64_t>(labels.size());
    std::vector<std::int64_t> anchors;
    for (const auto& of : members)
      if (of.size() > 1) anchors.insert(anchors.end(), of.begin(), of.end());
    const auto n_classes =
        std::count_if(members.begin(), members.end(), [](const auto& of) { return !of.empty(); });
    if (anchors.empty() || n_classes < 2)
      throw Error(fmt::format("{} class{} and {} examples with another of their class; tuples "
                              "need 2 classes, and 2 examples of one",
                              n_classes, n_classes == 1 ? "" : "es", anchors.size()))
          .in("from");
    Random random(static_cast<std::uint64_t>(seed), "fixed_tuples");
    auto one_of = [&](const std::vector<std::int64_t>& of) {
      return of[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(of.size())))];
    };
    auto label = [&](std::int64_t i) { return labels[static_cast<std::size_t>(i)]; };
    auto positive_of = [&](std::int64_t anchor) {
      for (;;)
        if (const std::int64_t i = one_of(members[static_cast<std::size_t>(label(anchor))]);
            i != anchor)
          return i;
    };
    auto negative_of = [&](std::int64_t anchor) {
      for (;;)
        if (const std::int64_t i = random.below(n); label(i) != label(anchor)) return i;
    };
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t anchor = one_of(anchors);
      if (from == "triplets") {
        const std::int64_t positive = positive_of(anchor);
        triplets_.push_back({anchor, positive, negative_of(anchor)});
      } else if (k % 2 == 0) {
        positive_pairs_.push_back({anchor, positive_of(anchor)});
      } else {
        negative_pairs_.push_back({anchor, negative_of(anchor)});
      }
    }
  }

  std::vector<std::array<std::int64_t, 2>> positive_pairs_, negative_pairs_;
  std::vector<std::array<std::int64_t, 3>> triplets_;

  std::int64_t batch_size = 64;
  std::string from = "data";
  std::int64_t count = 10000;
  std::int64_t seed = 0;
};

METRICLAB_PLUGIN(FixedTuples, "fixed_tuples");

}  // namespace
