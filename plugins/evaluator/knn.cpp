// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <map>
#include <metriclab/evaluation/by_class.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/neighbors/search.hpp>

namespace {

using namespace metriclab;

/// k-nearest-neighbour classification of the test part by the training part; where that is empty,
/// of each test example by all others.
///
/// The label is the one that most of the n_neighbors nearest have (ties in distance: the smaller
/// index); equally many votes: the smallest label.
///
///     accuracy           the part of the test examples that get their own label
///     balanced_accuracy  the mean over the test part's classes of the part of the class that does
///     macro_f1           the mean of F1 = 2·tp / (2·tp + fp + fn) over the classes that are there
///     or are predicted
///
/// An empty test part, or one that shares no class with the training part: NaN. Throws Error where
/// there are fewer than n_neighbors examples to vote. Cost: one search.
class Knn final : public Evaluator {
 public:
  static void describe(Description<Knn>& is) {
    is.summary("k-nearest-neighbour classification: accuracy, balanced accuracy, macro F1");
    is.source(
        "Cover, Hart. Nearest neighbor pattern classification. IEEE Transactions on Information "
        "Theory 1967");
    is.cost("O(n_test · n_train · d) time as a matrix product, O(n_test · n_neighbors) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_neighbors", &Knn::n_neighbors, "how many neighbours vote").at_least(1);
  }

  bool compares(Distance) const override { return true; }
  std::vector<Metric> evaluate(const Evaluation& input) const override {
    require_finite(input);
    const std::int64_t n = input.test.embeddings.rows();
    if (n == 0) return all_undefined("the test part is empty");
    const bool leave_one_out = input.train.embeddings.rows() == 0;
    const Embedded& voters = leave_one_out ? input.test : input.train;
    const std::int64_t least = n_neighbors + (leave_one_out ? 1 : 0);
    if (voters.embeddings.rows() < least)
      throw Error(fmt::format(
          "knn: n_neighbors = {} asks for at least {} examples in the {} part, which has {}; lower "
          "n_neighbors",
          n_neighbors, least, leave_one_out ? "test" : "training", voters.embeddings.rows()));
    const std::vector<std::int32_t>& truth = input.test.labels();
    const std::vector<std::int32_t>& votes = voters.labels();
    const auto trained = members_by_class(votes), tested = members_by_class(truth);
    bool shared = false;
    for (const auto& entry : tested) shared = shared || trained.contains(entry.first);
    if (!shared) return all_undefined("the training part has none of the test part's classes");

    const auto found =
        input.distance == Distance::by_class ? nearest_by_class(input.test, voters, n_neighbors)
        : leave_one_out ? nearest_neighbors(input.test.embeddings, n_neighbors, input.distance)
                        : nearest_neighbors(input.test.embeddings, voters.embeddings, n_neighbors,
                                            input.distance);
    struct Counts {
      double there = 0, predicted = 0, right = 0;
    };
    std::map<std::int32_t, Counts> classes;
    double right = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      std::map<std::int32_t, int> count;
      for (std::int64_t r = 0; r < n_neighbors; ++r)
        ++count[votes[static_cast<std::size_t>(found.indices(i, r))]];
      std::int32_t predicted = count.begin()->first;
      for (const auto& [label, times] : count)
        if (times > count[predicted]) predicted = label;
      const std::int32_t label = truth[static_cast<std::size_t>(i)];
      ++classes[label].there;
      ++classes[predicted].predicted;
      if (predicted != label) continue;
      ++classes[label].right;
      ++right;
    }
    double recalls = 0, f1 = 0;
    for (const auto& [label, is] : classes) {
      if (is.there > 0) recalls += is.right / is.there;
      f1 += 2 * is.right / (is.there + is.predicted);
    }
    return {{.name = "accuracy", .value = right / static_cast<double>(n), .reason = {}},
            {.name = "balanced_accuracy",
             .value = recalls / static_cast<double>(tested.size()),
             .reason = {}},
            {.name = "macro_f1", .value = f1 / static_cast<double>(classes.size()), .reason = {}}};
  }

 private:
  static std::vector<Metric> all_undefined(const std::string& reason) {
    return {undefined("accuracy", reason), undefined("balanced_accuracy", reason),
            undefined("macro_f1", reason)};
  }

  std::int64_t n_neighbors = 3;
};

METRICLAB_PLUGIN(Knn, "knn");

}  // namespace
