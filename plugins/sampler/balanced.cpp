// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/sampled_views.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Items dealt in shuffled order, and shuffled anew when all have been dealt.
class Deck {
 public:
  Deck(std::vector<std::int64_t> items, Random random)
      : items_(std::move(items)), random_(random), next_(items_.size()) {}

  /// Adds `count` items to `to`. None of them twice, where there are so many; otherwise each
  /// ⌊count / size⌋ or ⌈count / size⌉ times.
  void deal(std::int64_t count, std::vector<std::int64_t>& to) {
    const auto size = static_cast<std::int64_t>(items_.size());
    for (; count > size; count -= size) deal_different(size, to);
    deal_different(count, to);
  }

 private:
  using Difference = std::vector<std::int64_t>::difference_type;

  void deal_different(std::int64_t count, std::vector<std::int64_t>& to) {
    const auto first = static_cast<Difference>(to.size());
    for (; count > 0 && next_ < items_.size(); --count) to.push_back(items_[next_++]);
    if (count == 0) return;
    // Those of the old round that are here already have their turn at the end of the new one.
    random_.shuffle(items_);
    std::stable_partition(items_.begin(), items_.end(), [&](std::int64_t item) {
      return std::find(to.begin() + first, to.end(), item) == to.end();
    });
    for (next_ = 0; count > 0; --count) to.push_back(items_[next_++]);
  }

  std::vector<std::int64_t> items_;
  Random random_;
  std::size_t next_;
};

/// Batches of P classes with K examples each, in this order: K of one class, K of the next.
///
/// Classes come from a shuffled list of all, which is walked through and shuffled anew at its end,
/// so that over an epoch their numbers of batches differ by at most one; each class's examples come
/// from a shuffled list of their own in the same way. The classes of a batch are different, and so
/// are the examples of a class in a batch; only a class with fewer than K examples repeats them, as
/// evenly as possible. With `views` each of the P·K stands in the batch so often, one after the
/// other. Classes without examples are never drawn. Fewer classes than P is an Error.
/// Cost: O(n + batches·P·K) time and O(n) memory an epoch.
/// Differs from the paper: it draws classes and examples anew for each batch.
class Balanced final : public Sampler {
 public:
  static void describe(Description<Balanced>& is) {
    is.summary("batches of so many classes with so many examples of each");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (section 2: P × K)");
    is.cost("O(n + examples shown) time and O(n) memory an epoch");
    is.parameter("classes", &Balanced::classes, "P: how many classes a batch has").at_least(1);
    is.parameter("per_class", &Balanced::per_class, "K: how many examples of each of them")
        .at_least(1);
    is.parameter(
          "batches", &Balanced::batches,
          "batches in an epoch; null: so many that it shows about as many examples as there are")
        .at_least(1);
    is.parameter("views", &Balanced::views,
                 "how often each example stands in its batch, transformed anew each time")
        .at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    const std::vector<std::int64_t>& labels = setting.labels;
    members_.clear();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto label = static_cast<std::size_t>(labels[i]);
      if (label >= members_.size()) members_.resize(label + 1);
      members_[label].push_back(static_cast<std::int64_t>(i));
    }
    std::erase_if(members_, [](const auto& members) { return members.empty(); });
    const auto there = static_cast<std::int64_t>(members_.size());
    if (there < classes)
      throw Error(
          fmt::format("{} classes in a batch, and the training part has {}; give at most as many",
                      classes, there))
          .in("classes");
    if (classes * per_class * views < 2)
      throw Error("a batch of 1 class with 1 example; it needs at least 2 examples")
          .in("per_class");
    const std::int64_t shown = classes * per_class, n = static_cast<std::int64_t>(labels.size());
    n_batches_ = batches.value_or(std::max<std::int64_t>(1, (n + shown / 2) / shown));
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    std::vector<std::int64_t> all(members_.size());
    std::vector<Deck> decks;
    const Random examples = random.child("examples");
    for (std::size_t c = 0; c < members_.size(); ++c) {
      all[c] = static_cast<std::int64_t>(c);
      decks.emplace_back(members_[c], examples.child(static_cast<std::uint64_t>(c)));
    }
    Deck class_deck(std::move(all), random.child("classes"));
    std::vector<SampledBatch> result(static_cast<std::size_t>(n_batches_));
    for (SampledBatch& batch : result) {
      std::vector<std::int64_t> drawn;
      class_deck.deal(classes, drawn);
      for (std::int64_t c : drawn)
        decks[static_cast<std::size_t>(c)].deal(per_class, batch.examples);
      batch.examples = with_views(batch.examples, views);
    }
    return result;
  }

 private:
  std::vector<std::vector<std::int64_t>> members_;  // of the classes that have any
  std::int64_t n_batches_ = 0;

  std::int64_t classes = 8;
  std::int64_t per_class = 4;
  std::optional<std::int64_t> batches;
  std::int64_t views = 1;
};

METRICLAB_PLUGIN(Balanced, "balanced");

}  // namespace
