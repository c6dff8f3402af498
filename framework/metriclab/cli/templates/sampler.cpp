#include <algorithm>
#include <metriclab/deep/sampler.hpp>

namespace {

using namespace metriclab;

/// Batches of couples: two examples of one class each, so that every example has a positive.
///
/// Each class is shuffled and cut into couples, an odd one out sitting this epoch out; the couples
/// of all classes are shuffled and laid `couples` to a batch, what is left over making a smaller
/// one. So no example comes twice in an epoch. No class with two examples is an Error. Cost: O(n)
/// time and memory an epoch.
class MySampler final : public Sampler {
 public:
  static void describe(Description<MySampler>& is) {
    is.summary("batches of couples, two examples of one class each");
    is.source("yours: authors, title, venue, year; the section");
    is.cost("O(n) time and memory an epoch");
    is.parameter("couples", &MySampler::couples, "how many couples a batch has").at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    const std::vector<std::int64_t>& labels = setting.labels;
    members_.clear();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto label = static_cast<std::size_t>(labels[i]);
      if (label >= members_.size()) members_.resize(label + 1);
      members_[label].push_back(static_cast<std::int64_t>(i));
    }
    std::erase_if(members_, [](const auto& members) { return members.size() < 2; });
    if (members_.empty())
      throw Error(
          "a couple is two examples of one class, and no class of the training part has two");
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (std::vector<std::int64_t> members : members_) {
      random.shuffle(members);
      for (std::size_t i = 1; i < members.size(); i += 2)
        all.emplace_back(members[i - 1], members[i]);
    }
    random.shuffle(all);
    std::vector<SampledBatch> batches;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i % static_cast<std::size_t>(couples) == 0) batches.emplace_back();
      batches.back().examples.push_back(all[i].first);
      batches.back().examples.push_back(all[i].second);
    }
    return batches;
  }

 private:
  std::vector<std::vector<std::int64_t>> members_;  // of the classes with two examples or more

  std::int64_t couples = 16;
};

METRICLAB_PLUGIN(MySampler, "my_sampler");

}  // namespace
