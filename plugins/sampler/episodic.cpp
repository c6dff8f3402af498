// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/sampler.hpp>

namespace {

using namespace metriclab;

/// Few-shot episodes: each batch has N ways with K shots and Q queries of each.
///
/// The ways of an episode are different classes, drawn anew for each among those with K + Q
/// examples or more, and so are the examples of a way; shots come before queries, the ways one
/// after the other. Fewer such classes than N is an Error. Cost: O(C + N (K + Q + class size)) time
/// an episode.
class Episodic final : public Sampler {
 public:
  static void describe(Description<Episodic>& is) {
    is.summary("few-shot episodes: so many ways with so many shots and queries of each");
    is.source(
        "Vinyals, Blundell, Lillicrap, Kavukcuoglu, Wierstra. Matching networks for one shot "
        "learning. NIPS 2016 (section 2.2)");
    is.cost("O(C + ways × class size) time an episode");
    is.parameter("ways", &Episodic::ways, "N: the classes of an episode").at_least(2);
    is.parameter("shots", &Episodic::shots, "K: support examples of each").at_least(1);
    is.parameter("queries", &Episodic::queries, "Q: query examples of each").at_least(1);
    is.parameter("episodes", &Episodic::episodes, "episodes in an epoch").at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    members_.clear();
    for (std::size_t i = 0; i < setting.labels.size(); ++i) {
      const auto label = static_cast<std::size_t>(setting.labels[i]);
      if (label >= members_.size()) members_.resize(label + 1);
      members_[label].push_back(static_cast<std::int64_t>(i));
    }
    std::erase_if(members_, [&](const auto& members) {
      return static_cast<std::int64_t>(members.size()) < shots + queries;
    });
    if (static_cast<std::int64_t>(members_.size()) < ways)
      throw Error(fmt::format("{} ways, and the training part has {} classes with {} shots and {} "
                              "queries; give fewer of one or the other",
                              ways, members_.size(), shots, queries))
          .in("ways");
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    std::vector<SampledBatch> result(static_cast<std::size_t>(episodes));
    for (SampledBatch& batch : result)
      for (const std::int64_t c : random.sample(static_cast<std::int64_t>(members_.size()), ways)) {
        const auto& members = members_[static_cast<std::size_t>(c)];
        for (const std::int64_t k :
             random.sample(static_cast<std::int64_t>(members.size()), shots + queries))
          batch.examples.push_back(members[static_cast<std::size_t>(k)]);
      }
    return result;
  }

 private:
  std::vector<std::vector<std::int64_t>> members_;  // of the classes that are large enough

  std::int64_t ways = 5;
  std::int64_t shots = 1;
  std::int64_t queries = 5;
  std::int64_t episodes = 100;
};

METRICLAB_PLUGIN(Episodic, "episodic");

}  // namespace
