// SPDX-License-Identifier: BSD-3-Clause
#include <map>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>
#include <metriclab/evaluation/voting.hpp>

namespace {

using namespace metriclab;

/// k-nearest-neighbour classification of the test part by the training part; where that is empty,
/// of each test example by all others: accuracy, balanced_accuracy, macro_f1 (their definitions:
/// evaluation/classification.hpp).
///
/// The label is the one with the most votes among the n_neighbors nearest (ties in distance: the
/// smaller index), the smallest such label:
///
///     argmax over c of  Σ over neighbours j of class c of w(j)
///
/// `weights`: "uniform", w = 1; "distance", w(j) = 1 / d(x, x_j), d the embeddings' distance by its
/// name, so that under squared_euclidean the square counts. Where neighbours are at distance 0 only
/// these vote, one vote each. Under dot and bilinear, whose distances may be negative, "distance"
/// has no value.
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
    is.source(
        "Dudani. The distance-weighted k-nearest-neighbor rule. IEEE Transactions on Systems, Man, "
        "and Cybernetics 1976");
    is.cost("O(n_test · n_train · d) time as a matrix product, O(n_test · n_neighbors) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_neighbors", &Knn::n_neighbors, "how many neighbours vote").at_least(1);
    describe_weights(is, &Knn::weights);
  }

  bool compares(Distance) const override { return true; }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (input.test.embeddings.rows() == 0) return unclassified("the test part is empty");
    require_voters(input, n_neighbors, "knn");
    const Embedded& voters = voters_of(input);
    if (const auto reason = unclassifiable(input.test, voters)) return unclassified(*reason);
    if (const auto reason = unweighable(weights, input.distance)) return unclassified(*reason);

    const Neighbors<float> found = nearest_voters(input, n_neighbors);
    std::vector<std::int32_t> predicted;
    for (std::int64_t i = 0; i < input.test.embeddings.rows(); ++i) {
      const std::vector<double> counts = vote_weights(found, i, weights);
      std::map<std::int32_t, double> votes;
      for (std::int64_t rank = 0; rank < n_neighbors; ++rank)
        votes[voters.labels()[static_cast<std::size_t>(found.indices(i, rank))]] +=
            counts[static_cast<std::size_t>(rank)];
      std::int32_t label = votes.begin()->first;
      for (const auto& [other, sum] : votes)
        if (sum > votes[label]) label = other;
      predicted.push_back(label);
    }
    return classification_metrics(input.test.labels(), predicted);
  }

 private:
  std::int64_t n_neighbors = 3;
  std::string weights = "uniform";
};

METRICLAB_PLUGIN(Knn, "knn");

}  // namespace
