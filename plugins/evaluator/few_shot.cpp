// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/prototypes.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace {

using namespace metriclab;

/// Few-shot classification: in each episode, queries get a label from a small support set.
///
/// `classifier`: "nearest", the label of the nearest support example (ties: the one that comes
/// first); "knn", the label with the most votes among the n_neighbors nearest support examples
/// (ties: of these labels the one whose example is nearest, so that with one shot it is "nearest");
/// "prototype", the way whose mean of support embeddings is nearest (ties: the smallest). Nearness
/// is the model's distance; under poincare the mean is the Einstein midpoint
/// (evaluation/prototypes.hpp).
///
///     accuracy           mean over episodes of a, the part
///                        of an episode's queries that get
///                        their label
///
///     accuracy_interval  1.96·s/√n, half the width of the
///                        95 % interval; s: deviation of a
///                        over n episodes (by n − 1)
///
///     error              1 − accuracy
///
/// No episodes: NaN. One episode: accuracy_interval is NaN. Throws Error where an episode has fewer
/// than n_neighbors support examples. Cost O(episodes · queries · supports · d).
/// Differs from the paper: there a prototype's distance is always the squared Euclidean one.
class FewShot final : public Evaluator {
 public:
  static void describe(Description<FewShot>& is) {
    is.summary("few-shot episodes: accuracy with its 95 % interval");
    is.source(
        "Vinyals, Blundell, Lillicrap, Kavukcuoglu, Wierstra. Matching networks for one shot "
        "learning. NIPS 2016");
    is.source("Snell, Swersky, Zemel. Prototypical networks for few-shot learning. NIPS 2017");
    is.cost("O(episodes · queries · supports · d) time");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter(
          "classifier", &FewShot::classifier,
          "by the nearest support example, the votes of several, or the nearest mean of a way")
        .one_of({"nearest", "knn", "prototype"});
    is.parameter("n_neighbors", &FewShot::n_neighbors, "how many support examples vote")
        .at_least(1)
        .unused_when("classifier", Value::List{"nearest", "prototype"});
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (input.episodes.empty()) {
      const std::string reason =
          "the split has no episodes; add \"episodes\" to the data set's \"split\"";
      return {undefined("accuracy", reason), undefined("accuracy_interval", reason, Better::lower),
              undefined("error", reason, Better::lower)};
    }
    const auto n = static_cast<double>(input.episodes.size());
    std::vector<double> accuracies;
    double mean = 0;
    for (const Episode& episode : input.episodes) {
      accuracies.push_back(accuracy(input, episode));
      mean += accuracies.back() / n;
    }
    double squares = 0;
    for (double value : accuracies) squares += (value - mean) * (value - mean);
    Metric interval =
        undefined("accuracy_interval", "a single episode has no deviation", Better::lower);
    if (n > 1)
      interval = {.name = "accuracy_interval",
                  .value = 1.96 * std::sqrt(squares / (n - 1) / n),
                  .better = Better::lower,
                  .reason = {}};
    return {{.name = "accuracy", .value = mean, .reason = {}},
            std::move(interval),
            {.name = "error", .value = 1 - mean, .better = Better::lower, .reason = {}}};
  }

 private:
  static Matrix rows(const MatrixF& embeddings, const Indices& indices) {
    Matrix result(static_cast<std::int64_t>(indices.size()), embeddings.cols());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      METRICLAB_CHECK(indices[i] >= 0 && indices[i] < embeddings.rows(),
                      "an episode beyond the test part");
      result.row(static_cast<std::int64_t>(i)) = embeddings.row(indices[i]).cast<double>();
    }
    return result;
  }

  double accuracy(const Evaluation& input, const Episode& episode) const {
    METRICLAB_CHECK(!episode.support.empty() && !episode.query.empty(),
                    "an episode without support or queries");
    const Matrix query = rows(input.test.embeddings, episode.query);
    Matrix support = rows(input.test.embeddings, episode.support);
    std::vector<std::int32_t> labels = episode.support_labels;
    if (classifier == "prototype") {
      const auto ways = members_by_class(labels);
      Matrix means = Matrix::Zero(static_cast<std::int64_t>(ways.size()), support.cols());
      labels.clear();
      for (const auto& [way, members] : ways) {
        const auto at = static_cast<std::int64_t>(labels.size());
        means.row(at) = mean_of(support(members, Eigen::all), input.distance);
        labels.push_back(way);
      }
      support = std::move(means);
    }
    const std::size_t k = classifier == "knn" ? static_cast<std::size_t>(n_neighbors) : 1;
    if (labels.size() < k)
      throw Error(
          fmt::format("few_shot: n_neighbors = {} asks for at least {} support examples, and an "
                      "episode has {}; "
                      "lower n_neighbors, or draw episodes of more shots",
                      k, k, labels.size()));
    const Measure<double> measure(query, support, input.distance);
    double right = 0;
    for (std::int64_t i = 0; i < query.rows(); ++i) {
      std::vector<std::pair<double, std::size_t>> near;
      for (std::int64_t j = 0; j < support.rows(); ++j)
        near.emplace_back(measure(i, j), static_cast<std::size_t>(j));
      std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(k), near.end());
      near.resize(k);
      if (voted(near, labels) == episode.query_labels[static_cast<std::size_t>(i)]) ++right;
    }
    return right / static_cast<double>(query.rows());
  }

  /// `near`: distances and places of those that vote, the nearest first.
  static std::int32_t voted(const std::vector<std::pair<double, std::size_t>>& near,
                            const std::vector<std::int32_t>& labels) {
    std::map<std::int32_t, std::size_t> votes;
    for (const auto& [distance, place] : near) ++votes[labels[place]];
    std::int32_t label = labels[near.front().second];
    for (const auto& [distance, place] : near)
      if (votes[labels[place]] > votes[label]) label = labels[place];
    return label;
  }

  std::string classifier = "nearest";
  std::int64_t n_neighbors = 3;
};

METRICLAB_PLUGIN(FewShot, "few_shot");

}  // namespace
