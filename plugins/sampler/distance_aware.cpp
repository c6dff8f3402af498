// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/deep/class_members.hpp>
#include <metriclab/deep/sampler.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Batches that cover the embedding space, chosen anew when an epoch begins, by greedy k-center:
///
///     s_1 at random,    s_{j+1} = argmax over candidates c of min_{i ≤ j} ‖x_c − x_{s_i}‖
///
/// For each batch the candidates are one random example of each of `candidates` random classes (of
/// all, where there are fewer), so that the `classes` examples chosen are of different classes;
/// each then brings `per_class` − 1 further examples of its class, different ones as far as there
/// are so many. A batch stands class by class. Euclidean distances; of several as far, the first
/// candidate. Fewer classes than wanted is an Error. Cost: O(batches · classes · candidates · d)
/// time and O(n) memory an epoch. Differs from the paper: it chooses what to label, here batches
/// are chosen.
class DistanceAware final : public Sampler {
 public:
  static void describe(Description<DistanceAware>& is) {
    is.summary("batches of examples far from one another in the embedding space");
    is.source(
        "Sener, Savarese. Active learning for convolutional neural networks: a core-set approach. "
        "ICLR 2018 (Algorithm 1: greedy k-center)");
    is.source(
        "Roth, Milbich, Sinha, Gupta, Ommer, Cohen. Revisiting training strategies and "
        "generalization performance in deep metric learning. ICML 2020 (batches made by it)");
    is.cost("O(batches · classes · candidates · d) time and O(n) memory an epoch");
    is.parameter("classes", &DistanceAware::classes, "how many classes a batch has").at_least(1);
    is.parameter("per_class", &DistanceAware::per_class, "how many examples of each of them")
        .at_least(1);
    is.parameter("candidates", &DistanceAware::candidates,
                 "among how many classes those of a batch are chosen")
        .at_least(1);
    is.parameter("normalize_embeddings", &DistanceAware::normalize_embeddings,
                 "embeddings are brought to length 1 before they are compared");
    is.parameter(
          "batches", &DistanceAware::batches,
          "batches in an epoch; null: so many that it shows about as many examples as there are")
        .at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    members_ = members_of_classes(setting.labels);
    std::erase_if(members_, [](const auto& members) { return members.empty(); });
    const auto there = static_cast<std::int64_t>(members_.size());
    if (there < classes)
      throw Error(
          fmt::format("{} classes in a batch, and the training part has {}; give at most as many",
                      classes, there))
          .in("classes");
    if (candidates < classes)
      throw Error(fmt::format("{} classes are to be chosen among {}; give at least as many",
                              classes, candidates))
          .in("candidates");
    if (classes * per_class < 2)
      throw Error("a batch of 1 class with 1 example; it needs at least 2 examples")
          .in("per_class");
    n_batches_ = batches.value_or(
        batches_for(static_cast<std::int64_t>(setting.labels.size()), classes * per_class));
  }

  bool needs_embeddings() const override { return true; }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples& embedded) const override {
    const std::vector<float> x = compared(embedded);
    std::vector<SampledBatch> result(static_cast<std::size_t>(n_batches_));
    for (SampledBatch& batch : result)
      for (const Candidate& chosen : far_apart(x.data(), embedded.d, random))
        add_class(chosen, random, batch.examples);
    return result;
  }

 private:
  struct Candidate {
    std::int64_t of_class = 0, example = 0;
  };

  std::vector<float> compared(const EmbeddedExamples& embedded) const {
    std::vector<float> x(embedded.values, embedded.values + embedded.n * embedded.d);
    if (!normalize_embeddings) return x;
    for (auto row = x.begin(); row != x.end(); row += embedded.d) {
      double square = 0;
      for (std::int64_t k = 0; k < embedded.d; ++k) square += double{row[k]} * double{row[k]};
      for (std::int64_t k = 0; k < embedded.d && square > 0; ++k)
        row[k] = static_cast<float>(row[k] / std::sqrt(square));
    }
    return x;
  }

  std::vector<Candidate> far_apart(const float* x, std::int64_t d, Random& random) const {
    const auto n_classes = static_cast<std::int64_t>(members_.size());
    std::vector<Candidate> all;
    for (const std::int64_t c : random.sample(n_classes, std::min(candidates, n_classes))) {
      const auto& members = members_[static_cast<std::size_t>(c)];
      all.push_back({c, members[static_cast<std::size_t>(
                            random.below(static_cast<std::int64_t>(members.size())))]});
    }
    // Candidates come in random order: the first one is the first choice.
    std::vector<float> nearest(all.size(), std::numeric_limits<float>::infinity());
    std::vector<Candidate> chosen;
    std::size_t next = 0;
    while (true) {
      chosen.push_back(all[next]);
      if (static_cast<std::int64_t>(chosen.size()) == classes) return chosen;
      nearest[next] = -1;
      const float* y = x + all[next].example * d;
      for (std::size_t c = 0; c < all.size(); ++c) {
        if (nearest[c] < 0) continue;
        const float* z = x + all[c].example * d;
        float square = 0;
        for (std::int64_t k = 0; k < d; ++k) square += (z[k] - y[k]) * (z[k] - y[k]);
        nearest[c] = std::min(nearest[c], square);
      }
      next = static_cast<std::size_t>(std::max_element(nearest.begin(), nearest.end()) -
                                      nearest.begin());
    }
  }

  /// The example and others of its class.
  void add_class(const Candidate& chosen, Random& random, std::vector<std::int64_t>& to) const {
    std::vector<std::int64_t> others = members_[static_cast<std::size_t>(chosen.of_class)];
    to.push_back(chosen.example);
    if (others.size() > 1) std::erase(others, chosen.example);
    random.shuffle(others);
    for (std::int64_t k = 0; k + 1 < per_class; ++k)
      to.push_back(others[static_cast<std::size_t>(k) % others.size()]);
  }

  std::vector<std::vector<std::int64_t>> members_;  // of the classes that have any
  std::int64_t n_batches_ = 0;

  std::int64_t classes = 8;
  std::int64_t per_class = 4;
  std::int64_t candidates = 256;
  bool normalize_embeddings = true;
  std::optional<std::int64_t> batches;
};

METRICLAB_PLUGIN(DistanceAware, "distance_aware");

}  // namespace
